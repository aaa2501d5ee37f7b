"""A merge or pull request that is over: what follows it and has not begun does not begin, and its betas end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bot.context_ports import Forge, ForgeUnavailable, Runtime
from bot.domain.catalogue import Catalogue
from bot.domain.deployment import Deployment
from bot.domain.message import BranchDeleted, RequestClosed
from bot.domain.project import ForgeKind, Project, RequestEnd
from bot.gates import Gates
from bot.moved_on import stop_with_request
from bot.replies.deploy_approval import request_is_over
from bot.store.store import Store
from bot.worker.betas import Betas

log = structlog.get_logger()


@dataclass(frozen=True)
class Asked:
    """Whom no transaction waits for, asked before a deployment begins."""

    gates: Gates
    requests: Requests


class Requests:
    """Events only say 'look there': what is done goes by what the forge says now."""

    def __init__(
        self, store: Store, runtime: Runtime, forges: Mapping[ForgeKind, Forge], projects: Mapping[str, Project], catalogue: Catalogue
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._forges = forges
        self._projects = projects
        self._betas = Betas(catalogue)

    async def happened(self, event: RequestClosed | BranchDeleted) -> None:
        """Raises ForgeUnavailable, RuntimeUnavailable."""
        project = self._projects.get(event.project)
        if project is None:
            return
        for number in sorted(await self._meant(event)):
            if (end := await self._end_of(project, number, event)) is not None:
                await self._is_over(project.key, number, end)

    async def begins(self, deployment: Deployment) -> None:
        """Asked before one begins: it may have been said of a request that is over, and no forge tells of one that is deleted.

        A forge that is away stops nothing.
        """
        if deployment.request is None:
            return
        async with self._store.look() as look:
            artifact = await look.artifacts.get(deployment.artifact_id)
        project = self._projects.get(artifact.project) if artifact else None
        if project is None:
            return
        try:
            end = await self._end_of(project, deployment.request, None)
        except ForgeUnavailable as error:
            log.warning("request_not_asked", project=project.key, request=deployment.request, reason=str(error))
            return
        if end is not None:
            await self._is_over(project.key, deployment.request, end)

    async def _meant(self, event: RequestClosed | BranchDeleted) -> set[int]:
        async with self._store.look() as look:
            known = await look.rollouts.requests_under_way(event.project) | await look.slots.requests_of_betas(event.project)
        return known & {event.number} if isinstance(event, RequestClosed) else known

    async def _end_of(self, project: Project, number: int, event: RequestClosed | BranchDeleted | None) -> RequestEnd | None:
        """None while it is open; of a branch that was deleted, as git says it."""
        forge = self._forges.get(project.forge)
        if forge is None:
            return None
        request = await forge.change_request(project, number)
        if request is None:
            return RequestEnd.GONE
        if isinstance(event, BranchDeleted) and request.is_open and not request.is_fork and request.ref == event.ref:
            return RequestEnd.BRANCH_GONE if await self._runtime.head(project, request.ref) is None else None
        return request.end

    async def _is_over(self, project: str, number: int, end: RequestEnd) -> None:
        """What is merged is what was asked for all the same; only a beta is none any more."""
        how = request_is_over(number, end)
        async with self._store.transaction() as transaction:
            await transaction.lock_beginnings()
            if end is not RequestEnd.MERGED:
                for part in await transaction.rollouts.following(project, number):
                    await stop_with_request(transaction, part, number, how)
            await self._betas.over(project, number, how, transaction)
