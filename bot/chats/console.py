"""The console, in a terminal on this machine or in a browser: what is said there is kept as rows, which it reads."""

from __future__ import annotations

from typing import Protocol

import msgspec

from bot.chats.chat import Posted
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Card, Reaction, Reply


class ConsoleRows(Protocol):
    """Where the lines of a terminal's thread are kept; the same marker again replaces what it marked."""

    async def put(self, thread: str, kind: str, marker: str, body: str) -> None: ...


class ConsoleChat:
    def __init__(self, rows: ConsoleRows, platform: Platform = Platform.CONSOLE) -> None:
        self._rows = rows
        self.platform = platform

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        kind = "card" if isinstance(message, Card) else "post"
        await self._rows.put(thread.address, kind, marker, msgspec.json.encode(message).decode())
        return Posted(marker)

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None:  # noqa: ARG002 - the port's shape
        await self.post(thread, message, marker)

    async def find(self, thread: Thread, marker: str) -> Posted | None:  # noqa: ARG002 - putting it again is the same
        return None

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        body = msgspec.json.encode([message_id, reaction.value]).decode()
        await self._rows.put(thread.address, "reaction", f"reaction:{message_id}:{reaction}", body)

    async def me(self) -> Person:
        return Person(self.platform, "trellis", "trellis", is_bot=True)
