"""A program that uses the API: by a token, or as the owner of this machine's data folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import httpx

from bot.domain.message import Person
from bot.store.tokens import Scope, Tokens
from bot.web.console import person_called

if TYPE_CHECKING:
    from tests.world import World


def here(world: World, name: str = "dana") -> dict[str, str]:
    """The headers of this machine's own."""
    return {"authorization": "Bearer " + (world.settings.data_dir / "console.token").read_text(), "trellis-as": name}


async def token_for(world: World, person: Person | str = "dana", scopes: Sequence[Scope] = (Scope.COMMAND,), lives_s: float = 3600) -> str:
    who = person_called(person) if isinstance(person, str) else person
    return (await Tokens(world.store).create(who, "a program", scopes, lives_s))[1]


class Api:
    def __init__(self, world: World, headers: Mapping[str, str]) -> None:
        self._world = world
        self.headers = dict(headers)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self._world.web.request(method, f"/api/v1{path}", headers=headers, **more)

    async def gets(self, path: str, **query: Any) -> Any:
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def says(self, text: str) -> Any:
        """Say it, and what became of it."""
        answer = await self.ask("POST", "/commands", json={"text": text})
        assert answer.status_code == 202, answer.text
        await self._world.settle()
        return await self.gets(answer.headers["location"].removeprefix("/api/v1"))

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """The status and the code of a problem."""
        answer = await self.ask(method, path, **more)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        body = answer.json()
        assert body["status"] == answer.status_code
        assert {"type", "title", "detail", "code"} <= set(body)
        return answer.status_code, body["code"]


async def api_of(world: World, person: Person | str = "dana", scopes: Sequence[Scope] = (Scope.COMMAND,)) -> Api:
    return Api(world, {"authorization": f"Bearer {await token_for(world, person, scopes)}"})


class Stream:
    """An open connection to /api/v1/events, as a program hears it."""

    def __init__(self, world: World, headers: Mapping[str, str]) -> None:
        self._app: Any = world.front
        sent = {"host": "trellis.localhost", **headers}
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/v1/events",
            "raw_path": b"/api/v1/events",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("trellis.localhost", 80),
        }
        self._text: asyncio.Queue[str] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._is_asked = False

    async def _receive(self) -> dict[str, Any]:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            self._text.put_nowait(message.get("body", b"").decode())

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        assert "retry:" in await self._text.get()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await asyncio.wait_for(self._task, 60)

    async def hears(self, count: int) -> list[dict[str, Any]]:
        """So many events, oldest first, each with its id, name and data."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            for block in (await asyncio.wait_for(self._text.get(), 60)).split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if "data" in fields:
                    found.append({"id": int(fields["id"]), "event": fields["event"], **json.loads(fields["data"])})
        return found
