"""Warm spares as rows. Who claims one gets it by one UPDATE, however many ask at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.environment import Size, State
from bot.domain.spares import Spare, SpareState
from bot.store.leases import is_free
from bot.store.rows import struct_of
from bot.store.spare_tables import spare_pauses, spares
from bot.store.tables import environments

# Written out, and not bound, so that the partial index serves.
_IS_LIVE = text("spares.state IN ('making', 'ready', 'retiring')")
_ASKED = "asked"


@dataclass(frozen=True)
class Stopped:
    """Who stopped the making of spares, when and why."""

    who: str
    reason: str
    at: float


class SpareRows:
    """What is asked of the tables inside one transaction."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection, self._now = connection, now

    async def claim(self, project: str, engine: str, size: Size) -> str | None:
        """The id of the oldest one that is fit; it is nobody else's from now on. None when there is none."""
        fit = (
            spares.c.project == project,
            spares.c.engine == engine,
            spares.c.size == size,
            spares.c.state == SpareState.READY,
            spares.c.expires_at > self._now,
        )
        oldest = select(spares.c.id).where(_IS_LIVE, *fit).order_by(spares.c.created_at, spares.c.id).limit(1)
        chosen = oldest.with_for_update(skip_locked=True).scalar_subquery()
        statement = update(spares).where(spares.c.id == chosen, spares.c.state == SpareState.READY)
        claimed = statement.values(state=SpareState.CLAIMED, claimed_at=self._now).returning(spares.c.id)
        row = (await self._connection.execute(claimed)).first()
        return str(row.id) if row else None

    async def add(self, spare: Spare) -> None:
        await self._connection.execute(insert(spares).values(msgspec.to_builtins(spare)))

    async def move(self, id: str, before: SpareState, after: SpareState, **more: Any) -> bool:
        """False when it is not `before` any more: somebody was quicker."""
        statement = update(spares).where(spares.c.id == id, spares.c.state == before).values(state=after, **more)
        return (await self._connection.execute(statement.returning(spares.c.id))).first() is not None

    async def forget(self, id: str) -> bool:
        """It is an environment, though nobody has claimed it here. False when it is no live spare."""
        statement = update(spares).where(spares.c.id == id, _IS_LIVE).values(state=SpareState.CLAIMED, claimed_at=self._now)
        return (await self._connection.execute(statement.returning(spares.c.id))).first() is not None

    async def get(self, id: str) -> Spare | None:
        row = (await self._connection.execute(select(spares).where(spares.c.id == id))).mappings().first()
        return struct_of(row, Spare) if row else None

    async def live(self) -> Sequence[Spare]:
        """Those that are being made, ready, or being taken down; the oldest first."""
        query = select(spares).where(_IS_LIVE).order_by(spares.c.created_at, spares.c.id)
        return [struct_of(row, Spare) for row in (await self._connection.execute(query)).mappings()]

    async def since(self, moment: float) -> Sequence[Spare]:
        """Those that there were after that, whatever became of them."""
        ended = (spares.c.claimed_at > moment) | (spares.c.gone_at > moment) | _IS_LIVE
        query = select(spares).where(ended).order_by(spares.c.created_at, spares.c.id)
        return [struct_of(row, Spare) for row in (await self._connection.execute(query)).mappings()]

    async def people_wait(self) -> bool:
        """Whether an environment of somebody's should be worked on, and nobody is at it: no worker has a place free."""
        columns = environments.c
        unsettled = (columns.state != State.GONE, columns.is_wanted.is_(True), columns.settled_generation < columns.generation)
        waits = select(columns.id).where(*unsettled, columns.due_at <= self._now, is_free("environment:", columns.id, self._now))
        return (await self._connection.execute(waits.limit(1))).first() is not None

    async def stopped(self) -> Stopped | None:
        row = (await self._connection.execute(select(spare_pauses).where(spare_pauses.c.name == _ASKED))).first()
        return Stopped(row.who, row.reason, row.at) if row else None

    async def stop(self, who: str, reason: str) -> None:
        await self.go_on()
        await self._connection.execute(insert(spare_pauses).values(name=_ASKED, who=who, reason=reason, at=self._now))

    async def go_on(self) -> bool:
        """Whether they were stopped."""
        gone = delete(spare_pauses).where(spare_pauses.c.name == _ASKED).returning(spare_pauses.c.name)
        return (await self._connection.execute(gone)).first() is not None
