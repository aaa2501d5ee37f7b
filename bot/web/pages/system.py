"""How the machinery is, for operators: queues, posts that nobody could deliver, workers, what is in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from bot.replies.alarms import stands
from bot.replies.strays import KINDS
from bot.store import health
from bot.web.pages import frame
from bot.web.pages.parts import Check, Parts
from bot.web.session import User

log = structlog.get_logger()

_PATIENCE_S = 3.0


async def _ask(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the operator came to see
        log.warning("part_not_well", part=name, reason=repr(error))
        return str(error) or type(error).__name__
    return "ok"


async def asked(checks: Mapping[str, Check]) -> Mapping[str, str]:
    words = await asyncio.gather(*(_ask(name, check) for name, check in checks.items()))
    return dict(zip(checks, words, strict=True))


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/system")
    async def system(user: User) -> Response:
        view = await parts.sight.of(user.person)
        if not view.is_operator:
            return frame.for_operators(user, view)
        async with parts.store.look() as look:
            found = await health.health(look.connection, look.now)
            alarms = [stands(each) for each in await look.alarms.open()]
            bakes = await look.bakes.current(), next(iter(await look.bakes.recent(1)), None)
        told: dict[str, Any] = {"health": found, "kinds": KINDS, "alarms": alarms, "bakes": bakes, "parts": await asked(parts.checks)}
        return frame.page("system.html", user, "/system", view, **told)

    return routes
