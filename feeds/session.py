"""All that is heard of one source: its connections, one after the other and two while they change; which instruments; their tracks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable

import structlog

from feeds import meters
from feeds.events import Stream
from feeds.exchanges import dialect
from feeds.exchanges.dialect import Said
from feeds.instrument_tracks import Before, InstrumentTracks, Told
from feeds.line import Line, LineBroken
from feeds.publisher import Publisher
from feeds.rebuilding import Rebuilding
from feeds.settings import FeedsSettings, Source

_log = structlog.get_logger()
_TICK_S = 0.05
_AGAIN_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

LookBefore = Callable[[str], Awaitable[Before]]


class Session:
    """`before` tells what was published of an instrument by whoever was leader before."""

    def __init__(self, source: Source, settings: FeedsSettings, publisher: Publisher, before: LookBefore) -> None:
        self.source = source
        self.dialect = dialect(source.exchange, source.market)
        self.tracks: dict[str, InstrumentTracks] = {}
        self.lines: list[Line] = []
        self.refused: dict[str, str] = {}
        self.rollovers = 0
        self._settings, self._publisher, self._before = settings, publisher, before
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._roll = asyncio.Event()
        self._rebuilding = Rebuilding(self)
        self._labels = (source.name, source.market)

    @property
    def is_live(self) -> bool:
        return any(line.is_open and line.topics for line in self.lines)

    def hears(self, instrument: str) -> bool:
        """Whether all that is said of it is heard now."""
        tracks = self.tracks.get(instrument)
        return self.is_live and tracks is not None and instrument not in self.refused and not tracks.depth.wants_whole

    async def want(self, instruments: Iterable[str]) -> None:
        """Follow these and no others; connections stay, and so do the other subscriptions."""
        wanted = frozenset(instruments)
        for instrument in sorted(wanted - self.tracks.keys()):
            before = await self._before(instrument)
            self.tracks[instrument] = InstrumentTracks(has_numbered_trades=self.dialect.has_numbered_trades, before=before)
        for instrument in self.tracks.keys() - wanted:
            del self.tracks[instrument]
        self._wanted = wanted
        self._changed.set()

    def roll(self) -> None:
        """Exchange the connection for a new one, without a gap: before maintenance, or because somebody asks."""
        self._roll.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            tasks.create_task(self._follow())
            tasks.create_task(self._rebuilding.run())
            try:
                await self._keep()
            finally:
                for line in self.lines:
                    await line.close()

    async def _keep(self) -> None:
        tries = 0
        while True:
            await self._until(lambda: bool(self._wanted))
            line = await self._connect()
            if line is None:
                await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
                tries += 1
                continue
            tries = 0
            while line.is_open and self._wanted:
                await self._until_due(line)
                if line.is_open and self._wanted:
                    line = await self._exchange_for_new(line)
            await self._drop(line)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def _connect(self) -> Line | None:
        line = Line(self.source, self.dialect, self._hear, self._malformed)
        self.lines.append(line)
        try:
            await line.open()
            await line.follow(self._topics())
        except LineBroken as problem:
            _log.warning("feed_line_failed", source=self.source.name, market=self.source.market, problem=str(problem))
            meters.line_failures.labels(*self._labels).inc()
            await self._drop(line)
            return None
        meters.lines_opened.labels(*self._labels).inc()
        self._note_refused(line)
        return line

    async def _drop(self, line: Line) -> None:
        self.lines.remove(line)
        if not self.is_live:
            at = time.time_ns()
            for tracks in self.tracks.values():
                tracks.broken(at)
        await line.close()

    async def _until_due(self, line: Line) -> None:
        """Until the connection is closed, old, asked to be exchanged, about to be closed by the exchange, or of no use."""
        left_s = max(0.0, line.opened_at + self._settings.rollover_s - time.monotonic())
        unwanted = self._until(lambda: not self._wanted)
        waits = [asyncio.ensure_future(each) for each in (line.closed.wait(), line.leaving.wait(), self._roll.wait(), unwanted)]
        try:
            await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        self._roll.clear()

    async def _exchange_for_new(self, old: Line) -> Line:
        """Make before break: the old one stays until the new one has everything, and for as long as messages may be on their way."""
        new = await self._connect()
        if new is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S[3]):
                    await old.closed.wait()
            return old
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.overlap_s):
                await new.closed.wait()
        if not new.is_open:
            await self._drop(new)
            return old
        await self._drop(old)
        self.rollovers += 1
        meters.rollovers.labels(*self._labels).inc()
        return new

    async def _follow(self) -> None:
        """Bring each connection to what is wanted, whenever that changes."""
        done: frozenset[str] = frozenset()
        while True:
            await self._until(lambda: self._wanted != done)  # noqa: B023 - asked before it is set anew
            done = self._wanted
            for line in [each for each in self.lines if each.is_open and each.topics]:
                try:
                    await line.follow(self._topics())
                    self._note_refused(line)
                except LineBroken:
                    line.closed.set()  # nobody knows what it is subscribed to: another is opened

    def _topics(self) -> list[str]:
        return [topic for instrument in sorted(self._wanted) for topic in self.dialect.topics(instrument)]

    def _note_refused(self, line: Line) -> None:
        named = {topic: instrument for instrument in self._wanted for topic in self.dialect.topics(instrument)}
        self.refused = {named[topic]: problem for topic, problem in line.refused.items() if topic in named}

    async def give_up(self, instrument: str, line: Line, problem: str) -> None:
        """The exchange does not have it: it is asked for no more until another connection is made."""
        with contextlib.suppress(LineBroken):
            await line.give_up(self.dialect.topics(instrument), problem)
        self._note_refused(line)

    def _hear(self, line: Line, heard: Said) -> None:
        del line
        tracks = self.tracks.get(heard.instrument)
        if tracks is not None:
            self.tell(heard.instrument, tracks.take(heard))

    def _malformed(self, problem: str) -> None:
        meters.malformed.labels(*self._labels).inc()
        _log.warning("feed_malformed", source=self.source.name, market=self.source.market, problem=problem[:200])

    def tell(self, instrument: str, told: Told) -> None:
        """Publish what the tracks gave."""
        for kind, events in told:
            if events:
                self._publisher.put(Stream(self.source.name, self.source.market, instrument, kind), events)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            at = time.time_ns()
            for instrument, tracks in self.tracks.items():
                self.tell(instrument, tracks.tick(at))
            self._rebuilding.look()
