"""One connection to an exchange: ccxt.pro's transport, tapped at `handle_message`, for what its `watch_*` give drops trades of a burst."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ccxt.pro

from feeds.exchanges.dialect import Answered, Asking, Dialect, Leaving, Malformed, Pong, Said
from feeds.settings import Source

KEEP_ALIVE_MS = 9_000
"""Between pings; two that are missed in a row end the connection. Bybit wants one every 20 s, Binance allows five messages a second."""
_ANSWER_S = 10.0
_ids = itertools.count(1)

Hear = Callable[["Line", Said], None]


class LineBroken(Exception):  # noqa: N818 - the text says why
    """The connection could not be made, or did not do what was asked."""


class NotListed(Exception):  # noqa: N818 - the text is the exchange's word
    """The exchange has no such instrument: asking again is of no use."""


def exchange_of(source: Source) -> Any:
    """Ccxt's exchange: its addresses, its rate limits, its keep-alive."""
    made = getattr(ccxt.pro, source.exchange)({"enableRateLimit": True})
    if source.is_sandbox:
        made.set_sandbox_mode(True)
    made.streaming["keepAlive"] = KEEP_ALIVE_MS
    if source.rest_url:
        made.urls["api"] = _every(made.urls["api"], source.rest_url)
    return made


def _every(urls: Any, base: str) -> Any:
    """The table of addresses with each host exchanged for `base`."""
    if isinstance(urls, dict):
        return {key: _every(each, base) for key, each in urls.items()}
    path = str(urls).partition("://")[2].partition("/")[2]
    return f"{base}/{path}" if path else base


class Line:
    """`topics` is what was asked of it. Whoever opened it closes it."""

    def __init__(self, source: Source, dialect: Dialect, hear: Hear, malformed: Callable[[str], None]) -> None:
        self.topics: set[str] = set()
        self.refused: dict[str, str] = {}
        self.opened_at = time.monotonic()
        self.leaving = asyncio.Event()
        self.closed = asyncio.Event()
        self.frames = 0
        self._dialect, self._hear, self._malformed = dialect, hear, malformed
        self._exchange = exchange_of(source)
        self._exchange.handle_message = self._tap
        self._url = source.ws_url or dialect.address(self._exchange.urls["api"]["ws"]).format(
            hostname=getattr(self._exchange, "hostname", "")
        )
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._turn = asyncio.Lock()
        self._end: asyncio.Future[Any] | None = None

    @property
    def is_open(self) -> bool:
        return not self.closed.is_set()

    async def open(self) -> None:
        """Connect. Raises LineBroken."""
        client = self._exchange.client(self._url)
        client.handle_message = partial(self._take, client.handle_message)
        self._end = self._exchange.watch(self._url, "end")
        self._end.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(_ANSWER_S):
                await asyncio.wait(
                    {asyncio.ensure_future(asyncio.shield(client.connected)), self._end}, return_when=asyncio.FIRST_COMPLETED
                )
        except TimeoutError:
            self.closed.set()
        if self.closed.is_set() or self._end.done():
            raise LineBroken("no connection")

    def _ended(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            future.exception()
        self.closed.set()
        for each in self._answers.values():
            if not each.done():
                each.set_exception(LineBroken("the connection ended"))

    async def close(self) -> None:
        self.closed.set()
        with contextlib.suppress(Exception):  # a connection that is broken may not be closed politely
            await self._exchange.close()

    async def follow(self, wanted: Iterable[str]) -> None:
        """Subscribe to what is wanted and not there, and end what is there and not wanted. Raises LineBroken."""
        async with self._turn:
            wished = set(wanted)
            await self._ask(sorted(self.topics - wished), is_more=False)
            await self._ask(sorted(wished - self.topics - self.refused.keys()), is_more=True)

    async def again(self, topic: str) -> None:
        """End one subscription and begin it anew, for exchanges that send the whole book at the beginning. Raises LineBroken."""
        async with self._turn:
            if topic in self.topics:
                await self._ask([topic], is_more=False)
                await self._ask([topic], is_more=True)

    async def give_up(self, topics: Iterable[str], problem: str) -> None:
        """End these, and take them for refused as long as this connection stands. Raises LineBroken."""
        async with self._turn:
            some = sorted(self.topics.intersection(topics))
            for each in some:
                self._refuse(each, problem)
            await self._ask(some, is_more=False)

    async def _ask(self, topics: list[str], *, is_more: bool) -> None:
        for some in _batched(topics, self._dialect.topics_in_one):
            (self.topics.update if is_more else self.topics.difference_update)(some)
            problem = await self._request(some, is_more=is_more)
            if problem and is_more and len(some) > 1:  # one wrong name fails them all
                for each in some:
                    await self._ask_alone(each)
            elif problem and is_more:
                self._refuse(some[0], problem)

    async def _ask_alone(self, topic: str) -> None:
        if problem := await self._request((topic,), is_more=True):
            self._refuse(topic, problem)

    def _refuse(self, topic: str, problem: str) -> None:
        self.topics.discard(topic)
        self.refused[topic] = problem

    async def _request(self, topics: tuple[str, ...], *, is_more: bool) -> str:
        number = str(next(_ids))
        if not self.is_open:
            raise LineBroken("the connection ended")
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(f"request:{number}", self._dialect.request(int(number), topics, is_more=is_more))
            async with asyncio.timeout(_ANSWER_S):
                problem: str = await answer
                return problem
        except TimeoutError:
            raise LineBroken("no answer to a subscription") from None
        finally:
            del self._answers[number]

    def _send(self, name: str, message: Any) -> None:
        """In ccxt's turn: exchanges bound how many messages a second they take."""
        self._exchange.watch(self._url, name, message, name)
        self._exchange.client(self._url).futures.pop(name).cancel()

    def _take(self, read: Callable[[Any], None], frame: Any) -> None:
        """Ccxt stops to listen, and says nothing, when a frame cannot be read; half a message is no reason to."""
        try:
            read(frame)
        except ValueError as problem:
            self._malformed(f"no message: {problem}")
        except Exception:
            self.closed.set()  # another is opened, before this one is deaf
            raise

    def _tap(self, client: Any, message: Any) -> None:
        self.frames += 1
        try:
            heard = self._dialect.hear(message, time.time_ns())
        except Malformed as what:
            self._malformed(str(what))
            return
        for each in heard:
            match each:
                case Answered(id, problem):
                    self._answered(id, problem)
                case Pong():
                    client.lastPong = time.time() * 1000
                case Leaving():
                    self.leaving.set()
                case _:
                    self._hear(self, each)

    def _answered(self, id: str, problem: str) -> None:
        waiting = self._answers.get(id)
        if waiting is None and not id and len(self._answers) == 1:  # some refusals name no request
            waiting = next(iter(self._answers.values()))
        if waiting is not None and not waiting.done():
            waiting.set_result(problem)

    async def ask(self, asking: Asking, instrument: str) -> dict[str, Any]:
        """The exchange's answer when asked for the whole book. Raises LineBroken, and NotListed where it has none."""
        try:
            return await asking.ask(self._exchange, instrument)
        except ccxt.BadSymbol:
            raise NotListed(f"there is no {instrument}") from None
        except ccxt.BaseError as problem:
            raise LineBroken(f"{type(problem).__name__} when asked for the book") from problem


def _batched(topics: list[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(topics[start : start + size]) for start in range(0, len(topics), size))
