"""Books that are to be had anew: asked for by REST, or by beginning the subscription again; later each time it does not help."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from feeds.events import Kind
from feeds.exchanges.dialect import Asking, Malformed
from feeds.line import Line, LineBroken, NotListed

if TYPE_CHECKING:
    from feeds.session import Session

_log = structlog.get_logger()
_AGAIN_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_PATIENCE_S = 2.0
"""How long a subscription that is new may take to bring its book."""
_COUNTS_ANEW = 5
"""After so many snapshots that are older than what was published, the exchange must have begun to count anew."""


class Rebuilding:
    """Belongs to a session; `look` finds what is due, `run` waits for what was begun."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._tries: dict[str, int] = {}

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for each in self._tasks.values():
                each.cancel()

    def look(self) -> None:
        for instrument, tracks in self._session.tracks.items():
            if not tracks.depth.wants_whole:
                self._tries.pop(instrument, None)
            elif instrument not in self._tasks and (line := self._line(instrument)):
                task = asyncio.create_task(self._rebuild(instrument, line))
                self._tasks[instrument] = task
                task.add_done_callback(partial(self._done, instrument))

    def _done(self, instrument: str, task: asyncio.Task[None]) -> None:
        del self._tasks[instrument]
        if not task.cancelled() and (problem := task.exception()):
            _log.error("feed_rebuild_failed", instrument=instrument, exc_info=problem)

    def _line(self, instrument: str) -> Line | None:
        topic = self._session.dialect.depth_topic(instrument)
        return next((line for line in reversed(self._session.lines) if line.is_open and topic in line.topics), None)

    async def _rebuild(self, instrument: str, line: Line) -> None:
        tries = self._tries.get(instrument, 0)
        self._tries[instrument] = tries + 1
        try:
            if asking := self._session.dialect.asking:
                await self._by_asking(asking, instrument, line, tries)
            else:
                await self._by_subscription(instrument, line, tries)
        except (LineBroken, Malformed):
            pass  # it is still wanted, and looked at again
        except NotListed as what:
            await self._session.give_up(instrument, line, str(what))
            return
        tracks = self._session.tracks.get(instrument)
        if tracks is not None and tracks.depth.wants_whole:
            await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])

    async def _by_asking(self, asking: Asking, instrument: str, line: Line, tries: int) -> None:
        answer = await line.ask(asking, instrument)
        book = asking.read(answer, time.time_ns())
        if (tracks := self._session.tracks.get(instrument)) is not None:
            self._session.tell(instrument, [(Kind.DEPTH, tracks.depth.whole(book, is_restart=tries >= _COUNTS_ANEW))])

    async def _by_subscription(self, instrument: str, line: Line, tries: int) -> None:
        tracks = self._session.tracks[instrument]
        if tries or tracks.depth.has_followed:  # else the subscription is new, and its book on the way
            await line.again(self._session.dialect.depth_topic(instrument))
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and tracks.depth.wants_whole:  # noqa: ASYNC110 - depth is pure and tells nobody
            await asyncio.sleep(0.02)
