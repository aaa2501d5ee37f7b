"""The whole in numbers, for metrics: environments by state, and how long platforms are left in peace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.forge_tables import pauses
from bot.store.health import Health, health
from bot.store.tables import environments

_IS_LIVE = text("environments.state != 'gone'")  # written out, so that the partial index serves


@dataclass(frozen=True)
class Whole:
    """`paused_s`: how much longer a platform is left in peace."""

    environments: Mapping[str, int]
    health: Health
    paused_s: Mapping[str, float]


async def whole(connection: AsyncConnection, now: float, platforms: Sequence[str]) -> Whole:
    """How things are at this moment, wherever they are worked on."""
    states = select(environments.c.state, func.count()).where(_IS_LIVE).group_by(environments.c.state)
    counts = {str(state): int(count) for state, count in await connection.execute(states)}
    asked = select(pauses.c.name, pauses.c.until).where(pauses.c.name.in_(platforms))
    ends = {str(name): float(until) for name, until in await connection.execute(asked)}
    left_s = {name: max(0.0, ends.get(name, 0.0) - now) for name in platforms}
    return Whole(counts, await health(connection, now), left_s)
