"""Deployments that wait: who, and to be looked at now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Deployment, DeploymentState, Waits
from bot.store.deploy_tables import deployments, rollouts
from bot.store.rows import struct_of

_is_waiting = deployments.c.state == DeploymentState.WAITING
_has_not_begun = deployments.c.state.in_([DeploymentState.QUEUED, DeploymentState.WAITING])
_is_at_work = deployments.c.state.in_([DeploymentState.RUNNING, DeploymentState.VERIFYING])


class Waiting:
    """What is asked of the table inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def all(self, *waits: Waits) -> Sequence[Deployment]:
        """Those that wait for any of these, those first that asked first."""
        query = select(deployments).where(_is_waiting, deployments.c.waits_for.in_(waits)).order_by(deployments.c.number)
        return [struct_of(row, Deployment) for row in (await self._connection.execute(query)).mappings()]

    async def planning(self) -> Sequence[Deployment]:
        """Those that are on their way to begin, those first that asked first. What is only planned goes nowhere."""
        is_coming = (deployments.c.due_at.is_not(None), deployments.c.state == DeploymentState.QUEUED, deployments.c.is_wanted)
        only = exists().where(rollouts.c.id == deployments.c.rollout_id, rollouts.c.plan_only)
        query = select(deployments).where(*is_coming, ~only).order_by(deployments.c.number)
        return [struct_of(row, Deployment) for row in (await self._connection.execute(query)).mappings()]

    async def of_artifact(self, artifact_id: str) -> Sequence[Deployment]:
        """Those of an artifact that have not begun."""
        query = select(deployments).where(_has_not_begun, deployments.c.artifact_id == artifact_id).order_by(deployments.c.number)
        return [struct_of(row, Deployment) for row in (await self._connection.execute(query)).mappings()]

    async def at_work(self) -> Sequence[Deployment]:
        """Those that have begun and are not over."""
        query = select(deployments).where(_is_at_work).order_by(deployments.c.number)
        return [struct_of(row, Deployment) for row in (await self._connection.execute(query)).mappings()]

    async def call(self, ids: Iterable[str]) -> Sequence[str]:
        """Have those of them that wait looked at now; which those were. One that somebody is just writing is looked at anyway."""
        theirs = select(deployments.c.id).where(_is_waiting, deployments.c.id.in_(sorted(set(ids))))
        free = list((await self._connection.execute(theirs.with_for_update(skip_locked=True))).scalars())
        await self._connection.execute(update(deployments).where(deployments.c.id.in_(free)).values(due_at=self._now))
        return free
