"""Who works on what: a lease in SQL that expires, and a fence that grows with each claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import LeaseLost
from bot.store.tables import leases

_DAY_S = 86_400.0


@dataclass(frozen=True)
class Lease:
    name: str
    holder: str
    fence: int


async def claim(connection: AsyncConnection, name: str, holder: str, now: float, seconds: float) -> Lease | None:
    """Take the lease when nobody holds it; None when somebody does. The fence is larger than any before."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(leases).values(name=name, holder=holder, leased_until=now + seconds, fence=1)
    taken = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": holder, "leased_until": now + seconds, "fence": leases.c.fence + 1},
        where=leases.c.leased_until <= now,
    ).returning(leases.c.fence)
    fence = (await connection.execute(taken)).scalar_one_or_none()
    return None if fence is None else Lease(name, holder, fence)


async def renew(connection: AsyncConnection, lease: Lease, now: float, seconds: float) -> None:
    """Hold on for `seconds` more. Raises LeaseLost, also when it ran out and nobody took it yet."""
    mine = (leases.c.name == lease.name, leases.c.fence == lease.fence, leases.c.holder == lease.holder, leases.c.leased_until > now)
    result = await connection.execute(update(leases).where(*mine).values(leased_until=now + seconds))
    if result.rowcount != 1:
        raise LeaseLost(lease.name)


async def guard(connection: AsyncConnection, lease: Lease, now: float) -> None:
    """Make sure, to the end of this transaction, that the lease is ours. Raises LeaseLost."""
    query = select(leases.c.fence).where(leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.leased_until > now)
    if (await connection.execute(query.with_for_update())).scalar_one_or_none() != lease.fence:
        raise LeaseLost(lease.name)


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Let go. A lease that is no longer ours is left alone."""
    mine = (leases.c.name == lease.name, leases.c.fence == lease.fence, leases.c.holder == lease.holder)
    await connection.execute(update(leases).where(*mine).values(leased_until=0))


async def fences(connection: AsyncConnection, names: Sequence[str]) -> dict[str, int]:
    """The fence of each of these that there is."""
    query = select(leases.c.name, leases.c.fence).where(leases.c.name.in_(names))
    return {str(name): int(fence) for name, fence in await connection.execute(query)}


async def raise_fence(connection: AsyncConnection, name: str, fence: int) -> None:
    """Have it be at least `fence`. Whoever holds the lease with a lower one has lost it."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(leases).values(name=name, holder="", leased_until=0, fence=fence)
    raised = statement.on_conflict_do_update(
        index_elements=[leases.c.name], set_={"fence": fence, "leased_until": 0}, where=leases.c.fence < fence
    )
    await connection.execute(raised)


async def beat(connection: AsyncConnection, name: str, holder: str, now: float, seconds: float) -> None:
    """Say 'I live' under `name` until `now + seconds`, whoever said it before."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(leases).values(name=name, holder=holder, leased_until=now + seconds, fence=1)
    values = {"holder": holder, "leased_until": now + seconds}
    await connection.execute(statement.on_conflict_do_update(index_elements=[leases.c.name], set_=values))


async def is_alive(connection: AsyncConnection, prefix: str, now: float) -> bool:
    """Whether anybody beats under a name that begins so."""
    query = select(leases.c.name).where(leases.c.name.startswith(prefix, autoescape=True), leases.c.leased_until > now).limit(1)
    return (await connection.execute(query)).first() is not None


def is_free(prefix: str, name: ColumnElement[str], now: float) -> ColumnElement[bool]:
    """A condition: nobody holds the lease called `prefix` and the column's value."""
    held = select(leases.c.name).where(leases.c.name == literal(prefix).concat(name), leases.c.leased_until > now)
    return ~held.exists()


async def prune(connection: AsyncConnection, now: float) -> None:
    """Forget what nobody has held for a day. An environment's fence is kept: it must only ever grow."""
    old = (leases.c.leased_until < now - _DAY_S, leases.c.leased_until > 0, ~leases.c.name.startswith("environment:"))
    await connection.execute(delete(leases).where(*old))
