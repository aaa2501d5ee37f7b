"""What the forges say of artifacts that are not known to be merged, asked when somebody wants them: a push may have been missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.continuous import follow_main
from bot.domain.artifact import Artifact
from bot.domain.catalogue import Catalogue, Service
from bot.domain.project import Project
from bot.merges import Merges
from bot.units import Units

_ASKED_AGAIN_S = 10.0
_NEWEST = 10


class Learning:
    def __init__(self, units: Units, merges: Merges, projects: Mapping[str, Project], catalogue: Catalogue) -> None:
        self._units = units
        self._merges = merges
        self._projects = projects
        self._catalogue = catalogue

    async def learn(self, services: Iterable[Service]) -> None:
        """Ask about the newest of each that are not merged, unless that was asked just now. Raises ForgeUnavailable."""
        by_project: dict[str, list[Artifact]] = {}
        async with self._units.look() as look:
            for service in services:
                waiting = await look.artifacts.unmerged_of(service.key, look.now - _ASKED_AGAIN_S, _NEWEST)
                by_project.setdefault(service.project, []).extend(waiting)
        for key, waiting in by_project.items():
            if not waiting or key not in self._projects:
                continue
            said = await self._merges.of_all(self._projects[key], (each.commit for each in waiting))
            async with self._units.transaction() as transaction:
                told = [await transaction.artifacts.merge_said(key, *each, transaction.now) for each in said.items()]
                merged = [artifact.service for each in told for artifact in each if artifact.is_merged]
                await follow_main(merged, self._catalogue, transaction)
