"""What is merged: the word of the forge, else of git; never that of whoever built it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from bot.context_ports import Forge, ForgeUnavailable, Runtime, RuntimeUnavailable
from bot.domain.project import ForgeKind, Project

_AT_ONCE = 8


class Merges:
    def __init__(self, forges: Mapping[ForgeKind, Forge], runtime: Runtime) -> None:
        self._forges = forges
        self._runtime = runtime

    async def merged_at(self, project: Project, sha: str) -> float | None:
        """When the commit was made, if it is on the project's default branch now. Raises ForgeUnavailable."""
        if forge := self._forges.get(project.forge):
            return await forge.merged_at(project, sha)
        try:
            return await self._runtime.merged_at(project, sha)
        except RuntimeUnavailable as error:
            raise ForgeUnavailable(str(error)) from error

    async def of_all(self, project: Project, commits: Iterable[str]) -> Mapping[str, float | None]:
        """The same of several. Raises ForgeUnavailable."""
        gate, asked = asyncio.Semaphore(_AT_ONCE), list(dict.fromkeys(commits))

        async def one(sha: str) -> float | None:
            async with gate:
                return await self.merged_at(project, sha)

        return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))
