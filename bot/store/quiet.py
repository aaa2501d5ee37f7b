"""How much we said in a thread of late, and the threads in which we keep quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.people_tables import quiet_threads
from bot.store.tables import outbox


@dataclass(frozen=True)
class Quiet:
    address: str
    since: float
    until: float
    replies: int


class QuietRows:
    """What is asked of these tables inside one transaction."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def replies(self, address: str, seconds: float) -> int:
        """How many posts of ours there were in this thread within that time."""
        ours = (outbox.c.thread_address == address, outbox.c.kind == "post", outbox.c.created_at > self._now - seconds)
        return int((await self._connection.execute(select(func.count()).select_from(outbox).where(*ours))).scalar_one())

    async def is_quiet(self, address: str) -> bool:
        query = select(quiet_threads.c.until).where(quiet_threads.c.thread_address == address, quiet_threads.c.until > self._now)
        return (await self._connection.execute(query)).first() is not None

    async def hush(self, address: str, seconds: float, replies: int) -> None:
        """Keep quiet there for so long."""
        await self._connection.execute(delete(quiet_threads).where(quiet_threads.c.thread_address == address))
        row = {"thread_address": address, "since": self._now, "until": self._now + seconds, "replies": replies}
        await self._connection.execute(insert(quiet_threads).values(row))

    async def all(self) -> Sequence[Quiet]:
        """Where we keep quiet now, for operators."""
        rows = await self._connection.execute(
            select(quiet_threads).where(quiet_threads.c.until > self._now).order_by(quiet_threads.c.since)
        )
        return [Quiet(row.thread_address, row.since, row.until, row.replies) for row in rows]
