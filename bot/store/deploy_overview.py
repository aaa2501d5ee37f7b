"""What the pages of services show: what runs where, how far behind, what is under way, and the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, DeploymentState, Lock, Rollout, RolloutState, Slot, Veto
from bot.store.deploy_tables import artifacts, deployments, locks, rollouts, slots, vetoes
from bot.store.rows import struct_of

S = TypeVar("S", bound=msgspec.Struct)

_OVER = [each.value for each in DeploymentState if Deployment.is_end(each) and each is not DeploymentState.PLANNED]
_WORKING = [each.value for each in DeploymentState if not Deployment.is_end(each)]
Where = tuple[str, str]
"""A service and an environment."""


@dataclass(frozen=True)
class Places:
    """By service and environment. `behind` is how many merged artifacts are newer than the one that runs."""

    slots: Mapping[Where, Slot] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    working: Mapping[Where, Deployment] = field(default_factory=dict)
    last: Mapping[Where, Deployment] = field(default_factory=dict)
    behind: Mapping[Where, int] = field(default_factory=dict)

    def runs(self, service: str, environment: str) -> Artifact | None:
        slot = self.slots.get((service, environment))
        return self.artifacts.get(slot.artifact_id) if slot else None


@dataclass(frozen=True)
class Act:
    """A rollout with its deployments in order, and their artifacts by id."""

    rollout: Rollout
    deployments: tuple[Deployment, ...] = ()
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.rollout.state is RolloutState.OPEN

    @property
    def services(self) -> frozenset[str]:
        return frozenset(each.service for each in self.deployments)


async def places(connection: AsyncConnection, services: Iterable[str]) -> Places:
    """What runs where of these services; a handful of questions, however many there are."""
    names = sorted(services)
    found = {(each.service, each.environment): each for each in await _all(connection, slots, Slot, slots.c.service.in_(names))}
    working = await _newest(connection, names, _WORKING)
    last = await _newest(connection, names, _OVER)
    wanted = {*(each.artifact_id for each in found.values()), *(each.artifact_id for each in (*working.values(), *last.values()))}
    return Places(found, await artifacts_by_id(connection, wanted), working, last, await _behind(connection, names))


async def _newest(connection: AsyncConnection, services: Sequence[str], states: Sequence[str]) -> dict[Where, Deployment]:
    columns = deployments.c
    newest = (
        select(func.max(columns.number))
        .where(columns.service.in_(services), columns.state.in_(states))
        .group_by(columns.service, columns.environment)
    )
    rows = await _all(connection, deployments, Deployment, columns.number.in_(newest))
    return {(each.service, each.environment): each for each in rows}


async def _behind(connection: AsyncConnection, services: Sequence[str]) -> dict[Where, int]:
    here, newer = artifacts.alias("here"), artifacts.alias("newer")
    is_newer = (newer.c.service == slots.c.service) & newer.c.merged_at.is_not(None) & (newer.c.number > here.c.number)
    query = (
        select(slots.c.service, slots.c.environment, func.count(newer.c.id).label("newer"))
        .join(here, here.c.id == slots.c.artifact_id)
        .join(newer, is_newer)
        .where(slots.c.service.in_(services))
        .group_by(slots.c.service, slots.c.environment)
    )
    return {(row.service, row.environment): int(row.newer) for row in await connection.execute(query)}


async def artifacts_by_id(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Artifact]:
    return {each.id: each for each in await _all(connection, artifacts, Artifact, artifacts.c.id.in_(sorted(set(ids))))}


async def artifacts_of(connection: AsyncConnection, service: str, limit: int = 30) -> Sequence[Artifact]:
    """The newest first."""
    return await _all(connection, artifacts, Artifact, artifacts.c.service == service, order=artifacts.c.number.desc(), limit=limit)


async def history(connection: AsyncConnection, service: str, environment: str = "", before: int = 0, limit: int = 30) -> Sequence[Act]:
    """The deployments of a service, the newest first, each as the part of its rollout that it is."""
    columns = deployments.c
    conditions = [columns.service == service, *([columns.environment == environment] if environment else [])]
    if before:
        conditions.append(columns.number < before)
    rows = await _all(connection, deployments, Deployment, *conditions, order=columns.number.desc(), limit=limit)
    acts = {each.id: each for each in await _all(connection, rollouts, Rollout, rollouts.c.id.in_({each.rollout_id for each in rows}))}
    built = await artifacts_by_id(connection, (each.artifact_id for each in rows))
    return [Act(acts[each.rollout_id], (each,), built) for each in rows if each.rollout_id in acts]


async def acts(connection: AsyncConnection, services: Iterable[str], before: int = 0, limit: int = 30) -> Sequence[Act]:
    """Rollouts of these services only, the newest first."""
    names = sorted(services)
    foreign = select(deployments.c.rollout_id).where(deployments.c.service.not_in(names))
    conditions: list[ColumnElement[bool]] = [rollouts.c.id.not_in(foreign)]
    if before:
        conditions.append(rollouts.c.number < before)
    found = await _all(connection, rollouts, Rollout, *conditions, order=rollouts.c.number.desc(), limit=limit)
    return await _with_deployments(connection, found)


async def act(connection: AsyncConnection, number: int) -> Act | None:
    """The rollout of that number."""
    return next(iter(await _with_deployments(connection, await _all(connection, rollouts, Rollout, rollouts.c.number == number))), None)


async def _with_deployments(connection: AsyncConnection, found: Sequence[Rollout]) -> Sequence[Act]:
    columns = deployments.c
    rows = await _all(connection, deployments, Deployment, columns.rollout_id.in_([each.id for each in found]), order=columns.number)
    rows = sorted(rows, key=lambda each: (each.stage, each.number))
    built = await artifacts_by_id(connection, (each.artifact_id for each in rows))
    return [Act(each, tuple(row for row in rows if row.rollout_id == each.id), built) for each in found]


async def locks_now(connection: AsyncConnection, now: float) -> Sequence[Lock]:
    """Those that hold, the widest first."""
    columns = locks.c
    is_here = (columns.released_at.is_(None), columns.expires_at.is_(None) | (columns.expires_at > now))
    return await _all(connection, locks, Lock, *is_here, order=case((columns.scope == "all", 0), else_=1))


async def vetoes_of(connection: AsyncConnection, service: str) -> Mapping[str, Veto]:
    """Those that hold, by artifact."""
    found = await _all(connection, vetoes, Veto, vetoes.c.service == service, vetoes.c.lifted_at.is_(None))
    return {each.artifact_id: each for each in found}


async def _all(
    connection: AsyncConnection, table: Table, kind: type[S], *conditions: Any, order: Any = None, limit: int | None = None
) -> list[S]:
    query = select(table).where(*conditions)
    query = query.order_by(order) if order is not None else query
    query = query.limit(limit) if limit is not None else query
    return [struct_of(row, kind) for row in (await connection.execute(query)).mappings()]
