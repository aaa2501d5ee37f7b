"""How the queues are: what waits, since when, what nobody could deliver, and who works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.strays import Look, Stray
from bot.store.feeds import Listening, all_listening
from bot.store.forge_tables import pauses
from bot.store.record_tables import records
from bot.store.strays import StrayRows
from bot.store.tables import cards, environments, leases, messages, outbox


@dataclass(frozen=True)
class Queue:
    """Rows of one kind that wait for somebody; `late_s` is how long ago the first of them should have been looked at."""

    name: str
    waiting: int
    due: int
    late_s: float
    dead: int = 0


@dataclass(frozen=True)
class Held:
    name: str
    holder: str
    left_s: float
    fence: int


@dataclass(frozen=True)
class DeadPost:
    id: int
    thread: str
    created_at: float
    tries: int


@dataclass(frozen=True)
class Pause:
    """A platform that asked to be left in peace, or a channel of it."""

    name: str
    left_s: float


@dataclass(frozen=True)
class Health:
    queues: Sequence[Queue]
    held: Sequence[Held]
    workers: Sequence[Held]
    dead_posts: Sequence[DeadPost]
    news: Sequence[Listening]
    pauses: Sequence[Pause]
    strays: Sequence[Stray]
    account: Look | None  # None: nobody has looked at one


async def health(connection: AsyncConnection, now: float) -> Health:
    """Everything that an operator looks at first, from indexed columns only."""
    queues = [await _queue(connection, name, table, now) for name, table in _TABLES]
    leased, dead = await _leases(connection, now), await _dead_posts(connection)
    return Health(queues, *leased, dead, await all_listening(connection), await _pauses(connection, now), *await _account(connection, now))


async def _account(connection: AsyncConnection, now: float) -> tuple[Sequence[Stray], Look | None]:
    rows = StrayRows(connection, now)
    return await rows.all(), await rows.last_look()


_NEVER = -1e18  # an index serves `>` where it does not serve `is not null`
# Written out, and not bound, so that the partial indices serve.
_DEAD = {
    "messages": text("messages.state = 'failed'"),
    "posts": text("outbox.state = 'dead'"),
    "cards": text("cards.is_dead"),
    "records": text("records.is_dead"),
}
_TABLES = (("messages", messages), ("environments", environments), ("posts", outbox), ("cards", cards), ("records", records))


async def _queue(connection: AsyncConnection, name: str, table: object, now: float) -> Queue:
    due_at = table.c.due_at  # type: ignore[attr-defined]
    waiting = (await connection.execute(select(func.count()).where(due_at > _NEVER))).scalar_one()
    due, oldest = (await connection.execute(select(func.count(), func.min(due_at)).where(due_at <= now))).one()
    return Queue(name, waiting, due, max(0.0, now - oldest) if oldest is not None else 0.0, await _dead(connection, name))


async def _dead(connection: AsyncConnection, name: str) -> int:
    if name not in _DEAD:
        return 0
    return int((await connection.execute(select(func.count()).select_from(dict(_TABLES)[name]).where(_DEAD[name]))).scalar_one())


async def _leases(connection: AsyncConnection, now: float) -> tuple[list[Held], list[Held]]:
    columns = leases.c
    query = select(columns.name, columns.holder, columns.leased_until, columns.fence).where(columns.leased_until > now)
    rows = [Held(name, holder, until - now, fence) for name, holder, until, fence in await connection.execute(query.order_by(columns.name))]
    return [row for row in rows if not row.name.startswith("worker:")], [row for row in rows if row.name.startswith("worker:")]


async def _dead_posts(connection: AsyncConnection, limit: int = 20) -> list[DeadPost]:
    columns = outbox.c
    query = select(columns.id, columns.thread_address, columns.created_at, columns.tries).where(columns.state == "dead")
    return [DeadPost(*row) for row in await connection.execute(query.order_by(columns.id.desc()).limit(limit))]


_TURN_S = 2.0  # shorter is a channel's turn among many, and nobody's wish


async def _pauses(connection: AsyncConnection, now: float) -> list[Pause]:
    query = select(pauses.c.name, pauses.c.until).where(pauses.c.until > now + _TURN_S).order_by(pauses.c.name)
    return [Pause(name, until - now) for name, until in await connection.execute(query)]
