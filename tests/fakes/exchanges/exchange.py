"""What the stand-ins of exchanges share: connections with subscriptions, books, and everything that goes wrong with them."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler

Json = dict[str, Any]
Rows = list[list[str]]
_PATIENCE_S = 60


@dataclass
class Book:
    """The truth of a book, as the exchange has it."""

    last: int = 1000
    bids: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)

    def move(self, bids: Rows, asks: Rows) -> None:
        for side, rows in ((self.bids, bids), (self.asks, asks)):
            for price, size in rows:
                if float(size) == 0:
                    side.pop(price, None)
                else:
                    side[price] = size

    def rows(self) -> tuple[Rows, Rows]:
        bids = sorted(self.bids.items(), key=lambda each: -float(each[0]))
        return [list(each) for each in bids], [list(each) for each in sorted(self.asks.items(), key=lambda each: float(each[0]))]


class Link:
    """One connection. What is not yet sent waits in `frames`."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.topics: set[str] = set()
        self.frames: asyncio.Queue[str] = asyncio.Queue()

    async def send_all(self) -> None:
        while True:
            frame = await self.frames.get()
            await self.socket.send_str(frame)
            self.frames.task_done()

    def cut(self) -> None:
        """As when a cable is pulled: no close frame."""
        if self.request.transport is not None:
            self.request.transport.abort()


class FakeExchange:
    """Serve it with `async with`. `asked` is every request to it, in words; `headers` and `paths` are of all of HTTP. `is_open` False: it takes no new connections.

    `listed`: what it says it has. `unknown`: words of what it does not have.
    """

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.opened = 0
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.is_open = True
        self.unknown: set[str] = set()
        self.listed = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
        self.times_listed = 0
        self.books: dict[str, Book] = defaultdict(Book)
        self._held: list[tuple[str, Json]] | None = None
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/stream"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._noted])
        app.router.add_get("/stream", self._serve)
        self.routes(app)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self._port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.is_open = False
        for link in list(self.links):
            link.cut()
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        return await handler(request)

    def routes(self, app: web.Application) -> None:
        """What it serves besides its websocket."""

    def answer(self, link: Link, said: Json) -> Json | None:
        """Its answer to what came on a connection."""
        raise NotImplementedError

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not self.is_open:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False)
        try:
            await socket.prepare(request)
        except ConnectionError:  # whoever asked is gone
            return socket
        link = Link(socket, request)
        self.links.append(link)
        self.opened += 1
        sending = asyncio.create_task(link.send_all())
        self._tell()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    said = json.loads(message.data)
                    self.asked.append(message.data)
                    if (answer := self.answer(link, said)) is not None:
                        link.frames.put_nowait(json.dumps(answer))
                    self.subscribed(link)
                    self._tell()
        finally:
            sending.cancel()
            self.links.remove(link)
            self._tell()
        return socket

    def subscribed(self, link: Link) -> None:
        """After each answer: what a new subscription begins with."""

    def change_topics(self, link: Link, topics: list[str], *, is_more: bool) -> str:
        """Its word when one is unknown; then none is taken."""
        if is_more and (wrong := [topic for topic in topics if any(each in topic for each in self.unknown)]):
            return f"Invalid topic: {wrong[0]}"
        (link.topics.update if is_more else link.topics.difference_update)(topics)
        return ""

    def _tell(self) -> None:
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for connections and subscriptions."""
        async with asyncio.timeout(_PATIENCE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def until_followed(self, *topics: str) -> None:
        await self.until(lambda: any(link.topics.issuperset(topics) for link in self.links))

    def send(self, topic: str, message: Json, *, to: Link | None = None) -> None:
        """To every connection that follows the topic; or to one."""
        if self._held is not None:
            self._held.append((topic, message))
            return
        text = json.dumps(message)
        for link in [to] if to else self.links:
            if topic in link.topics:
                link.frames.put_nowait(text)

    @contextmanager
    def disordered(self, order: Callable[[list[Any]], list[Any]]) -> Iterator[None]:
        """What is sent within is given to `order` first: it may change places, leave out, repeat."""
        self._held = []
        yield
        held, self._held = self._held, None
        for topic, message in order(held):
            self.send(topic, message)

    def send_part(self, topic: str) -> None:
        """Half of a message, as if that were all."""
        for link in self.links:
            link.frames.put_nowait(json.dumps({"stream": topic, "data": {"e": "trade", "s": "BTCUSDT"}})[:30])

    def cut_in_a_frame(self) -> None:
        """Every connection, with a frame that says it is longer than what comes of it."""
        for link in list(self.links):
            if link.request.transport:
                link.request.transport.write(bytes([0x81, 126, 0x10, 0x00]) + b'{"stream": "btcusdt@trade"')  # RFC 6455: text, 4096 bytes
                link.request.transport.close()

    def cut(self) -> None:
        """Every connection, now, with whatever was on its way."""
        for link in list(self.links):
            link.cut()
