"""An environment's end: its events in order, none twice, and every loss told where it happened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from feeds.certificate import Certificate
from feeds.events import Anything, Batch, Book, Change, Gap, Mark, Stream, Trade, decode, encode
from feeds.house import connect

_REMEMBERED = 4096
_SILENCE_S = 15.0


class Lost(NamedTuple):
    """Numbers `first` to `last` of a subject never came here: too slow, or NATS went away."""

    first: int
    last: int


class Heard(NamedTuple):
    """An event, or what was lost before the next one."""

    subject: str
    event: Anything | Lost

    @property
    def stream(self) -> Stream:
        return Stream.of(self.subject)


@dataclass
class _Position:
    epoch: int
    last: int
    ids: deque[str] = field(default_factory=deque)
    known: set[str] = field(default_factory=set)
    update: int = -1


class Continuity:
    """Takes messages as they come; gives what is new. Pure."""

    def __init__(self, environment: str) -> None:
        self.certificate = Certificate(environment)
        self._positions: dict[str, _Position] = {}

    def take(self, subject: str, batch: Batch, at: int) -> list[Anything | Lost]:
        position = self._positions.get(subject)
        if position is not None and batch.epoch < position.epoch:
            self.certificate.stale += 1
            return []
        ready = self._missed(subject, position, batch)
        if position is None:
            position = self._positions[subject] = _Position(batch.epoch, batch.n - 1)
        elif batch.epoch > position.epoch:
            position.epoch, position.last = batch.epoch, batch.n - 1
        skipped = max(0, position.last + 1 - batch.n)
        events = batch.events[skipped:]
        if not events:
            return ready
        account = self.certificate.account(subject)
        account.saw(batch.epoch, batch.n + skipped, batch.last, at)
        position.last = batch.last
        for event in events:
            if _is_repeated(position, event):
                account.repeated += 1
                continue
            ready.append(event)
            if type(event) is Gap:
                account.told_of(event)
            elif type(event) is Mark:
                ready += self._marked(subject, batch.epoch, event)
        return ready

    def _missed(self, subject: str, position: _Position | None, batch: Batch) -> list[Anything | Lost]:
        if position is None or batch.n <= position.last + 1:
            return []
        lost = Lost(position.last + 1, batch.n - 1)
        self.certificate.account(subject).missed(*lost)
        position.last = lost.last
        return [lost]

    def _marked(self, subject: str, epoch: int, mark: Mark) -> list[Anything | Lost]:
        """What a mark says was published and did not come. The first one says from where on a subject is listened to."""
        ready: list[Anything | Lost] = []
        for kind, reached in mark.reached.items():
            other = subject.rpartition(".")[0] + f".{kind}"
            position = self._positions.get(other)
            if position is None:
                self._positions[other] = _Position(epoch, reached)
            elif epoch >= position.epoch and reached > position.last:
                ready += [each for each in self._missed(other, position, Batch(epoch, reached + 1, [])) if isinstance(each, Lost)]
        return ready


def _is_repeated(position: _Position, event: Anything) -> bool:
    """Whether it was heard before under another number: two that led at the same moment may both have told it."""
    if type(event) is Trade:
        if event.id in position.known:
            return True
        position.known.add(event.id)
        position.ids.append(event.id)
        if len(position.ids) > _REMEMBERED:
            position.known.discard(position.ids.popleft())
    elif type(event) is Change:
        if event.last <= position.update:
            return True
        position.update = event.last
    elif type(event) is Book:
        position.update = event.last
    return False


class Listener:
    """`async with` it and iterate. It holds at most `most_held` messages that nobody took; what comes then is lost, and told."""

    def __init__(self, url: str, environment: str, password: str, subjects: Iterable[str], most_held: int = 65_536) -> None:
        self._url, self._environment, self._password = url, environment, password
        self._subjects, self._most_held = tuple(subjects), most_held
        self.continuity = Continuity(environment)
        self._queue: deque[Msg] = deque()
        self._came = asyncio.Event()
        self._client: Client | None = None
        self._watching: asyncio.Task[None] | None = None
        self._heard_at = 0.0

    async def __aenter__(self) -> Self:
        self._client = await self._connect()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *ending: object) -> None:
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._client:
            await _close(self._client)

    async def _connect(self) -> Client:
        client = await connect(self._url, self._environment, self._password, f"environment {self._environment}")
        for subject in self._subjects:
            await client.subscribe(subject, cb=self._take)
        await client.subscribe(f"market.ask.{self._environment}", cb=self._answer)
        await client.flush()
        self._heard_at = time.monotonic()
        return client

    async def _watch(self) -> None:
        """Marks come every second. Where nothing comes for long, this connection may be at fault: another is made."""
        while True:
            await asyncio.sleep(_SILENCE_S / 4)
            if time.monotonic() < self._heard_at + _SILENCE_S or self._client is None or not self._client.is_connected:
                continue
            with contextlib.suppress(nats.errors.Error, OSError, TimeoutError):
                before, self._client = self._client, await self._connect()
                await _close(before)

    async def _take(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        if len(self._queue) < self._most_held:
            self._queue.append(message)
            self._came.set()

    async def _answer(self, message: Msg) -> None:
        """Whoever runs the feeds asks how one fares."""
        await message.respond(encode(self.continuity.certificate))

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while True:
            while self._queue:
                message = self._queue.popleft()
                for event in self.continuity.take(message.subject, decode(message.data), time.time_ns()):
                    yield Heard(message.subject, event)
            self._came.clear()
            await self._came.wait()


async def ask(client: Client, environment: str, within_s: float = 2.0) -> Certificate:
    """An environment's own certificate. Raises a NATS error when it does not answer."""
    answer = await client.request(f"market.ask.{environment}", timeout=within_s)
    return msgspec.json.decode(answer.data, type=Certificate)


async def _close(client: Client) -> None:
    with contextlib.suppress(nats.errors.Error, OSError, TimeoutError):  # it may be closed already
        await client.close()
