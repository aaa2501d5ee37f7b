"""What happens to a project's default branch happens to its artifacts: what is on it now is merged, by the forge's word."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bot.continuous import follow_main
from bot.domain.catalogue import Catalogue
from bot.domain.message import BranchDeleted, Pushed, RequestClosed, RequestMoved
from bot.domain.project import Project
from bot.merges import Merges
from bot.store.store import Store

log = structlog.get_logger()

_ASKED_FOR_S = 30 * 86_400.0
"""What was not merged within so long is asked about only when somebody wants to deploy it."""


class Mains:
    """Events only say 'look there': asked again, the answer is the same."""

    def __init__(self, store: Store, merges: Merges, projects: Mapping[str, Project], catalogue: Catalogue) -> None:
        self._store = store
        self._merges = merges
        self._projects = projects
        self._catalogue = catalogue
        self._heads: dict[str, str | None] = {}

    async def happened(self, event: Pushed | BranchDeleted | RequestClosed | RequestMoved) -> None:
        """Raises ForgeUnavailable."""
        project = self._projects.get(event.project)
        if project is None:
            return
        is_main = isinstance(event, Pushed) and event.ref == f"refs/heads/{project.default_branch}"
        if is_main or (isinstance(event, RequestClosed) and event.is_merged):
            await self.moved(project)

    async def waits(self, project: Project) -> bool:
        """Whether anything may be merged by the next commit on the default branch."""
        async with self._store.look() as look:
            return bool(await look.artifacts.unmerged(project.key, look.now - _ASKED_FOR_S, limit=1))

    async def is_at(self, project: Project, head: str | None) -> None:
        """Its default branch was seen there, which is news when it was elsewhere before. Raises ForgeUnavailable."""
        if self._heads.get(project.key) != head:
            await self.moved(project)
            self._heads[project.key] = head

    async def moved(self, project: Project) -> None:
        async with self._store.look() as look:
            waiting = await look.artifacts.unmerged(project.key, look.now - _ASKED_FOR_S)
        said = await self._merges.of_all(project, (each.commit for each in waiting))
        if not said:
            return
        async with self._store.transaction() as transaction:
            merged: set[str] = set()
            for commit, merged_at in said.items():
                for each in await transaction.artifacts.merge_said(project.key, commit, merged_at, transaction.now):
                    if each.is_merged:
                        log.info("artifact_merged", service=each.service, number=each.number, commit=commit)
                        merged.add(each.service)
            await follow_main(merged, self._catalogue, transaction)
