"""Until when an account, or a channel of it, is left in peace: every worker keeps to what one of them was told."""

from __future__ import annotations

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.forge_tables import pauses


async def until(connection: AsyncConnection, name: str) -> float:
    """The end of the pause; 0 when there never was one."""
    return (await connection.execute(select(pauses.c.until).where(pauses.c.name == name))).scalar_one_or_none() or 0.0


async def extend(connection: AsyncConnection, name: str, to: float) -> float:
    """Pause until then, or longer when that was said before; until when it is now."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    longest = case((pauses.c.until > to, pauses.c.until), else_=to)
    statement = insert(pauses).values(name=name, until=to)
    statement = statement.on_conflict_do_update(index_elements=[pauses.c.name], set_={"until": longest})
    return float((await connection.execute(statement.returning(pauses.c.until))).scalar_one())


async def take_turn(connection: AsyncConnection, name: str, now: float, pace_s: float) -> bool:
    """Whether it is free now; it is ours then, and taken for `pace_s`."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(pauses).values(name=name, until=now + pace_s)
    taken = statement.on_conflict_do_update(index_elements=[pauses.c.name], set_={"until": now + pace_s}, where=pauses.c.until <= now)
    return (await connection.execute(taken.returning(pauses.c.until))).first() is not None
