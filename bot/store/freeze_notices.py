"""Which freezes were announced: each once for each time ahead, whichever worker is first."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deploy_tables import freeze_notices


async def claim_notice(connection: AsyncConnection, environment: str, begins_at: float, lead_s: float, now: float) -> bool:
    """Whether it is ours to tell."""
    on_conflict = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"environment": environment, "begins_at": begins_at, "lead_s": int(lead_s), "told_at": now}
    told = on_conflict(freeze_notices).values(row).on_conflict_do_nothing().returning(freeze_notices.c.lead_s)
    return (await connection.execute(told)).first() is not None
