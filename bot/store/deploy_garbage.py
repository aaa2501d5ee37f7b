"""What of past deploys is still of use: whatever runs, is going on, or could be gone back to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import DeploymentState
from bot.store.deploy_tables import artifacts, deployments, plans, slots

_row = deployments.c
_is_live = _row.ended_at.is_(None)


async def forget_plans(connection: AsyncConnection, before: float) -> int:
    """The bytes of plans that ended before then. What runs keeps its plan, and what is going on that of what it would go back to."""
    ended = select(_row.id).where(_row.ended_at < before)
    runs = select(slots.c.deployment_id)
    gone_back_to = select(_row.previous_id).where(_is_live)
    old = plans.c.deployment_id
    return (await connection.execute(delete(plans).where(old.in_(ended), old.not_in(runs), old.not_in(gone_back_to)))).rowcount


async def wanted_digests(connection: AsyncConnection, since: float, versions: int) -> frozenset[str]:
    """Of files that are to stay, contracts too: of all that runs anywhere, is going on, or was registered or ended since then.

    And of the last `versions` that each service had in each environment, and of its newest ones.
    """
    had = select(_row.artifact_id, _place((_row.service, _row.environment), _row.number)).where(_row.state == DeploymentState.SUCCEEDED)
    newest = select(artifacts.c.id, _place((artifacts.c.service,), artifacts.c.number))
    used = (
        select(slots.c.artifact_id),
        select(_row.artifact_id).where(_is_live | (_row.ended_at >= since)),
        _first(had, versions),
        _first(newest, versions),
    )
    ids = {row[0] for query in used for row in await connection.execute(query)}
    columns = artifacts.c
    rows = await connection.execute(select(columns.id, columns.sha256, columns.contract_sha256, columns.registered_at))
    kept = [row for row in rows if row.id in ids or row.registered_at >= since]
    return frozenset(digest for row in kept for digest in (row.sha256, row.contract_sha256) if digest)


def _place(within: tuple[Any, ...], by: Any) -> Any:
    """Which it is of its kind, the newest first."""
    return func.row_number().over(partition_by=within, order_by=by.desc()).label("place")


def _first(placed: Select[Any], most: int) -> Select[Any]:
    rows = placed.subquery()
    return select(rows).where(rows.c.place <= most)
