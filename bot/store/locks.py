"""Locks as rows: at most one live one for each scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Lock
from bot.domain.message import Person
from bot.store.claimed import claimed
from bot.store.deploy_tables import locks
from bot.store.rows import struct_of

_is_unreleased = locks.c.released_at.is_(None)


class Locks:
    """What is asked of the table inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def claim(self, lock: Lock) -> Lock:
        """The live lock of its scope, which is this one when nobody held it. What has run out must have been ended before."""
        row = msgspec.to_builtins(lock)
        return struct_of(await claimed(self._connection, locks, row, _is_unreleased & (locks.c.scope == lock.scope)), Lock)

    async def save(self, lock: Lock) -> None:
        await self._connection.execute(update(locks).where(locks.c.id == lock.id).values(msgspec.to_builtins(lock)))

    async def live(self) -> Sequence[Lock]:
        """All that hold now, oldest first."""
        return await self._all(_is_unreleased, or_(locks.c.expires_at.is_(None), locks.c.expires_at > self._now))

    async def of(self, scope: str) -> Lock | None:
        return next(iter(await self._all(_is_unreleased, locks.c.scope == scope)), None)

    async def release(self, lock: Lock, by: Person) -> bool:
        """False when somebody or time was faster."""
        return await self._end(lock.id, self._now, by)

    async def are_run_out(self) -> bool:
        """Whether there are any whose time is over."""
        return bool(await self._all(_is_unreleased, locks.c.expires_at <= self._now))

    async def run_out(self) -> Sequence[Lock]:
        """End those whose time is over; each is given once."""
        over = await self._all(_is_unreleased, locks.c.expires_at <= self._now)
        return [each for each in over if each.expires_at is not None and await self._end(each.id, each.expires_at, None)]

    async def _end(self, id_: str, at: float, by: Person | None) -> bool:
        ended = update(locks).where(locks.c.id == id_, _is_unreleased).values(released_at=at, released_by=msgspec.to_builtins(by))
        return (await self._connection.execute(ended)).rowcount == 1

    async def _all(self, *conditions: Any) -> Sequence[Lock]:
        query = select(locks).where(*conditions).order_by(locks.c.created_at, locks.c.id)
        return [struct_of(row, Lock) for row in (await self._connection.execute(query)).mappings()]
