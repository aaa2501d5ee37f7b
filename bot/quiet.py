"""Loops end here: a thread in which we said too much within the hour is kept quiet, and nothing in it is heard for an hour.

Bots are never heard; this is for programs that speak in a person's name. It is a row, so it holds whoever hears and after every restart.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog

from bot.domain.command import Event
from bot.domain.message import Platform, Said, Thread
from bot.domain.prose import Reply
from bot.replies import quiet

log = structlog.get_logger()

HOUR_S = 3600.0
MOST_TO_STRANGERS = 10
"""A stranger's commands are answered so often in a thread, and so can never silence it for others."""


class Rows(Protocol):
    async def replies(self, address: str, seconds: float, /) -> int: ...

    async def is_quiet(self, address: str, /) -> bool: ...

    async def hush(self, address: str, seconds: float, replies: int, /) -> None: ...


class Unit(Protocol):
    now: float

    @property
    def quiet(self) -> Rows: ...

    async def post(self, thread: Thread, reply: Reply, /) -> None: ...

    async def note(self, event: Event, /) -> None: ...


class Units(Protocol):
    def transaction(self, lease: Any = None) -> AbstractAsyncContextManager[Unit]: ...

    def look(self) -> AbstractAsyncContextManager[Any]: ...


class Breaker:
    """`most` replies within the hour are the last; 0: no such thing. Terminals and browsers are one's own."""

    def __init__(self, units: Units, most: int) -> None:
        self._units = units
        self._most = most

    async def hushes(self, said: Said, lease: Any) -> bool:
        """Whether this is not to be heard; says so once, to the thread and to the operator."""
        if not self._most or said.thread.platform in {Platform.CONSOLE, Platform.WEB}:
            return False
        address = said.thread.address
        async with self._units.look() as look:
            if await look.quiet.is_quiet(address):
                return True
            replies = await look.quiet.replies(address, HOUR_S)
        if replies < self._most:
            return False
        async with self._units.transaction(lease) as transaction:
            await transaction.quiet.hush(address, HOUR_S, replies)
            await transaction.post(said.thread, quiet.hushed(replies))
            data: dict[str, str | int | float | bool | None] = {"thread": address, "replies": replies}
            actor = f"{said.person.platform}:{said.person.name}"
            await transaction.note(Event(at=transaction.now, kind="hushed", project=said.project or "", actor=actor, data=data))
        log.error("thread_hushed", thread=address, replies=replies, person=f"{said.person.platform}:{said.person.id}")
        return True

    async def is_enough(self, said: Said) -> bool:
        """Whether strangers have been answered often enough there."""
        if not self._most:
            return False
        async with self._units.look() as look:
            return bool(await look.quiet.replies(said.thread.address, HOUR_S) >= MOST_TO_STRANGERS)
