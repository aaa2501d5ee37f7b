"""What waits for another person's word. It is given as everywhere: by saying `/ivy approve ID` or `/ivy reject ID`."""

from __future__ import annotations

from fastapi import APIRouter

from bot.web.api.caller import Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import ApprovalList, approval_shape


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["approvals"])

    @routes.get("/approvals")
    async def approvals(caller: Reader) -> ApprovalList:
        """Those that are open, the oldest first."""
        projects = (await parts.sight.of(caller.person)).projects
        async with parts.store.look() as look:
            found = [each for each in await look.approvals.open(look.now) if each.project in projects]
            slugs = {each.environment_id: await look.environments.get(each.environment_id) for each in found}
        named = {id_: it.slug for id_, it in slugs.items() if it}
        return ApprovalList(approvals=[approval_shape(each, named.get(each.environment_id, "")) for each in found])

    return routes
