"""Asks what the gates of a service have to say of an artifact: the forge, and whoever compares contracts. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bot.context import Choose
from bot.context_ports import Forge, ForgeUnavailable
from bot.domain.artifact import Artifact
from bot.domain.catalogue import Catalogue
from bot.domain.deployment import RolloutKind
from bot.domain.gates import Gate, Lack, Reviewed, Word, of_checks, of_reviews, wanted
from bot.domain.message import Person
from bot.domain.project import ForgeKind, Project, Right
from bot.units import Units

_COUNTS = frozenset({Right.WRITE, Right.ADMIN})


class Contracts(Protocol):
    """Whoever compares what artifacts promise to those who call them."""

    async def word(self, running: Artifact | None, new: Artifact) -> Word:
        """Of the new one against the one that runs. What cannot be had or read is a lack, never an error."""


class Gates:
    def __init__(
        self,
        units: Units,
        forges: Mapping[ForgeKind, Forge],
        projects: Mapping[str, Project],
        catalogue: Catalogue,
        contracts: Contracts,
    ) -> None:
        self._units = units
        self._forges = forges
        self._projects = projects
        self._catalogue = catalogue
        self._contracts = contracts

    def stand_before(self, service: str) -> bool:
        known = self._catalogue.services.get(service)
        return known is not None and bool(known.gates)

    async def say(self, choose: Choose, environment: str, kind: RolloutKind) -> tuple[Word, ...]:
        """The same of several, which are chosen by what is registered now."""
        async with self._units.look() as look:
            chosen = await choose(look)
        said = await asyncio.gather(*(self.words(each, environment, kind) for each in chosen))
        return tuple(word for words in said for word in words)

    async def words(self, artifact: Artifact, environment: str, kind: RolloutKind) -> tuple[Word, ...]:
        """What each gate says now that an act of this kind has to pass there."""
        service = self._catalogue.services.get(artifact.service)
        asked = wanted(service.gates, kind) if service else ()
        return tuple(await asyncio.gather(*(self._word(gate, artifact, environment) for gate in asked)))

    async def _word(self, gate: Gate, artifact: Artifact, environment: str) -> Word:
        try:
            said = await self._of_contracts(artifact, environment) if gate is Gate.CONTRACTS else await self._of_forge(gate, artifact)
        except ForgeUnavailable as error:
            said = Word(gate, Lack.AWAY, (str(error),))
        return replace(said, artifact_id=artifact.id)

    async def _of_contracts(self, artifact: Artifact, environment: str) -> Word:
        async with self._units.look() as look:
            slot = await look.slots.get(artifact.service, environment)
            running = await look.artifacts.get(slot.artifact_id) if slot and slot.artifact_id else None
        said = await self._contracts.word(running, artifact)
        return replace(said, against=running.id if running else "")

    async def _of_forge(self, gate: Gate, artifact: Artifact) -> Word:
        """Raises ForgeUnavailable."""
        project = self._projects.get(artifact.project)
        forge = self._forges.get(project.forge) if project else None
        if project is None or forge is None:
            raise ForgeUnavailable("no forge is configured for its project")
        if gate is Gate.CI:
            return of_checks(await forge.checks(project, artifact.commit))
        found = await forge.reviewed(project, artifact.commit)
        return of_reviews([await _of_those_who_may(each, forge, project) for each in found])


async def _of_those_who_may(request: Reviewed, forge: Forge, project: Project) -> Reviewed:
    """Anybody can approve what is public; it counts of those who may write there."""
    rights: Sequence[Right] = await asyncio.gather(*(forge.right_of(each, project) for each in request.approvers))
    counting: tuple[Person, ...] = tuple(each for each, right in zip(request.approvers, rights, strict=True) if right in _COUNTS)
    return replace(request, approvers=counting)
