"""Calling the web part of this machine's Trellis, as whoever owns its data folder."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from bot.settings import Settings


class NotRunning(Exception):  # noqa: N818 - the text is the line to show
    pass


class NotTaken(NotRunning):
    """It answers, and does not take what was said: that cannot be said."""


def token_of(settings: Settings) -> str:
    try:
        return (settings.data_dir / "console.token").read_text().strip()
    except OSError:
        raise NotRunning(f"Trellis is not running here (looked in {settings.data_dir}): start it with `make run` or `trellis up`") from None


def readable(text: str) -> str:
    """What somebody typed, with a sign in the place of bytes that are no text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def calling(settings: Settings) -> aiohttp.ClientSession:
    """Raises NotRunning where there is no token to call with."""
    headers = {"authorization": f"Bearer {token_of(settings)}"}
    return aiohttp.ClientSession(f"http://127.0.0.1:{settings.port}", headers=headers, timeout=aiohttp.ClientTimeout(total=60))


async def ask(session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> dict[str, Any]:
    """The answer's object. Raises NotRunning with a line for whoever asked."""
    try:
        async with session.request(method, path, **more) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            if response.status >= 400:
                wrong = NotTaken if response.status == 422 else NotRunning
                raise wrong(str(answer.get("detail") or answer))
            return answer
    except (aiohttp.ClientConnectionError, TimeoutError, ValueError) as error:
        raise NotRunning(f"Trellis does not answer: is it running? ({error})") from error
