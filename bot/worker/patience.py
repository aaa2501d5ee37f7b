"""A forge asked with patience: while it wants to be left in peace, no worker asks it anything, and whoever needs it waits."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot import meters
from bot.context_ports import Forge, ForgeBusy, ForgeUnavailable
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person
from bot.domain.project import ChangeRequest, ForgeKind, Project, Right
from bot.store import pauses
from bot.store.store import Store

T = TypeVar("T")

_REMEMBERED_S = 900.0
_MOST_REMEMBERED = 5_000


class PatientForge:
    """The port `Forge` over another. Raises ForgeBusy, without asking, until the time that the forge has named."""

    def __init__(self, forge: Forge, kind: ForgeKind, store: Store) -> None:
        self._forge = forge
        self._name = kind.value
        self._store = store

    async def right_of(self, person: Person, project: Project) -> Right:
        return await self._ask(lambda: self._forge.right_of(person, project))

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        return await self._ask(lambda: self._forge.change_request(project, number))

    async def person(self, login: str, project: Project) -> Person | None:
        return await self._ask(lambda: self._forge.person(login, project))

    async def merged_at(self, project: Project, sha: str) -> float | None:
        return await self._ask(lambda: self._forge.merged_at(project, sha))

    async def checks(self, project: Project, sha: str) -> Checks:
        return await self._ask(lambda: self._forge.checks(project, sha))

    async def reviewed(self, project: Project, sha: str) -> Sequence[Reviewed]:
        return await self._ask(lambda: self._forge.reviewed(project, sha))

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        async with self._store.look() as look:
            left_s = await pauses.until(look.connection, self._name) - look.now
        if left_s > 0:
            raise ForgeBusy(f"{self._name} asks us to wait", left_s)
        try:
            return await question()
        except ForgeUnavailable as error:
            if error.wait_s is None:
                raise
            meters.pauses.labels(self._name).inc()
            async with self._store.transaction() as transaction:
                until = await pauses.extend(transaction.connection, self._name, transaction.now + error.wait_s)
            raise ForgeBusy(str(error), until - transaction.now) from error  # outside: what is raised inside is not written


class LookingForge:
    """The port `Forge` for pages, which cannot wait: while it is to be left in peace, a right of some minutes ago counts."""

    def __init__(self, forge: Forge, clock: Callable[[], float] = time.monotonic) -> None:
        self._forge = forge
        self._clock = clock
        self._known: OrderedDict[tuple[str, str, str], tuple[float, Right]] = OrderedDict()

    async def right_of(self, person: Person, project: Project) -> Right:
        key = (person.platform.value, person.id, project.key)
        try:
            right = await self._forge.right_of(person, project)
        except ForgeBusy as error:
            at, known = self._known.get(key, (0.0, None))
            if known is None or self._clock() - at > _REMEMBERED_S:
                raise ForgeUnavailable(str(error)) from error
            return known
        self._known[key] = (self._clock(), right)
        self._known.move_to_end(key)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return right

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        return await self._forge.change_request(project, number)

    async def person(self, login: str, project: Project) -> Person | None:
        return await self._forge.person(login, project)

    async def merged_at(self, project: Project, sha: str) -> float | None:
        return await self._forge.merged_at(project, sha)

    async def checks(self, project: Project, sha: str) -> Checks:
        return await self._forge.checks(project, sha)

    async def reviewed(self, project: Project, sha: str) -> Sequence[Reviewed]:
        return await self._forge.reviewed(project, sha)
