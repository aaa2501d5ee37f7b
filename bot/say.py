"""`trellis say` and `trellis chat`: a terminal on this machine talks to the bus and hears what it says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from typing import Any, Self

import aiohttp
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from bot.calling import NotRunning, NotTaken, ask, calling, readable
from bot.domain.prose import Card, Reply
from bot.rendering import terminal
from bot.settings import Settings

_POLL_S = 20
_FAILED = {"failed", "refused", "cancelled", "waiting"}


class Hearing:
    """Shows what is heard: posts as they come; a card lives below them on a terminal, and is drawn once, as it was last, elsewhere."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._posts: set[str] = set()
        self._cards: dict[str, str] = {}
        self._live = Live(console=out, auto_refresh=False, transient=False) if out.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._out.print()
        elif not self._posts:
            for card in self._cards.values():
                self._write(card)

    @property
    def has_heard(self) -> bool:
        return bool(self._posts or self._cards)

    def show(self, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            if line["kind"] == "post" and line["marker"] not in self._posts:
                self._posts.add(line["marker"])
                self._write(self._draw(msgspec.json.decode(line["body"], type=Reply)))
            elif line["kind"] == "card":
                self._cards[line["marker"]] = self._draw(msgspec.json.decode(line["body"], type=Card))
        if self._live and self._cards:
            self._live.start()
            self._live.update(Text.from_ansi("\n\n".join(self._cards.values())), refresh=True)

    def _write(self, text: str) -> None:
        if self._live:
            self._out.print(Text.from_ansi(text))
        else:
            self._out.file.write(text + "\n\n")
            self._out.file.flush()

    def _draw(self, message: Reply | Card) -> str:
        return terminal.draw(message, min(self._out.width, 100), colour=self._out.is_terminal).rstrip("\n")


async def say(settings: Settings, text: str, person: str, thread: str, *, should_wait: bool) -> int:
    """Say it and show the answers. 0: done, or being done without `--wait`; 1: not done; 2: it cannot be said; 3: nobody to talk to."""
    try:
        async with calling(settings) as session:
            with Hearing(Console()) as hearing:
                states = await _converse(session, text, person, thread, hearing, should_wait=should_wait)
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 2 if isinstance(error, NotTaken) else 3
    return 1 if any(state in _FAILED for state in states) else 0


async def _converse(
    session: aiohttp.ClientSession, text: str, person: str, thread: str, hearing: Hearing, *, should_wait: bool
) -> list[str]:
    said = await ask(session, "POST", "/console/say", json={"text": readable(text), "person": person, "thread": thread})
    after = said["after"]
    while True:
        query = {"thread": said["thread"], "key": said["key"], "after": str(after), "wait_s": str(_POLL_S)}
        heard = await ask(session, "GET", "/console/heard", params=query)
        hearing.show(heard["lines"])
        after = max([after, *(line["version"] for line in heard["lines"])])
        if heard["is_settled"] and not heard["lines"]:
            return list(heard["states"])
        # Work that goes on is left to go on; whatever has an answer gets to say it, though a card of before be drawn first.
        if "running" in heard["states"] and hearing.has_heard and not should_wait:
            return list(heard["states"])


async def chat(settings: Settings, person: str, thread: str) -> int:
    """Lines in, answers out, until end of input."""
    out = Console()
    out.print(f"You are {person}. Say `create demo`, `list`, `help`; end with Ctrl-D.", highlight=False, markup=False)
    try:
        async with calling(settings) as session:
            while True:
                line = await asyncio.to_thread(_read, person)
                if line is None:
                    return 0
                if line.strip():
                    with Hearing(out) as hearing:
                        await _converse(session, line, person, thread, hearing, should_wait=True)
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 3


def _read(person: str) -> str | None:
    try:
        return input(f"{person}> ")
    except EOFError:
        return None
