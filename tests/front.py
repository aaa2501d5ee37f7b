"""The web part of a test's world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from fastapi import FastAPI
from fastapi.dependencies import models
from starlette.types import Receive, Scope, Send

from bot.app.web import hearing
from bot.settings import Settings
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.web.site import site_of

_HEARD = ("/hooks/", "/console/")


class Front:
    """What is said is heard at once; the whole is made when a page or the API is first asked for, since most conversations ask for none."""

    def __init__(self, settings: Settings, store: Store, make: Callable[[], FastAPI]) -> None:
        self._inbox = Inbox(store)
        site = site_of(settings.public_url, settings.port)
        self._hearing = hearing(settings, store, self._inbox, site, FastAPI(docs_url=None, redoc_url=None, openapi_url=None))
        self._make = make
        self._whole: FastAPI | None = None
        self._making = asyncio.Lock()
        self._open = AsyncExitStack()
        self._inbox.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_heard = self._whole is None and str(scope.get("path", "")).startswith(_HEARD)
        await (self._hearing if is_heard else await self.whole())(scope, receive, send)

    async def whole(self) -> FastAPI:
        async with self._making:
            if self._whole is None:
                made = self._make()
                await self._open.enter_async_context(made.router.lifespan_context(made))
                self._whole = made
            return self._whole

    async def close(self) -> None:
        await self._open.aclose()
        await self._inbox.stop()
        for known in vars(models).values():  # it remembers the functions of each app for good, and with them all of a world
            if hasattr(known, "cache_clear"):
                known.cache_clear()
