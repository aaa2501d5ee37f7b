"""The product of a test on a real port, for clients that speak HTTP themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn

from bot.serving import Server

if TYPE_CHECKING:
    from tests.world import World


@asynccontextmanager
async def served(world: World, port: int = 0) -> AsyncIterator[str]:
    """Its address on this machine."""
    config = uvicorn.Config(await world.front.whole(), port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://trellis.localhost:{port}"
    finally:
        server.should_exit = True
        await serving
