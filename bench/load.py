"""A load of prepared requests over a bounded number of kept connections: raw sockets, so that the client costs little."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_WITHIN_S = 20.0


class NotAccepted(Exception):  # noqa: N818 - a sentence
    """The server answered something else than success, or hung up."""


class _Round:
    """What is still to be sent, and when all of it was answered."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._left = deque(requests)
        self._open = len(requests)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next(self) -> bytes | None:
        return self._left.popleft() if self._left else None

    def answered(self) -> None:
        self._open -= 1
        if not self._open and not self.done.done():
            self.done.set_result(None)

    def failed(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(NotAccepted(reason))


class _Connection(asyncio.Protocol):
    """Sends one request after the other, each when the one before was answered whole."""

    def __init__(self, round_: _Round) -> None:
        self._round = round_
        self._heard = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but does not say so
        self._send()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self._heard = b""
        if head[9:10] != b"2":
            self._round.failed(head.partition(b"\r\n")[0].decode("latin-1"))
        self._round.answered()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._round.failed(f"the server hung up ({exc})")

    def _send(self) -> None:
        request = self._round.next()
        if request is not None:
            self._transport.write(request)


async def requests_a_second(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send all of them to a loopback port and return the rate. Raises NotAccepted, TimeoutError."""
    loop = asyncio.get_running_loop()
    round_ = _Round(requests)
    began = perf_counter()
    opened = [await loop.create_connection(lambda: _Connection(round_), "127.0.0.1", port) for _ in range(min(connections, len(requests)))]
    try:
        await asyncio.wait_for(asyncio.shield(round_.done), _WITHIN_S)
        return len(requests) / (perf_counter() - began)
    finally:
        round_.done.cancel()
        for transport, _ in opened:
            transport.abort()
