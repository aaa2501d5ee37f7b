"""Numbers that people call things by: each name counts by itself, from 1, and gives none twice."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deploy_tables import numbers


async def next_number(connection: AsyncConnection, name: str) -> int:
    """One more than the last that was given under `name`; whoever asks meanwhile waits for the end of this transaction."""
    on_conflict = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first = on_conflict(numbers).values(name=name, last=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"last": numbers.c.last + 1}).returning(numbers.c.last)
    return int((await connection.execute(counted)).scalar_one())
