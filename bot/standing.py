"""How somebody stands in a project, asked at the moment of the command: by configuration, and by what the forge says of their accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from bot import replies
from bot.asking import identity
from bot.auth.people import People, Told
from bot.auth.policy import Role, Standing, role_of
from bot.context_ports import Forge, ForgeBusy, ForgeUnavailable
from bot.domain.message import Person, Platform
from bot.domain.project import ForgeKind, Project

log = structlog.get_logger()

Linked = Callable[[Person], Awaitable[Sequence[Person]]]
"""The other accounts of the same person."""


BySignIn = Callable[[Person], Awaitable[Role]]
"""What the groups that a sign-in told of somebody make of them."""


async def no_role(_: Person) -> Role:
    return Role.NOBODY


async def nobody_else(_: Person) -> Sequence[Person]:
    return ()


class Standings:
    """An error, and a forge that is not the project's own, are a no."""

    def __init__(
        self,
        people: People,
        console_role: Role,
        forges: Mapping[ForgeKind, Forge],
        projects: Mapping[str, Project],
        linked: Linked = nobody_else,
        by_sign_in: BySignIn = no_role,
    ) -> None:
        self._people = people
        self._console_role = console_role
        self._forges = forges
        self._projects = projects
        self._linked = linked
        self._by_sign_in = by_sign_in

    async def of(self, person: Person, project: Project | None) -> Standing:
        """What somebody is in a project; without one, the highest that they are in any."""
        accounts = (person, *await self._linked(person))
        identities = frozenset(identity(each) for each in accounts)
        found = await self._in(accounts, identities, project)
        if project is None and found.role is Role.NOBODY and len(accounts) > 1:
            others = await asyncio.gather(*(self._in(accounts, identities, each) for each in self._projects.values()))
            found = max((found, *others), key=lambda each: (each.role.rank, each.doubt == replies.RIGHT_NOT_ASKED))
        return found

    async def everywhere(self, person: Person) -> Role:
        """What somebody is whatever the project: a right in one of them is none here."""
        accounts = (person, *await self._linked(person))
        return (await self._in(accounts, frozenset(identity(each) for each in accounts), None)).role

    async def _in(self, accounts: Sequence[Person], identities: frozenset[str], project: Project | None) -> Standing:
        told = self._people.told(identities, project.key if project else None)
        if Platform.CONSOLE in {each.platform for each in accounts} and not told.is_final and told.role.rank < self._console_role.rank:
            told = Told(self._console_role, "this machine's console")
        for each in accounts:
            if each.platform is Platform.WEB and not told.is_final and (role := await self._by_sign_in(each)).rank > told.role.rank:
                told = Told(role, "the sign-in")
        groups = self._people.groups_of(identities)
        if told.is_final or told.role is Role.ADMIN:
            return Standing(told.role, replies.CONFIGURED_NOBODY if told.role is Role.NOBODY else "", told.why, groups, identities)
        role, why, doubt = await self._by_forge(accounts, project)
        if role.rank <= told.role.rank:
            role, why = told.role, told.why or why
        return Standing(role, doubt, why, groups, identities)

    async def _by_forge(self, accounts: Sequence[Person], project: Project | None) -> tuple[Role, str, str]:
        """(role, why, doubt): what the project's forge says of the accounts that are on it."""
        person = accounts[0]
        there = [each for each in accounts if project and each.platform.value == project.forge.value]
        if project is None or not there:
            on_forge = person.platform.value in {kind.value for kind in ForgeKind}
            return Role.NOBODY, "", replies.another_platform(person, project) if on_forge else replies.NOT_ON_THE_LIST
        answers = [await self._asked(each, project) for each in there]
        return max(answers, key=lambda each: each[0].rank)

    async def _asked(self, person: Person, project: Project) -> tuple[Role, str, str]:
        try:
            right = await self._forges[project.forge].right_of(person, project)
        except ForgeBusy:
            raise
        except ForgeUnavailable as error:
            log.warning("right_not_asked", person=person.id, project=project.key, reason=str(error))
            return Role.NOBODY, "", replies.RIGHT_NOT_ASKED
        return role_of(right), replies.right_is(person, project, right), replies.too_little(person, project, right)
