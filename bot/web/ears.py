"""Whoever waits for answers, at a terminal, on a page or by the API: one look at the database for all of them, however many there are."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from bot.store.console import ConsoleStore, Wish

log = structlog.get_logger()

_LOOK_S = 0.05


class Ears:
    """Looks only while somebody waits."""

    def __init__(self, rows: ConsoleStore) -> None:
        self._rows = rows
        self._waiting: dict[asyncio.Event, Wish] = {}
        self._listening: asyncio.Task[None] | None = None

    async def wait(self, wish: Wish, within_s: float) -> None:
        """Return when it has come true, or after so long."""
        is_fulfilled = asyncio.Event()
        self._waiting[is_fulfilled] = wish
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="ears")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await is_fulfilled.wait()
        finally:
            del self._waiting[is_fulfilled]

    async def _listen(self) -> None:
        while self._waiting:
            try:
                fulfilled = await self._rows.fulfilled(set(self._waiting.values()))
            except Exception as error:  # noqa: BLE001 - the database may be away; whoever waits asks it once more at the end
                log.warning("ears_failed", reason=repr(error))
                fulfilled = frozenset()
            for event, wish in self._waiting.items():
                if wish in fulfilled:
                    event.set()
            await asyncio.sleep(_LOOK_S)
