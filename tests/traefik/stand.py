"""Environments on machines behind a Traefik that is read, and a visitor's browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.browser import Browser
from tests.traefik.reader import Answered, Forwarded, Reader
from tests.traefik.rules import Asked
from tests.world import World

MACHINE = "http://10.20.1.7:80"
TWO = b"version: 1\nservices:\n  web:\n    run: ./web\n  api:\n    run: ./api\n"
TRAEFIK: Mapping[str, Any] = {"scheme": "http", "trellis_url": "http://trellis.localhost"}


async def configuration(world: World) -> dict[str, Any]:
    """As Traefik on this machine is given it."""
    answer = await world.web.get("/traefik/configuration", headers={"host": "127.0.0.1"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class Machine:
    """What answers at MACHINE: tells what it was asked."""

    def __init__(self) -> None:
        self.heard: list[Asked] = []

    def answer(self, asked: Asked) -> httpx.Response:
        self.heard.append(asked)
        return httpx.Response(200, text=f"one {asked.path}" + (f"?{asked.query}" if asked.query else ""))


class Visitor:
    """A browser that comes through Traefik where it asks an environment, and straight where it asks the dashboard."""

    def __init__(self, world: World, dashboard: Browser | None = None, scheme: str = "http") -> None:
        self._world, self._dashboard, self._scheme = world, dashboard, scheme
        self.machine = Machine()
        self.cookies: dict[str, dict[str, str]] = {}  # by host name

    async def asks(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        """One request, not followed."""
        parts = urlsplit(url)
        if parts.hostname == "trellis.localhost":
            assert self._dashboard is not None
            return await self._dashboard.get(f"{parts.path}?{parts.query}")
        reader = Reader(await configuration(self._world), self._world.web, self._scheme)
        jar = self.cookies.setdefault(parts.hostname or "", {})
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if jar:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        taken = await reader.take(Asked(parts.netloc, parts.path or "/", method, sent, parts.query))
        return await self._answered(taken, jar)

    async def _answered(self, taken: Forwarded | Answered, jar: dict[str, str]) -> httpx.Response:
        if isinstance(taken, Answered):
            answer = httpx.Response(
                taken.status, text=taken.body, headers=[each for each in taken.headers if each[0] in {"location", "set-cookie"}]
            )
            for set_cookie in answer.headers.get_list("set-cookie"):
                name, _, value = set_cookie.partition(";")[0].partition("=")
                jar[name] = value.strip('"')
                if "Max-Age=0" in set_cookie:
                    del jar[name]
            return answer
        if taken.url == MACHINE:
            return self.machine.answer(taken.asked)
        return await self._world.web.request(
            taken.asked.method, taken.asked.path, headers={**taken.asked.headers, "host": taken.asked.host}
        )

    async def follows(self, url: str) -> httpx.Response:
        """Wherever it leads."""
        for _ in range(8):
            answer = await self.asks(url)
            if "location" not in answer.headers:
                return answer
            url = str(httpx.URL(url).join(answer.headers["location"]))
        raise AssertionError(f"it leads round and round: {json.dumps(url)}")


@asynccontextmanager
async def rising(world: World, line: str) -> AsyncIterator[None]:
    """What is made of `line` comes no further than its start until the end of the block."""
    world.engine.gate.clear()
    world.engine.reached.clear()
    saying = asyncio.create_task(world.types(line))
    try:
        await world.engine.reached.wait()
        yield
    finally:
        world.engine.gate.set()
        await saying
