"""The API as an app of its own under /api/v1, with its description at /api/v1/openapi.json."""

from __future__ import annotations

import secrets

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.api import approvals, artifacts, commands, costs, environments, events, market_data, tokens, trading
from bot.web.api.caller import Callers
from bot.web.api.parts import Parts
from bot.web.api.shapes import ProblemShape
from bot.web.problem import Problem
from bot.web.session import SignIn, install

log = structlog.get_logger()

MOST_BYTES = 256 * 1024
_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": ProblemShape, "content": {"application/problem+json": {}}, "description": words}
    for status, words in (
        (400, "It cannot be read"),
        (401, "Nobody is signed in"),
        (403, "Not allowed"),
        (404, "Not here"),
        (409, "Something else is there already"),
        (413, "Too large"),
        (422, "Not understood"),
        (429, "Too many requests"),
        (503, "Not now"),
    )
}


class Small:
    """Bodies are small here: what is larger is not read to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def measured() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(413, "The body is larger than 256 KiB.")
            return message

        await self._app(scope, measured, send)


async def _on_not_understood(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # Words of our own come as those of a ValueError.
    told = [(each["loc"], str(each["msg"]).removeprefix("Value error, ")) for each in error.errors()]
    found = [{"at": ".".join(str(part) for part in place), "detail": detail} for place, detail in told]
    first = f"{found[0]['at']}: {found[0]['detail']}" if found else "It cannot be read."
    return Problem(422, "not_understood", first, errors=found).response()


async def _on_our_fault(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("api_failed", path=request.url.path, reference=reference, exc_info=error)
    return Problem(500, "our_fault", f"That was our fault. Its reference in the log: {reference}").response()


def api_app(parts: Parts, callers: Callers, sign_in: SignIn) -> FastAPI:
    app = FastAPI(title="Trellis", version="1", docs_url=None, redoc_url=None, responses=_PROBLEMS)
    install(app, sign_in)
    app.state.callers = callers
    for each in (approvals, artifacts, commands, costs, environments, events, market_data, tokens, trading):
        app.include_router(each.router(parts))
    app.add_exception_handler(RequestValidationError, _on_not_understood)
    app.add_exception_handler(Exception, _on_our_fault)
    app.add_middleware(Small)
    return app
