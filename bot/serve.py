"""`trellis serve`: the web part as a process."""

from __future__ import annotations

import asyncio

import uvicorn

from bot.app.edges import holder_name
from bot.app.engines import place_of
from bot.app.github import access_of
from bot.app.traces import traced
from bot.app.web import web_app
from bot.garbage import spare_what_stays
from bot.serving import Server
from bot.settings import Settings
from bot.store.database import Database
from bot.store.store import Store
from bot.worker.doorbell import Doorbell

_GRACE_S = 5


async def serve(settings: Settings) -> int:
    """Serve until cancelled; what is being written is still written."""
    async with traced(settings, f"web:{holder_name()}"):
        return await _serve(settings)


async def _serve(settings: Settings) -> int:
    doorbell = Doorbell(settings.redis)
    doorbell.start()
    store = Store(Database(settings.sql_url), doorbell.ring)
    github = access_of(settings)
    app = web_app(settings, store, place_of(settings, store, github), github)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # its lines go the way of all others
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        proxy_headers=False,
    )
    server = Server(config)
    spare_what_stays()
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        app.state.watch.close()  # streams never end by themselves
        server.should_exit = True
        await serving
        raise
    finally:
        await doorbell.stop()
        await store.database.close()
    return 0 if server.started else 1
