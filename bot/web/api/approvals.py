"""What waits for another person's word. It is given as everywhere: by saying `/ivy approve ID` or `/sled reject ID`."""

from __future__ import annotations

from fastapi import APIRouter

from bot.domain.approval import DEPLOY, Approval
from bot.store.transaction import Transaction
from bot.web.api.caller import Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import ApprovalList, ApprovalShape, approval_shape


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["approvals"])

    @routes.get("/approvals")
    async def approvals(caller: Reader) -> ApprovalList:
        """Those that are open, the oldest first."""
        projects = (await parts.sight.of(caller.person)).projects
        async with parts.store.look() as look:
            found = [each for each in await look.approvals.open(look.now) if each.project in projects]
            shapes = [shape for each in found if (shape := await _shape(each, look, projects, parts))]
        return ApprovalList(approvals=shapes)

    return routes


async def _shape(it: Approval, look: Transaction, projects: frozenset[str], parts: Parts) -> ApprovalShape | None:
    """None for a deploy that also brings what one may not see."""
    if it.kind != DEPLOY:
        environment = await look.environments.get(it.environment_id)
        return approval_shape(it, environment.slug, parts.approvers.of_life(environment, it.person)) if environment else None
    rollout, known = await look.rollouts.get(it.environment_id), parts.catalogue.services
    services = {each.service for each in await look.rollouts.parts(it.environment_id)}
    if rollout is None or not all(name in known and known[name].project in projects for name in services):
        return None
    return approval_shape(it, rollout.environment, parts.approvers.of_deploy(services, rollout.environment, it.person), rollout.number)
