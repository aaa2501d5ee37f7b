"""What a handler may ask of the outside world before its transaction: the ports, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from bot.asking import identity, project_resource
from bot.auth.asked import Asked, Resource
from bot.auth.policies import Policies
from bot.auth.policy import Standing
from bot.context import Choose
from bot.context_ports import Forge, Members, Runtime
from bot.domain.catalogue import Service
from bot.domain.deployment import RolloutKind
from bot.domain.environment import Environment
from bot.domain.gates import Word
from bot.domain.message import Person, Platform
from bot.domain.project import ChangeRequest, ForgeKind, Project
from bot.gates import Gates
from bot.learning import Learning

StandingIn = Callable[[Person, Project | None], Awaitable[Standing]]
Known = Callable[[Platform, str], Awaitable[Person | None]]
"""Who has been here by that name, on a platform that cannot be asked."""


class Outside:
    """The ports a handler may ask before its transaction."""

    def __init__(
        self,
        runtime: Runtime,
        forges: Mapping[ForgeKind, Forge],
        standing_in: StandingIn,
        policies: Policies,
        projects: Mapping[str, Project],
        members: Mapping[Platform, Members],
        known: Known,
        learning: Learning,
        gates: Gates | None = None,
    ) -> None:
        self.runtime = runtime
        self._forges = forges
        self._standing_in = standing_in
        self._policies = policies
        self._members = members
        self._projects = projects
        self._known = known
        self._learning = learning
        self._gates = gates

    async def learn_merged(self, services: Iterable[Service]) -> None:
        await self._learning.learn(services)

    async def gates_say(self, choose: Choose, environment: str, kind: RolloutKind) -> tuple[Word, ...]:
        return await self._gates.say(choose, environment, kind) if self._gates else ()

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        forge = self._forges.get(project.forge)
        return await forge.change_request(project, number) if forge else None

    async def person(self, platform: Platform, name: str, project: Project) -> Person | None:
        if platform in self._members:
            return await self._members[platform].account(name.upper())
        if platform.value == project.forge.value:
            return await self._forges[project.forge].person(name, project)
        return await self._known(platform, name) if platform in {Platform.CONSOLE, Platform.WEB} else None

    async def may(self, person: Person, words: str, environment: Environment) -> bool:
        return bool(await self.may_each(person, (words,), (environment,)))

    async def may_each(self, person: Person, words: Iterable[str], environments: Sequence[Environment]) -> frozenset[tuple[str, str]]:
        """What somebody may say about which, as (words, id); a forge is asked once for each project."""
        keys = sorted({each.project for each in environments} & self._projects.keys())
        standings = dict(zip(keys, await asyncio.gather(*(self._standing_in(person, self._projects[key]) for key in keys)), strict=True))

        def asked(command: str, it: Environment) -> Asked:
            about = Resource(it.project, self._projects[it.project].forge, it.id, identity(it.owner))
            return Asked(command, identity(person), standings[it.project], about, place="web", is_fork=it.is_fork)

        pairs = ((command, it) for command in words for it in environments if it.project in standings)
        return frozenset((command, it.id) for command, it in pairs if self._policies.authorize(asked(command, it)).is_allowed)

    async def is_member(self, person: Person) -> bool:
        members = self._members.get(person.platform)
        return members is None or await members.is_member(person)

    async def visible(self, person: Person, words: str = "ivy list") -> frozenset[str]:
        standings = await asyncio.gather(*(self._standing_in(person, project) for project in self._projects.values()))
        asked = (
            Asked(words, identity(person), standing, project_resource(project))
            for project, standing in zip(self._projects.values(), standings, strict=True)
        )
        return frozenset(each.resource.project for each in asked if self._policies.authorize(each).is_allowed)
