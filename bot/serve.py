"""`trellis serve`: the web part as a process."""

from __future__ import annotations

import uvicorn

from bot.app import place_of, web_app
from bot.garbage import spare_what_stays
from bot.settings import Settings
from bot.store.database import Database
from bot.store.store import Store
from bot.worker.doorbell import Doorbell

_GRACE_S = 5


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: ours ask it to stop."""

    def install_signal_handlers(self) -> None:
        return


async def serve(settings: Settings) -> int:
    """Serve until cancelled; what is being written is still written."""
    doorbell = Doorbell(settings.redis)
    doorbell.start()
    store = Store(Database(settings.sql_url), doorbell.ring)
    app = web_app(settings, store, place_of(settings))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        proxy_headers=False,
    )
    server = _Server(config)
    spare_what_stays()
    try:
        await server.serve()
    finally:
        await doorbell.stop()
        await store.database.close()
    return 0 if server.started else 1
