"""Alarms as rows: one of each kind for each host, open or over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alarm import Alarm, AlarmKind
from bot.store.rows import struct_of
from bot.store.trading_tables import alarms

_columns = alarms.c


class AlarmRows:
    """What is asked of the table inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def open(self) -> Sequence[Alarm]:
        """The oldest first."""
        query = select(alarms).where(_columns.until.is_(None)).order_by(_columns.since, _columns.kind, _columns.source)
        return [struct_of(row, Alarm) for row in (await self._connection.execute(query)).mappings()]

    async def begin(self, kind: AlarmKind, source: str, words: str) -> bool:
        """Whether it was not open already."""
        its = (_columns.kind == kind, _columns.source == source)
        known = (await self._connection.execute(select(_columns.until).where(*its).with_for_update())).first()
        if known is None:
            row = {"kind": kind, "source": source, "since": self._now, "words": words}
            await self._connection.execute(insert(alarms).values(**row))
            return True
        if known.until is None:
            return False
        await self._connection.execute(update(alarms).where(*its).values(since=self._now, words=words, until=None))
        return True

    async def end(self, kind: AlarmKind, source: str) -> bool:
        """Whether it was open."""
        its = (_columns.kind == kind, _columns.source == source, _columns.until.is_(None))
        return (await self._connection.execute(update(alarms).where(*its).values(until=self._now))).rowcount == 1
