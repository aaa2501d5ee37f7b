"""To NATS: events numbered for each subject, as many in one message as wait for it, by the leader only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client

from feeds import meters
from feeds.events import Anything, Batch, Gap, Kind, Stream, encode
from feeds.house import sent
from feeds.resting import heed, rest
from feeds.witness import Witness

MOST_IN_ONE = 256
_MOST_BYTES = 700_000
_AGAIN_S = 0.02


@dataclass
class _Waiting:
    """The events `first`, `first` + 1, … of a stream, none missing in between."""

    first: int
    events: list[Anything] = field(default_factory=list)


class Publisher:
    """`may_publish` is asked before each message. While NATS is away, or may not be written to, at most `most_held` events wait."""

    def __init__(
        self,
        client: Client,
        epoch: int,
        may_publish: Callable[[], bool],
        prefix: str = "market.data",
        most_held: int = 500_000,
        witness: Witness | None = None,
    ) -> None:
        self._client, self._epoch, self._may_publish = client, epoch, may_publish
        self._prefix, self._most_held = prefix, most_held
        self.witness = witness or Witness()
        self._next: dict[Stream, int] = {}
        self._waiting: dict[Stream, _Waiting] = {}
        self._held = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def begin_after(self, stream: Stream, last: int) -> None:
        """Number on from what another one published."""
        self._next[stream] = max(last + 1, self._next.get(stream, 1))

    def reached(self, stream: Stream) -> int:
        """The newest number; 0 where there is none."""
        return self._next.get(stream, 1) - 1

    def put(self, stream: Stream, events: list[Anything]) -> None:
        """Take events to be published; never waits."""
        first = self._next.get(stream, 1)
        self._next[stream] = first + len(events)
        waiting = self._waiting.setdefault(stream, _Waiting(first))
        if stream.kind == Kind.MARK:  # what it says was reached must have gone before it
            self._waiting[stream] = self._waiting.pop(stream)
        if self._held + len(events) > self._most_held and waiting.events:
            self._drop(stream, waiting, first)
        waiting.events += events
        self._held += len(events)
        self._idle.clear()
        self._wake.set()

    def _drop(self, stream: Stream, waiting: _Waiting, first: int) -> None:
        """What waited longest goes; whoever listens sees it by the numbers that are missing."""
        meters.dropped.labels(stream.source, stream.market).inc(len(waiting.events))
        self.witness.dropped(stream)
        self._held -= len(waiting.events)
        waiting.first, waiting.events = first, []

    async def until_idle(self) -> None:
        """Until all that was put is with NATS."""
        await self._idle.wait()
        await sent(self._client)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if not await self._publish_next():
                    meters.held.set(self._held)
                    await rest(_AGAIN_S)
                heed()
            self._idle.set()

    async def _publish_next(self) -> bool:
        stream = next(iter(self._waiting))
        waiting = self._waiting[stream]
        some = waiting.events[:MOST_IN_ONE]
        payload = encode(Batch(self._epoch, waiting.first, some))
        while len(payload) > _MOST_BYTES and len(some) > 1:
            some = some[: len(some) // 2]
            payload = encode(Batch(self._epoch, waiting.first, some))
        if not self._client.is_connected or not self._may_publish():
            return False
        self._taken(stream, waiting, len(some))
        try:
            await self._client.publish(stream.subject(self._prefix), payload)
        except (nats.errors.Error, OSError):  # it may or may not have gone: a number that is missing tells whoever listens
            meters.dropped.labels(stream.source, stream.market).inc(len(some))
            self.witness.dropped(stream)
            return False
        self._count(stream, some)
        return True

    def _taken(self, stream: Stream, waiting: _Waiting, count: int) -> None:
        self._held -= count
        if count == len(waiting.events):
            del self._waiting[stream]
        else:
            self._waiting[stream] = _Waiting(waiting.first + count, waiting.events[count:])

    def _count(self, stream: Stream, events: list[Anything]) -> None:
        labels = (stream.source, stream.market)
        meters.events.labels(*labels, stream.kind).inc(len(events))
        at = time.time_ns()
        self.witness.told(stream, events, at)
        meters.lag_seconds.labels(*labels).observe(max(0.0, (at - events[-1].at) / 1e9))
        for each in events:
            if type(each) is Gap:
                meters.gaps.labels(*labels, stream.kind, each.reason).inc()
