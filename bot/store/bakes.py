"""Bakes as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.bake import Bake, BakeState, current
from bot.store.bake_tables import bakes
from bot.store.rows import struct_of


class BakeRows:
    """What is asked of the table inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, bake: Bake) -> None:
        await self._connection.execute(insert(bakes).values(msgspec.to_builtins(bake)))

    async def move(self, id: str, before: BakeState, after: BakeState, **more: Any) -> bool:
        """False when it is not `before` any more."""
        statement = update(bakes).where(bakes.c.id == id, bakes.c.state == before).values(state=after, **more)
        return (await self._connection.execute(statement.returning(bakes.c.id))).first() is not None

    async def some(self, *states: BakeState) -> Sequence[Bake]:
        """The newest first."""
        query = select(bakes).where(bakes.c.state.in_(states)).order_by(bakes.c.created_at.desc(), bakes.c.id.desc())
        return [struct_of(row, Bake) for row in (await self._connection.execute(query)).mappings()]

    async def recent(self, most: int) -> Sequence[Bake]:
        """Whatever became of them; the newest first."""
        query = select(bakes).order_by(bakes.c.created_at.desc(), bakes.c.id.desc()).limit(most)
        return [struct_of(row, Bake) for row in (await self._connection.execute(query)).mappings()]

    async def current(self) -> Bake | None:
        """The one that machines are made of now."""
        return current(await self.some(BakeState.READY))
