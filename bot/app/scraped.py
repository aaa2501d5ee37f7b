"""A worker's own port, where it is wanted: its metrics, and whether it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.serving import Server
from bot.settings import MetricsSettings
from bot.web.metrics import Readers, closed, exposition

log = structlog.get_logger()


def scraped_app(readers: Readers, is_well: Callable[[], bool]) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not readers.may_read(request):
            return closed()
        return exposition(request.headers.get("accept", ""))

    @app.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok\n") if is_well() else PlainTextResponse("it has not told the database of itself for a while\n", 503)

    return app


@asynccontextmanager
async def scraped(settings: MetricsSettings, is_well: Callable[[], bool]) -> AsyncIterator[None]:
    """Listen as long as the block runs. A port that is taken is told of, and the work goes on without."""
    if not settings.worker_port:
        yield
        return
    app = scraped_app(Readers(settings.token.get_secret_value()), is_well)
    quiet: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off", "proxy_headers": False}
    config = uvicorn.Config(app, host=settings.worker_host, port=settings.worker_port, **quiet)
    server = Server(config)
    serving = asyncio.create_task(_serve(server, settings.worker_port), name="metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _serve(server: uvicorn.Server, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that it cannot listen
        log.warning("metrics_port_taken", port=port)
