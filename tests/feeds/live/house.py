"""A multiplexer with exchanges of the test's and a NATS server of its own; environments that listen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from nats.aio.client import Client

from feeds import house as rooms
from feeds.book import Levels
from feeds.continuity import Heard, Lost
from feeds.credentials import mint, subjects
from feeds.events import Anything, Book, Change, Kind, Mark, Stream
from feeds.instruments import Market
from feeds.interest import Interest, Mode, Replay, Wanted
from feeds.listener import Listener
from feeds.multiplexer import Multiplexer
from feeds.server import NatsServer
from feeds.settings import FeedsSettings, Source
from processes import free_port
from tests.fakes.exchanges.exchange import FakeExchange

PATIENCE_S = 60


def source(name: str, exchange: FakeExchange, market: Market = Market.SPOT) -> Source:
    kind = name.partition("-")[0]
    return Source(name, kind, market, ws_url=exchange.ws_url, rest_url=exchange.rest_url)


def wanted(*words: str) -> tuple[Wanted, ...]:
    """`binance.spot.BTCUSDT`"""
    split = [word.split(".") for word in words]
    return tuple(Wanted(each[0], Market(each[1]), each[2]) for each in split)


class Ear:
    """An environment that writes down all it hears."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.heard: list[Heard] = []
        self._came = asyncio.Event()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for heard in self.listener:
            self.heard.append(heard)
            self._came.set()

    async def until(self, is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not is_so():
                self._came.clear()
                await self._came.wait()

    def of(self, kind: Kind, instrument: str = "", *types: type) -> list[Any]:
        """Events of a kind, of some types."""
        return [
            heard.event
            for heard in self.heard
            if heard.stream.kind == kind
            and heard.stream.instrument == (instrument or heard.stream.instrument)
            and (not types or isinstance(heard.event, types))
        ]

    def book(self, instrument: str = "") -> Levels:
        """The book as whoever listens would rebuild it."""
        levels = Levels()
        for event in self.of(Kind.DEPTH, instrument, Book, Change):
            (levels.replace if isinstance(event, Book) else levels.apply)(event)
        return levels

    def lost(self) -> list[Lost]:
        return [heard.event for heard in self.heard if isinstance(heard.event, Lost)]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@dataclass
class House:
    """NATS, and whatever multiplexers and environments a test wants."""

    nats: NatsServer
    client: Client
    rooms: rooms.House
    settings: FeedsSettings
    stack: contextlib.AsyncExitStack
    running: dict[Multiplexer, asyncio.Task[None]] = field(default_factory=dict)

    async def multiplexer(self, *sources: Source, **changed: Any) -> Multiplexer:
        settings = replace(self.settings, sources=sources, status_port=free_port(), **changed)
        made = Multiplexer(settings)
        task = asyncio.create_task(made.run())

        async def stop() -> None:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (problem := task.exception()):
                raise problem

        self.stack.push_async_callback(stop)
        self.running[made] = task
        return made

    async def stop(self, multiplexer: Multiplexer) -> None:
        self.running[multiplexer].cancel()
        await asyncio.wait([self.running[multiplexer]])

    async def tell(self) -> None:
        """For whoever reads why a test failed."""
        for each, task in self.running.items():
            print(each.settings.holder, task, each.status(), {key: list(session.tracks) for key, session in each.sessions.items()})  # noqa: T201
            if each.publisher:
                print(each.publisher._next, each.publisher._held)  # noqa: T201
        async with aiohttp.ClientSession() as session, session.get(f"{self.nats.monitor_url}/connz?auth=1&subs=1") as response:
            for connection in (await response.json())["connections"]:
                print({key: connection.get(key) for key in ("name", "account", "in_msgs", "out_msgs", "subscriptions_list")})  # noqa: T201

    async def interest(self, name: str, interest: Interest) -> str:
        """Put it, and let the environment in; its password."""
        password, hashed = mint()
        await self.rooms.interests.put(name, replace_hash(interest, hashed))
        await self.admit()
        return password

    async def admit(self) -> None:
        interests = self.rooms.interests.another()
        await interests.has_changed()
        await self.nats.allow(interests.all)

    async def environment(self, name: str, *words: str, mode: Mode = Mode.LIVE, replay: Replay | None = None, **listening: Any) -> Ear:
        interest = Interest(wanted(*words), mode, replay)
        password, hashed = mint()
        known = self.rooms.interests.another()
        await known.has_changed()
        await self.nats.allow({**known.all, name: replace_hash(interest, hashed)})
        allowed = [subject for subject in subjects(name, interest) if not subject.startswith("market.ask")]
        ear = await self.ear(name, password, allowed, **listening)
        await self.rooms.interests.put(name, replace_hash(interest, hashed))  # it listens by now, so it hears the first book
        return ear

    async def ear(self, name: str, password: str, allowed: Sequence[str], **listening: Any) -> Ear:
        async with asyncio.timeout(PATIENCE_S):
            while True:  # the server takes a moment to let somebody new in
                try:
                    listener = await self.stack.enter_async_context(Listener(self.nats.url, name, password, allowed, **listening))
                    break
                except Exception as problem:
                    if "uthorization" not in str(problem):
                        raise
        ear = Ear(listener)
        self.stack.push_async_callback(ear.close)
        return ear


def replace_hash(interest: Interest, hashed: str) -> Interest:
    return Interest(interest.wanted, interest.mode, interest.replay, hashed)


@contextlib.asynccontextmanager
async def a_house(folder: Path, **changed: Any) -> AsyncIterator[House]:
    nats = NatsServer(folder / "nats", free_port(), "trellis", 256, **changed)
    await nats.start({})
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(nats.stop)
        client = await rooms.connect(nats.url, "trellis", nats.password)
        stack.push_async_callback(client.close)
        settings = FeedsSettings(
            data=folder,
            sources=(),
            holder="one",
            nats_url=nats.url,
            nats_password=nats.password,
            lease_s=10.0,
            overlap_s=0.3,
            mark_s=0.2,
            book_s=60.0,
            record_mb=256,
        )
        made = House(nats, client, await rooms.furnish(client, 1, 256), settings, stack)
        try:
            yield made
        finally:
            await made.tell()


def without_marks(events: Sequence[Anything]) -> list[Anything]:
    return [event for event in events if not isinstance(event, Mark)]


__all__ = ["Ear", "House", "Stream", "a_house", "source", "wanted", "without_marks"]
