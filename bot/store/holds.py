"""Holds on slots: nothing goes on by itself there until somebody says so. Only these columns are written, whoever has claimed the slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Slot
from bot.domain.message import Person
from bot.store.deploy_tables import slots
from bot.store.rows import struct_of


class Holds:
    """What is asked of the table inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def put(self, service: str, environment: str, by: Person, reason: str) -> None:
        """Hold automation there, in the name of the last who said so."""
        on_conflict = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        held = {"held_by": msgspec.to_builtins(by), "held_reason": reason, "held_at": self._now}
        row = msgspec.to_builtins(Slot(service=service, environment=environment)) | held
        statement = on_conflict(slots).values(row)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["service", "environment"], set_=held))

    async def of(self, services: Iterable[str], environment: str | None = None) -> Sequence[Slot]:
        """The slots of these services that are held, there or anywhere."""
        held: list[ColumnElement[bool]] = [slots.c.service.in_(sorted(set(services))), slots.c.held_at.is_not(None)]
        held += [slots.c.environment == environment] if environment is not None else []
        query = select(slots).where(*held).order_by(slots.c.service, slots.c.environment)
        return [struct_of(row, Slot) for row in (await self._connection.execute(query)).mappings()]

    async def let_go(self, slot: Slot) -> bool:
        """False when somebody was faster."""
        is_held = (slots.c.service == slot.service, slots.c.environment == slot.environment, slots.c.held_at.is_not(None))
        freed = update(slots).where(*is_held).values(held_by=null(), held_reason="", held_at=None)
        return (await self._connection.execute(freed)).rowcount == 1
