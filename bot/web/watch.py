"""One look at the database for everybody who watches, pages and programs: what happened since, told to each stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from bot.store import audit, overview
from bot.store.audit import Entry
from bot.store.overview import Change
from bot.store.store import Store

log = structlog.get_logger()

PACE_S = 0.5
_MOST_WAITING = 200
WINDOW = 64  # transactions may commit in another order than they took their numbers
_MOST_OF_ONE = 20
T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """`changes` of environments, the threads in which something was said, and all that happened as it is written down."""

    changes: tuple[Change, ...] = ()
    threads: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()

    @property
    def is_none(self) -> bool:
        return not (self.changes or self.threads or self.entries)


class TooMany(Exception):  # noqa: N818 - it is an answer
    """Somebody has as many streams of this process as one person may have."""


class Mark(Generic[T]):
    """How far numbered rows were read: what is new among them, also what comes late with a lower number."""

    def __init__(self, newest: int) -> None:
        self._newest = self._began = newest
        self._seen: set[tuple[int, T]] = set()

    @property
    def after(self) -> int:
        return max(self._began, self._newest - WINDOW)

    def fresh(self, found: Sequence[tuple[int, T]]) -> list[T]:
        new = [each for each in found if each not in self._seen]
        self._newest = max([self._newest, *(number for number, _ in found)])
        self._seen = {each for each in (*self._seen, *found) if each[0] > self.after}
        return [value for _, value in new]


@dataclass(eq=False)
class Watcher:
    """A stream's own queue. One that nobody reads is ended, its browser will come again."""

    whose: str = ""
    news: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))

    def tell(self, news: News | None) -> None:
        try:
            self.news.put_nowait(news)
        except asyncio.QueueFull:
            while not self.news.empty():
                self.news.get_nowait()
            self.news.put_nowait(None)


class Watch:
    """Looks only while somebody watches. `most` streams of one person, in each process."""

    def __init__(self, store: Store, pace_s: float = PACE_S, most: int = _MOST_OF_ONE) -> None:
        self._store = store
        self._pace_s = pace_s
        self._most = most
        self._is_looking = asyncio.Event()
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def must_have_room(self, whose: str) -> None:
        """Raises TooMany."""
        if whose and sum(each.whose == whose for each in self._watchers) >= self._most:
            raise TooMany(whose)

    async def until_looking(self, within_s: float) -> bool:
        """Whether everything that happens from now on will be told; not while the database is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._is_looking.wait()
        return self._is_looking.is_set()

    @asynccontextmanager
    async def watching(self, whose: str = "") -> AsyncIterator[Watcher]:
        """A stream of somebody (an identity). Raises TooMany."""
        self.must_have_room(whose)
        watcher = Watcher(whose)
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
                self._is_looking.clear()

    def close(self) -> None:
        """End every stream: we are stopping."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.tell(None)

    async def _look_for_ever(self) -> None:
        marks: tuple[Mark[int], Mark[str]] | None = None
        while True:
            try:
                async with self._store.look() as look:
                    if marks is None:
                        newest, word = await overview.newest_change(look.connection), await overview.newest_word(look.connection)
                        marks = Mark(max(0, newest - WINDOW)), Mark(word)
                        marks[0].fresh([(each.id, each.id) for each in await audit.after(look.connection, marks[0].after)])
                    happened, words = marks
                    found = await audit.after(look.connection, happened.after)
                    fresh = set(happened.fresh([(each.id, each.id) for each in found]))
                    spoken = words.fresh(await overview.spoken(look.connection, words.after))
                self._is_looking.set()
                self._tell(_news([each for each in found if each.id in fresh], frozenset(spoken)))
            except Exception as error:  # noqa: BLE001 - the database may be away; streams stay open until it is back
                log.warning("watch_failed", reason=repr(error))
            await asyncio.sleep(self._pace_s)

    def _tell(self, news: News) -> None:
        if not news.is_none:
            for watcher in self._watchers:
                watcher.tell(news)


def _news(entries: Sequence[Entry], threads: frozenset[str]) -> News:
    changes = (Change(each.id, each.event.environment_id, each.event.project) for each in entries if each.event.environment_id is not None)
    return News(tuple(changes), threads, tuple(entries))


async def next_news(watcher: Watcher, within_s: float) -> News | None:
    """What is told next; empty when nothing is within that time, None at the end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            return await watcher.news.get()
    return News()
