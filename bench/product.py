"""The whole product as its own processes, with a stand-in of GitHub that says when the bot speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

import aiohttp

from bench import parts
from tests.fakes.forge import Delivery
from tests.fakes.github import FakeGitHub

if TYPE_CHECKING:
    from starlette.requests import Request

    from tests.fakes.forge import Comment
    from tests.fakes.server import Answer


@dataclass(frozen=True)
class Sign:
    """The bot put a sign on a comment. `at` is by perf_counter."""

    comment: int
    content: str
    at: float


class ListeningGitHub(FakeGitHub):
    """Tells of each sign in `signs`. What is asked is not checked against the official description here: that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self._description = None
        self.signs: SimpleQueue[Sign] = SimpleQueue()

    def _reaction(self, request: Request, comment: Comment, content: str) -> Answer:
        self.signs.put(Sign(comment.id, content, perf_counter()))
        return super()._reaction(request, comment, content)

    def wait_for(self, comment: int, contents: set[str], within_s: float) -> Sign:
        """The next sign of one of these on that comment. Raises queue.Empty."""
        while True:
            sign = self.signs.get(timeout=within_s)
            if sign.comment == comment and sign.content in contents:
                return sign


@dataclass(frozen=True)
class Product:
    home: Path
    port: int
    proxy_port: int
    github: ListeningGitHub
    session: aiohttp.ClientSession

    async def deliver(self, delivery: Delivery) -> None:
        async with self.session.post(f"http://127.0.0.1:{self.port}/hooks/github", data=delivery.body, headers=delivery.headers) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def running(
    github: ListeningGitHub, projects: Mapping[str, Mapping[str, Any]], more: Mapping[str, str] | None = None
) -> AsyncIterator[Product]:
    """`trellis up` in a folder of its own, ready; `projects` by key, as their settings are named, `more` as variables."""
    async with parts.folder() as home, aiohttp.ClientSession() as session:
        port, proxy_port = parts.free_ports(2)
        env = {
            "TRELLIS_DATA_DIR": str(home),
            "TRELLIS_PORT": str(port),
            "TRELLIS_LIMITS__REPLIES_PER_HOUR": "0",  # one thread is asked all the time
            "TRELLIS_LIMITS__PER_PERSON": "0",
            "TRELLIS_PROXY_PORT": str(proxy_port),
            "TRELLIS_GITHUB__API_URL": github.url,
            "TRELLIS_GITHUB__TOKEN": github.token,
            "TRELLIS_GITHUB__WEBHOOK_SECRET": github.secret,
            **{f"TRELLIS_PROJECTS__{key}__{name}".upper(): str(value) for key, each in projects.items() for name, value in each.items()},
            **(more or {}),
        }
        async with parts.running(home, "up", parts.python("-m", "bot", "up", "--quiet"), env):
            await parts.until_ok(f"http://127.0.0.1:{port}/readyz", home / "up.log")
            yield Product(home, port, proxy_port, github, session)
