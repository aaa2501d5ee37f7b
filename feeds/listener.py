"""An environment's end: its events in order, none twice, and every loss told where it happened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Self

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from feeds.certificate import Certificate
from feeds.continuity import Continuity, Heard
from feeds.encryption import NOBODYS, Trust
from feeds.events import decode, encode
from feeds.house import connect, sent
from feeds.resting import rest

_SILENCE_S = 15.0


class Listener:
    """`async with` it and iterate. It holds at most `most_held` messages that nobody took; what comes then is lost, and told."""

    def __init__(
        self, url: str, environment: str, password: str, subjects: Iterable[str], most_held: int = 65_536, *, trust: Trust = NOBODYS
    ) -> None:
        self._url, self._environment, self._password, self._trust = url, environment, password, trust
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
        client = await connect(self._url, self._environment, self._password, f"environment {self._environment}", self._trust)
        for subject in self._subjects:
            await client.subscribe(subject, cb=self._take)
        await client.subscribe(f"market.ask.{self._environment}", cb=self._answer)
        await sent(client)
        self._heard_at = time.monotonic()
        return client

    async def _watch(self) -> None:
        """Marks come every second. Where nothing comes for long, this connection may be at fault: another is made."""
        while True:
            await rest(_SILENCE_S / 4)
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
                for heard in self.continuity.take(message.subject, decode(message.data), time.time_ns()):
                    yield heard
            self._came.clear()
            await self._came.wait()


async def ask(client: Client, environment: str, within_s: float = 2.0) -> Certificate:
    """An environment's own certificate. Raises a NATS error when it does not answer."""
    answer = await client.request(f"market.ask.{environment}", timeout=within_s)
    return msgspec.json.decode(answer.data, type=Certificate)


async def _close(client: Client) -> None:
    with contextlib.suppress(nats.errors.Error, OSError, TimeoutError):  # it may be closed already
        await client.close()
