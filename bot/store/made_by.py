"""Which engine an environment or a spare is of, by its row."""

from __future__ import annotations

from sqlalchemy import literal, select, union_all

from bot.store.spare_tables import spares
from bot.store.store import Store
from bot.store.tables import environments


async def made_by(store: Store, id: str) -> str | None:
    """None where there is no row, or one of before there were several engines. What was a spare is an environment by now."""
    asked = [
        select(literal(rank).label("rank"), table.c.engine).where(table.c.id == id, table.c.engine != "")
        for rank, table in enumerate((environments, spares))
    ]
    either = union_all(*asked).subquery()
    async with store.look() as look:
        found = await look.connection.execute(select(either.c.engine).order_by(either.c.rank).limit(1))
        return found.scalar_one_or_none()
