"""A server that lets somebody in and ends the connection at once, as NATS does with whoever comes while it reads who may."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from feeds.listener import Listener

pytestmark = pytest.mark.feeds
_INFO = {"server_id": "cut", "version": "2.10.0", "go": "none", "host": "127.0.0.1", "port": 0, "max_payload": 1048576, "proto": 1}


class Doorkeeper:
    """Speaks as much of NATS as a connection needs. The first is answered once, and then cut."""

    def __init__(self) -> None:
        self.subscribed: list[set[str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subjects: set[str] = set()
        self.subscribed.append(subjects)
        is_first, pings = len(self.subscribed) == 1, 0
        writer.write(f"INFO {json.dumps(_INFO)}\r\n".encode())
        while line := await reader.readline():
            word, *rest = line.decode().split()
            if word == "SUB":
                subjects.add(rest[0])
            if word == "PING":
                pings += 1
                if is_first and pings > 1:
                    break
                writer.write(b"PONG\r\n")
        writer.close()


@contextlib.asynccontextmanager
async def doorkeeper() -> AsyncIterator[tuple[Doorkeeper, str]]:
    made = Doorkeeper()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        yield made, f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_environment_that_is_cut_off_as_it_comes_listens_all_the_same() -> None:
    async with doorkeeper() as (door, url), Listener(url, "demo", "secret", ["market.data.>"]):
        assert len(door.subscribed) == 2
        assert door.subscribed[-1] == {"market.data.>", "market.ask.demo"}
