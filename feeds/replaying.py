"""Replays: what was recorded of a time, told again to one environment, at its own pace and between exact moments."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import structlog
from nats import errors
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from feeds.book import Levels
from feeds.coverage import Coverage
from feeds.events import Anything, Batch, Book, Change, Gap, Kind, Mark, Reason, Stream, decode
from feeds.house import RECORDING
from feeds.interest import Interest, Replay, Wanted
from feeds.interests import Interests
from feeds.lease import Lease
from feeds.publisher import Publisher
from feeds.report import Replayed
from feeds.resting import heed, rest

_log = structlog.get_logger()
_LOOK_S = 0.25
_LOOK_BACK_NS = 120_000_000_000
"""So long before its start the recording is read, for the book as it was at the start."""
_LATE_NS = 10_000_000_000
"""An event is recorded at most so long after it was heard: NATS may have been away."""
_QUIET_S = 2.0
_Asked = tuple[tuple[Wanted, ...], Replay | None]


class Replaying:
    """One task for each environment that asks for a replay; begun anew when it asks for another."""

    def __init__(self, client: Client, jetstream: JetStreamContext, interests: Interests, lease: Lease) -> None:
        self._client, self._jetstream, self._interests, self._lease = client, jetstream, interests, lease
        self._tasks: dict[str, tuple[_Asked, asyncio.Task[None]]] = {}
        self._progress: dict[str, Replayed] = {}

    def progress(self, environment: str) -> Replayed | None:
        return self._progress.get(environment)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._look()
                await rest(_LOOK_S)
        finally:
            for _, task in self._tasks.values():
                task.cancel()

    def _look(self) -> None:
        wanted = {name: _asked(each) for name, each in self._interests.all.items()}
        for name, (asked, task) in list(self._tasks.items()):
            if wanted.get(name) != asked:
                task.cancel()
                del self._tasks[name]
                self._progress.pop(name, None)
        for name, asked in wanted.items():
            instruments, replay = asked
            if name not in self._tasks and replay:
                self._tasks[name] = (asked, asyncio.create_task(self._replay(name, instruments, replay)))

    async def _replay(self, environment: str, wanted: tuple[Wanted, ...], replay: Replay) -> None:
        publisher = Publisher(self._client, self._lease.epoch, lambda: self._lease.is_valid, f"market.replay.{environment}")
        sending = asyncio.create_task(publisher.run())
        progress = self._progress[environment] = Replayed(replay.start, replay.end, replay.speed, replay.start)
        try:
            await _tell(self._recorded(wanted, replay), Past(wanted, replay), publisher, progress)
            _log.info("feeds_replayed", environment=environment)
        except (errors.Error, OSError, TimeoutError) as problem:
            progress.problem = f"NATS broke off: {str(problem) or type(problem).__name__}"
            _log.warning("feeds_replay_failed", environment=environment, exc_info=True)
        finally:
            sending.cancel()

    async def _recorded(self, wanted: tuple[Wanted, ...], replay: Replay) -> AsyncIterator[tuple[Stream, Batch]]:
        """Messages of the time and of a while before, in the order in which they were recorded."""
        start = datetime.fromtimestamp((replay.start - _LOOK_BACK_NS) / 1e9, UTC)
        subscription = await self._jetstream.subscribe(
            "market.data.>",
            stream=RECORDING,
            ordered_consumer=True,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_TIME,
                opt_start_time=start.isoformat().replace("+00:00", "Z"),
            ),
        )
        subjects = {(each.source, each.market, each.instrument) for each in wanted}
        try:
            while True:
                heed()
                with contextlib.suppress(errors.TimeoutError):
                    message = await subscription.next_msg(timeout=_QUIET_S)
                    stream = Stream.of(message.subject)
                    if message.metadata.timestamp.timestamp() * 1e9 > replay.end + _LATE_NS:
                        return
                    if stream[:3] in subjects:
                        yield stream, decode(message.data)
                    if message.metadata.num_pending == 0 and time.time_ns() > replay.end + _LATE_NS:
                        return
                    continue
                if time.time_ns() > replay.end + _LATE_NS:
                    return
        finally:
            await subscription.unsubscribe()


def _asked(interest: Interest) -> _Asked:
    """Another password is no other replay, nor is it to hear what is live besides."""
    return interest.wanted, interest.replay


async def _tell(recorded: AsyncIterator[tuple[Stream, Batch]], past: Past, publisher: Publisher, progress: Replayed) -> None:
    """Publish what lies in the time, as long after its start as it was then, divided by the speed."""
    began = time.monotonic()

    async def publish(events: Sequence[tuple[Stream, Anything]]) -> None:
        for stream, event in events:
            if progress.speed:
                due = began + (event.at - progress.start) / 1e9 / progress.speed
                if (left := due - time.monotonic()) > 0:
                    await rest(left)
            publisher.put(stream, [event])
            progress.events += not isinstance(event, Gap) or event.reason != Reason.NOT_RECORDED
            progress.gaps += isinstance(event, Gap)
            progress.reached = max(progress.reached, event.at)

    async for stream, batch in recorded:
        await publish(past.take(stream, batch))
        await asyncio.sleep(0)
    await publish(past.rest())
    await publisher.until_idle()
    progress.reached, progress.is_over = progress.end, True


class Past:
    """Cuts what was recorded to its time, and names what of it was not recorded. Pure."""

    def __init__(self, wanted: Sequence[Wanted], replay: Replay) -> None:
        self._replay = replay
        self._coverage = Coverage(wanted, replay)
        self._books: dict[Stream, Levels] = {}
        self._begun: set[Stream] = set()
        self._reached: dict[Stream, int] = {}

    def take(self, stream: Stream, batch: Batch) -> list[tuple[Stream, Anything]]:
        """The events of the time; before the first of a book's, the book as it was, and a gap where the recording has a hole."""
        missed: list[tuple[Stream, Anything]] = [*self._coverage.saw(stream, batch)]
        if stream.kind == Kind.MARK:
            return [*missed, *(each for event in batch.events if isinstance(event, Mark) for each in self._marked(stream, event))]
        hole = self._hole(stream, batch)
        ready: list[Anything] = []
        for event in batch.events:
            if event.at < self._replay.start:
                self._remember(stream, event)
            elif event.at < self._replay.end:
                ready += self._opening(stream, event, self._replay.start)
                ready.append(event)
        return [*missed, *((stream, event) for event in [*hole(ready), *ready])]

    def rest(self) -> list[tuple[Stream, Anything]]:
        """What is still to be named when all was taken."""
        return [*self._coverage.rest()]

    def _marked(self, of: Stream, mark: Mark) -> list[tuple[Stream, Anything]]:
        """A hole after which nothing came any more is told by the numbers that a mark says were reached."""
        found: list[tuple[Stream, Anything]] = []
        for kind, n in mark.reached.items():
            stream = of._replace(kind=kind)
            reached = self._reached.get(stream, n)
            self._reached[stream] = max(reached, n)
            if n > reached and mark.at >= self._replay.start:
                at = min(mark.at, self._replay.end - 1)
                found.append((stream, Gap(at=at, reason=Reason.NOT_RECORDED, first=str(reached + 1), last=str(n))))
        return found

    def _hole(self, stream: Stream, batch: Batch) -> Callable[[list[Anything]], list[Anything]]:
        reached = self._reached.get(stream)
        self._reached[stream] = max(batch.last, reached or 0)

        def gap(ready: list[Anything]) -> list[Anything]:
            if not ready or reached is None or batch.n <= reached + 1:
                return []
            return [Gap(at=ready[0].at, reason=Reason.NOT_RECORDED, first=str(reached + 1), last=str(batch.n - 1))]

        return gap

    def _remember(self, stream: Stream, event: Anything) -> None:
        if isinstance(event, Book):
            self._books.setdefault(stream, Levels()).replace(event)
        elif isinstance(event, Change) and stream in self._books:
            self._books[stream].apply(event)

    def _opening(self, stream: Stream, event: Anything, start: int) -> list[Anything]:
        if stream in self._begun:
            return []
        self._begun.add(stream)
        known = self._books.pop(stream, None)
        return [known.whole(start)] if known and not isinstance(event, Book) else []
