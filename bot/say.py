"""`trellis say` and `trellis chat`: a terminal on this machine talks to the bus and hears what it says."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from rich.console import Console

from bot.domain.prose import Card, Reply
from bot.rendering import terminal
from bot.settings import Settings

_POLL_S = 20
_FAILED = {"failed", "refused", "cancelled"}


class NotRunning(Exception):  # noqa: N818 - the text is the line to show
    pass


def _token(settings: Settings) -> str:
    try:
        return (settings.data_dir / "console.token").read_text().strip()
    except OSError:
        raise NotRunning(f"Trellis is not running here (looked in {settings.data_dir}): start it with `make run` or `trellis up`") from None


@dataclass
class Hearing:
    """Draws what is heard: posts as they come, a card again only when it has changed."""

    out: Console
    drawn: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)

    def show(self, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            if line["kind"] == "post":
                self._print(line["marker"], self._draw(msgspec.json.decode(line["body"], type=Reply)))
            elif line["kind"] == "card":
                self.cards[line["marker"]] = line["body"]
                card = msgspec.json.decode(line["body"], type=Card)
                key = f"{line['marker']}:{card.state.split(' in ')[0]}"
                self._print(key, self._draw(card))

    def _print(self, key: str, text: str) -> None:
        if self.drawn.get(key) is None:
            self.drawn[key] = text
            self.out.file.write(text.rstrip("\n") + "\n\n")
            self.out.file.flush()

    def _draw(self, message: Reply | Card) -> str:
        return terminal.draw(message, min(self.out.width, 100), colour=self.out.is_terminal)


async def say(settings: Settings, text: str, person: str, thread: str, *, should_wait: bool) -> int:
    """Say it and show the answers. 0: done, or being done without `--wait`; 1: not done; 3: nobody to talk to."""
    hearing = Hearing(Console())
    try:
        async with _session(settings) as session:
            states = await _converse(session, text, person, thread, hearing, should_wait=should_wait)
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 3
    return 1 if any(state in _FAILED for state in states) else 0


def _session(settings: Settings) -> aiohttp.ClientSession:
    headers = {"authorization": f"Bearer {_token(settings)}"}
    return aiohttp.ClientSession(f"http://127.0.0.1:{settings.port}", headers=headers, timeout=aiohttp.ClientTimeout(total=60))


async def _ask(session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> dict[str, Any]:
    try:
        async with session.request(method, path, **more) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            if response.status >= 400:  # noqa: PLR2004 - HTTP's own number
                raise NotRunning(str(answer.get("detail") or answer))
            return answer
    except (aiohttp.ClientConnectionError, TimeoutError, ValueError) as error:
        raise NotRunning(f"Trellis does not answer: is it running? ({error})") from error


async def _converse(
    session: aiohttp.ClientSession, text: str, person: str, thread: str, hearing: Hearing, *, should_wait: bool
) -> list[str]:
    said = await _ask(session, "POST", "/console/say", json={"text": text, "person": person, "thread": thread})
    after = said["after"]
    while True:
        query = {"thread": said["thread"], "key": said["key"], "after": str(after), "wait_s": str(_POLL_S)}
        heard = await _ask(session, "GET", "/console/heard", params=query)
        hearing.show(heard["lines"])
        after = max([after, *(line["version"] for line in heard["lines"])])
        has_said = bool(hearing.drawn)
        if heard["is_settled"] and not heard["lines"]:
            return list(heard["states"])
        if heard["is_heard"] and has_said and not should_wait:
            return list(heard["states"])


async def chat(settings: Settings, person: str, thread: str) -> int:
    """Lines in, answers out, until end of input."""
    out = Console()
    out.print(f"You are {person}. Say `create demo`, `list`, `help`; end with Ctrl-D.", highlight=False, markup=False)
    try:
        async with _session(settings) as session:
            while True:
                line = await asyncio.to_thread(_read, person)
                if line is None:
                    return 0
                if line.strip():
                    await _converse(session, line, person, thread, Hearing(out), should_wait=True)
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 3


def _read(person: str) -> str | None:
    try:
        return input(f"{person}> ")
    except EOFError:
        return None
