"""One look at the database for everybody who watches: what happened since, told to each stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from bot.store import overview
from bot.store.overview import Change
from bot.store.store import Store

log = structlog.get_logger()

PACE_S = 0.5
_MOST_WAITING = 200
_WINDOW = 64  # transactions may commit in another order than they took their numbers
T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """`changes` of environments, and the threads in which something was said."""

    changes: tuple[Change, ...] = ()
    threads: frozenset[str] = frozenset()


class Mark(Generic[T]):
    """How far numbered rows were read: what is new among them, also what comes late with a lower number."""

    def __init__(self, newest: int) -> None:
        self._newest = self._began = newest
        self._seen: set[tuple[int, T]] = set()

    @property
    def after(self) -> int:
        return max(self._began, self._newest - _WINDOW)

    def fresh(self, found: Sequence[tuple[int, T]]) -> list[T]:
        new = [each for each in found if each not in self._seen]
        self._newest = max([self._newest, *(number for number, _ in found)])
        self._seen = {each for each in (*self._seen, *found) if each[0] > self.after}
        return [value for _, value in new]


@dataclass(eq=False)
class Watcher:
    """A stream's own queue. One that nobody reads is ended, its browser will come again."""

    news: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))

    def tell(self, news: News | None) -> None:
        try:
            self.news.put_nowait(news)
        except asyncio.QueueFull:
            while not self.news.empty():
                self.news.get_nowait()
            self.news.put_nowait(None)


class Watch:
    """Looks only while somebody watches."""

    def __init__(self, store: Store, pace_s: float = PACE_S) -> None:
        self._store = store
        self._pace_s = pace_s
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watcher]:
        watcher = Watcher()
        if self._is_closed:
            watcher.tell(None)
        self._watchers.add(watcher)
        if self._task is None and not self._is_closed:
            self._task = asyncio.create_task(self._look_for_ever(), name="watch")
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers and self._task:
                self._task.cancel()
                self._task = None

    def close(self) -> None:
        """End every stream: we are stopping."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.tell(None)

    async def _look_for_ever(self) -> None:
        marks: tuple[Mark[Change], Mark[str]] | None = None
        while True:
            try:
                async with self._store.look() as look:
                    if marks is None:
                        newest, word = await overview.newest_change(look.connection), await overview.newest_word(look.connection)
                        marks = Mark(newest), Mark(word)
                    changes, words = marks
                    fresh = changes.fresh([(each.id, each) for each in await overview.changes(look.connection, changes.after)])
                    spoken = words.fresh(await overview.spoken(look.connection, words.after))
                self._tell(News(tuple(fresh), frozenset(spoken)))
            except Exception as error:  # noqa: BLE001 - the database may be away; streams stay open until it is back
                log.warning("watch_failed", reason=repr(error))
            await asyncio.sleep(self._pace_s)

    def _tell(self, news: News) -> None:
        if news.changes or news.threads:
            for watcher in self._watchers:
                watcher.tell(news)


async def next_news(watcher: Watcher, within_s: float) -> News | None:
    """What is told next; empty when nothing is within that time, None at the end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            return await watcher.news.get()
    return News()
