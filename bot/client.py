"""A client of the API for the command line: of this machine's Trellis, or of the one that TRELLIS_URL and TRELLIS_TOKEN name."""

from __future__ import annotations

import json
import os
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from bot.calling import NotRunning, token_of
from bot.settings import Settings

_WAIT_S = 20


class ApiRefused(Exception):  # noqa: N818 - it is an answer
    """The API said no; the text is the line to show."""


def _base(url: str) -> str:
    """`trellis.localhost` is this machine, which not every resolver knows."""
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".localhost"):
        parts = parts._replace(netloc=f"127.0.0.1:{parts.port}" if parts.port else "127.0.0.1")
    return urlunsplit(parts).rstrip("/")


class Client:
    """Use as a context. `person` is whose name is used where this machine's own token is."""

    def __init__(self, settings: Settings, person: str) -> None:
        token = os.environ.get("TRELLIS_TOKEN", "")
        url = os.environ.get("TRELLIS_URL", "")
        if url and not token:
            raise NotRunning("TRELLIS_URL is set and TRELLIS_TOKEN is not: make a token there with `trellis token create`")
        self._base = _base(url or f"http://127.0.0.1:{settings.port}")
        headers = {"authorization": f"Bearer {token}"} if token else {"authorization": f"Bearer {token_of(settings)}", "trellis-as": person}
        self._session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=60))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, query: dict[str, str] | None = None, body: object = None) -> Any:
        """The answer's object, None for none. Raises ApiRefused and NotRunning."""
        try:
            async with self._session.request(method, f"{self._base}/api/v1{path}", params=query, json=body) as response:
                raw = await response.read()
                answer = json.loads(raw) if raw else None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotRunning(f"Trellis does not answer at {self._base}: is it running? ({error})") from error
        if response.status >= 400:
            raise ApiRefused(f"{answer.get('detail')} ({answer.get('code')})" if isinstance(answer, dict) else str(answer))
        return answer

    async def say(self, text: str, *, should_wait: bool) -> dict[str, Any]:
        """Say it; the receipt, when it has ended or at least was heard."""
        said: dict[str, Any] = await self.ask("POST", "/commands", body={"text": text})
        while said["state"] == "waiting" or (should_wait and said["state"] == "running"):
            said = await self.ask("GET", f"/commands/{quote(said['id'])}", {"wait_s": str(_WAIT_S if should_wait else 1)})
        return said
