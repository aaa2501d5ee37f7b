"""A forge asked with patience: while it wants to be left in peace, no worker asks it anything, and whoever needs it waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot import meters
from bot.context import Forge, ForgeBusy, ForgeUnavailable
from bot.domain.message import Person
from bot.domain.project import ChangeRequest, ForgeKind, Project, Right
from bot.store import pauses
from bot.store.store import Store

T = TypeVar("T")


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
