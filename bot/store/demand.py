"""What was asked for in the past, and how long it took: what a simulation of warm spares goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.spares import Kind, SpareState
from bot.store.spare_tables import spares
from bot.store.tables import environments, events


@dataclass(frozen=True)
class Demand:
    """When environments of a project and size were asked for, and medians in seconds; None where there is none to take one of."""

    asked_at: Sequence[float]
    fresh_s: float | None
    claim_s: float | None
    make_s: float | None


async def demand(connection: AsyncConnection, kind: Kind, since: float) -> Demand:
    columns, (project, size) = environments.c, kind
    of_kind = (columns.project == project, columns.size == size, columns.created_at >= since)
    asked = {row.id: row.created_at for row in await connection.execute(select(columns.id, columns.created_at).where(*of_kind))}
    own = (spares.c.project == project, spares.c.size == size)
    there = list(await connection.execute(select(spares).where(*own, spares.c.ready_at.is_not(None), spares.c.created_at >= since)))
    claimed = {row.id for row in there if row.state == SpareState.CLAIMED}
    query = select(events.c.environment_id, events.c.data).where(
        events.c.project == project, events.c.kind == "ready", events.c.at >= since
    )
    fresh: list[float] = []
    from_spare: list[float] = []
    for row in await connection.execute(query):
        seconds = row.data.get("seconds")
        if row.environment_id in asked and row.data.get("generation") == 1 and seconds is not None:
            (from_spare if row.environment_id in claimed else fresh).append(float(seconds))
    made = [row.ready_at - row.created_at for row in there]
    return Demand(sorted(asked.values()), _median(fresh), _median(from_spare), _median(made))


def _median(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None
