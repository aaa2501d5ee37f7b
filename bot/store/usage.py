"""What services used over time: kept for half a day, drawn on their environment's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.page_tables import samples

KEPT_S = 12 * 3600.0


@dataclass(frozen=True)
class Sample:
    """`cpu` is in cores, since the sample before; None where there was none."""

    environment_id: str
    service: str
    at: float
    memory_mb: float
    cpu: float | None = None


async def put(connection: AsyncConnection, each: Sequence[Sample]) -> None:
    if each:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        await connection.execute(insert(samples).on_conflict_do_nothing(), [asdict(sample) for sample in each])


async def prune(connection: AsyncConnection, now: float) -> None:
    await connection.execute(delete(samples).where(samples.c.at < now - KEPT_S))


async def of(connection: AsyncConnection, environment_id: str, since: float) -> Mapping[str, Sequence[Sample]]:
    """By service, oldest first."""
    query = select(samples).where(samples.c.environment_id == environment_id, samples.c.at >= since).order_by(samples.c.at)
    found: dict[str, list[Sample]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["service"], []).append(Sample(**row))
    return found
