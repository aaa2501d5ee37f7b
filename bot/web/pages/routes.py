"""All pages together."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.web.pages import (
    approvals,
    chat,
    cost,
    create,
    deploys,
    environment,
    frame,
    listing,
    live,
    locking,
    records,
    saying,
    services,
    shared,
    system,
    trading_key,
)
from bot.web.pages.parts import Parts
from bot.web.pages.trading_key import KeyReading


class Static(StaticFiles):
    """Files of ours. Their addresses change with their content, so a browser may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code == 200 and Request(scope).query_params.get("v"):
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def static_files() -> Static:
    return Static(directory=frame.STATIC)


def router(parts: Parts, keys: KeyReading) -> APIRouter:
    routes = APIRouter()
    routes.include_router(trading_key.router(parts, keys))
    for each in (listing, environment, create, shared, locking, services, deploys, chat, approvals, cost, records, system):
        routes.include_router(each.router(parts))
    routes.include_router(saying.router(parts.saying))
    routes.include_router(live.router(parts.watch, parts.sight))
    return routes
