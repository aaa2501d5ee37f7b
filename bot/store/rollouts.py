"""Rollouts and their deployments as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind, RolloutState
from bot.domain.going_back import Brought
from bot.store.deploy_tables import artifacts, deployments, plans, rollouts
from bot.store.leases import is_free
from bot.store.numbers import next_number
from bot.store.rows import struct_of
from bot.store.saying import opened_on, shown_on

_DEPLOYS = "deploy"
_LIVE = (DeploymentState.QUEUED, DeploymentState.WAITING, DeploymentState.RUNNING, DeploymentState.VERIFYING)
_is_live = deployments.c.state.in_(_LIVE)
_is_plan_only = exists().where(rollouts.c.id == deployments.c.rollout_id, rollouts.c.plan_only)


def due(now: float, limit: int) -> Select[Any]:
    """Deployments whose time has come and that nobody works on, oldest first."""
    is_due = (deployments.c.due_at <= now, is_free("deployment:", deployments.c.id, now))
    return select(deployments.c.id).where(*is_due).order_by(deployments.c.due_at).limit(limit)


class Rollouts:
    """What is asked of the two tables inside one transaction. People call both by numbers out of one row of numbers."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, rollout: Rollout, parts: Iterable[Deployment]) -> tuple[Rollout, Sequence[Deployment]]:
        """Both with their numbers: where there is one deployment, it has that of its rollout."""
        parts = tuple(parts)
        first = await next_number(self._connection, _DEPLOYS)
        rest = [first] if len(parts) == 1 else [await next_number(self._connection, _DEPLOYS) for _ in parts]
        rollout = msgspec.structs.replace(rollout, number=first)
        numbered = [msgspec.structs.replace(each, number=number) for each, number in zip(parts, rest, strict=True)]
        await self._connection.execute(insert(rollouts).values(msgspec.to_builtins(rollout)))
        await self._connection.execute(insert(deployments).values([msgspec.to_builtins(each) for each in numbered]))
        return rollout, numbered

    async def save(self, rollout: Rollout) -> None:
        await self._connection.execute(update(rollouts).where(rollouts.c.id == rollout.id).values(msgspec.to_builtins(rollout)))

    async def get(self, id: str) -> Rollout | None:
        return await self._rollout(rollouts.c.id == id)

    async def locked(self, id: str) -> Rollout | None:
        """The row, kept from others until the end of this transaction: whatever ends a part of it waits for that."""
        row = (await self._connection.execute(select(rollouts).where(rollouts.c.id == id).with_for_update())).mappings().first()
        return struct_of(row, Rollout) if row else None

    async def by_number(self, number: int) -> tuple[Rollout, Deployment | None] | None:
        """What people call so: one deployment of a rollout, or all of it."""
        part = await self._deployment(deployments.c.number == number)
        rollout = await self.get(part.rollout_id) if part else await self._rollout(rollouts.c.number == number)
        if rollout is None:
            return None
        return rollout, None if rollout.number == number else part

    async def last_in(self, address: str) -> Rollout | None:
        """The newest that was asked for in a thread, or whose card stands there; not one that was only planned."""
        asked_at = rollouts.c.thread["address"].as_string()
        is_here = (asked_at == address) | asked_at.in_(opened_on(address))
        is_shown = is_here | rollouts.c.id.in_(shown_on(address)) if address.startswith("slack:") else is_here
        return await self._rollout(is_shown & ~rollouts.c.plan_only)

    async def _rollout(self, condition: ColumnElement[bool]) -> Rollout | None:
        query = select(rollouts).where(condition).order_by(rollouts.c.number.desc()).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return struct_of(row, Rollout) if row else None

    # -- deployments -----------------------------------------------------------------------------

    async def save_part(self, deployment: Deployment) -> None:
        row = msgspec.to_builtins(deployment)
        await self._connection.execute(update(deployments).where(deployments.c.id == deployment.id).values(row))

    async def part(self, id: str) -> Deployment | None:
        return await self._deployment(deployments.c.id == id)

    async def locked_part(self, id: str) -> Deployment | None:
        row = (await self._connection.execute(select(deployments).where(deployments.c.id == id).with_for_update())).mappings().first()
        return struct_of(row, Deployment) if row else None

    async def parts(self, rollout_id: str) -> Sequence[Deployment]:
        """In the order in which they go."""
        return await self._all(deployments.c.rollout_id == rollout_id, order=(deployments.c.stage, deployments.c.number))

    async def live(self, service: str, environment: str) -> Sequence[Deployment]:
        """Those of a service to an environment that are not over, oldest first. What is only planned stands in nobody's way."""
        return await self._all(deployments.c.service == service, deployments.c.environment == environment, _is_live, ~_is_plan_only)

    async def coming_betas(self, project: str, request: int) -> Sequence[Deployment]:
        """Those of a merge or pull request that are on their way to become betas."""
        of_it = select(artifacts.c.id).where(artifacts.c.project == project, artifacts.c.request == request)
        as_betas = select(rollouts.c.id).where(rollouts.c.kind == RolloutKind.BETA)
        return await self._all(_is_live, deployments.c.artifact_id.in_(of_it), deployments.c.rollout_id.in_(as_betas))

    async def following(self, project: str, request: int) -> Sequence[Deployment]:
        """Those on their way to wherever the head of a merge or pull request is."""
        of_it = select(artifacts.c.id).where(artifacts.c.project == project)
        return await self._all(_is_live, deployments.c.follows == f"!{request}", deployments.c.artifact_id.in_(of_it))

    async def requests_under_way(self, project: str) -> set[int]:
        """The merge and pull requests of a project that deploys on their way follow, or are to be betas of."""
        of_one = deployments.c.follows.like("!%") | (rollouts.c.kind == RolloutKind.BETA)
        query = (
            select(artifacts.c.request)
            .join(deployments, deployments.c.artifact_id == artifacts.c.id)
            .join(rollouts, rollouts.c.id == deployments.c.rollout_id)
            .where(artifacts.c.project == project, artifacts.c.request.is_not(None), _is_live, of_one)
        )
        return set((await self._connection.execute(query)).scalars())

    async def asked_for(self) -> Sequence[Deployment]:
        """Those that another person is, or was, asked for, and that have not begun."""
        asked = select(rollouts.c.id).where(rollouts.c.state == RolloutState.OPEN, rollouts.c.approval_id != "")
        is_ahead = deployments.c.state.in_((DeploymentState.QUEUED, DeploymentState.WAITING))
        return await self._all(deployments.c.rollout_id.in_(asked), is_ahead, deployments.c.is_wanted)

    async def waiting(self) -> Sequence[Deployment]:
        return await self._all(deployments.c.state == DeploymentState.WAITING)

    async def past(self, services: Iterable[str], environment: str | None, limit: int) -> Sequence[Deployment]:
        """The newest first, without those that were only planned."""
        wanted: list[ColumnElement[bool]] = [deployments.c.service.in_(sorted(set(services))), ~_is_plan_only]
        wanted += [deployments.c.environment == environment] if environment is not None else []
        return await self._all(*wanted, order=(deployments.c.number.desc(),), limit=limit)

    async def brought(self, service: str, environment: str, limit: int = 200) -> Sequence[Brought]:
        """What began there, or will, and was no mere plan: the last ones, oldest first."""
        columns = deployments.c
        there = (columns.service == service, columns.environment == environment, rollouts.c.plan_only.is_(False))
        counts = columns.began_at.is_not(None) | (_is_live & columns.is_wanted)
        wanted = (columns.id, columns.number, columns.rollout_id, columns.artifact_id, rollouts.c.kind, columns.state)
        query = (
            select(*wanted, columns.began_at, columns.outcome)
            .join(rollouts, rollouts.c.id == columns.rollout_id)
            .where(*there, counts)
            .order_by(columns.began_at.is_not(None), columns.began_at.desc(), columns.number.desc())
            .limit(limit)
        )
        rows = (await self._connection.execute(query)).all()
        return [_brought(row) for row in reversed(rows)]

    async def has_run(self, service: str, environment: str, artifact_id: str) -> bool:
        """Whether an artifact was brought there, ever."""
        there = (deployments.c.service == service, deployments.c.environment == environment, deployments.c.artifact_id == artifact_id)
        query = select(deployments.c.id).where(*there, deployments.c.state == DeploymentState.SUCCEEDED).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def projects_of(self, rollout_id: str, service: str | None = None) -> Sequence[str]:
        """Of that service in it, else of all, its first one's first; none when there is no such rollout."""
        there = select(artifacts.c.project).join(deployments, deployments.c.artifact_id == artifacts.c.id)
        wanted = there.where(deployments.c.rollout_id == rollout_id, *([deployments.c.service == service] if service else []))
        found = (await self._connection.execute(wanted.order_by(deployments.c.stage, deployments.c.number))).scalars()
        return tuple(dict.fromkeys(found))

    async def _deployment(self, condition: ColumnElement[bool]) -> Deployment | None:
        return next(iter(await self._all(condition, limit=1)), None)

    async def _all(
        self, *wanted: ColumnElement[bool], order: Sequence[Any] = (deployments.c.number,), limit: int | None = None
    ) -> list[Deployment]:
        query = select(deployments).where(*wanted).order_by(*order).limit(limit)
        return [struct_of(row, Deployment) for row in (await self._connection.execute(query)).mappings()]

    # -- plans -----------------------------------------------------------------------------------

    async def keep_plan(self, deployment_id: str, plan: bytes, live: bytes | None = None) -> None:
        on_conflict = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        kept = on_conflict(plans).values(deployment_id=deployment_id, plan=plan, live=live)
        again = kept.on_conflict_do_update(index_elements=["deployment_id"], set_={"plan": plan, "live": live})
        await self._connection.execute(again)

    async def plan(self, deployment_id: str) -> tuple[bytes, bytes | None] | None:
        """The plan, and what was there when it was made."""
        row = (await self._connection.execute(select(plans.c.plan, plans.c.live).where(plans.c.deployment_id == deployment_id))).first()
        return (bytes(row.plan), bytes(row.live) if row.live is not None else None) if row else None


def _brought(row: Any) -> Brought:
    return Brought(
        deployment_id=row.id,
        number=row.number,
        rollout_id=row.rollout_id,
        artifact_id=row.artifact_id,
        kind=RolloutKind(row.kind),
        state=DeploymentState(row.state),
        has_begun=row.began_at is not None,
        has_changed=row.outcome != "refused",
    )
