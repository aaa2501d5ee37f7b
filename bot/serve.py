"""`trellis serve`: the web part as a process."""

from __future__ import annotations

import gc

import uvicorn

from bot.app import place_of, web_app
from bot.settings import Settings
from bot.store.database import Database
from bot.store.store import Store
from bot.worker.doorbell import Doorbell

_GRACE_S = 5
_LOOK_FOR_GARBAGE_AT = 20_000  # objects; requests that wait for one commit together make several thousand


def _spare_the_collector() -> None:
    """What was loaded stays for good, and requests that wait are no garbage: looking for it among them cost a third of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_FOR_GARBAGE_AT, 20, 20)


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
    _spare_the_collector()
    try:
        await server.serve()
    finally:
        await doorbell.stop()
        await store.database.close()
    return 0 if server.started else 1
