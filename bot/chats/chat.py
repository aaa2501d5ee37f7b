"""The port through which the bot speaks: one implementation for each place where people talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.domain.home import CreateForm, Home
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Card, Reaction, Reply


@dataclass(frozen=True)
class Posted:
    """`id` is what `edit` needs later. `root` is set when a message had to be opened for the thread to hang on."""

    id: str
    root: str | None = None


class ChatUnavailable(Exception):  # noqa: N818
    """The platform could not be reached or asked us to wait. Nothing is known about whether the message went out."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class ChatRefused(Exception):  # noqa: N818
    """The platform will never take this message (thread locked, gone, no right). The reason is for the log and `why`."""


class Chat(Protocol):
    """Every method is safe to call again: `marker` is hidden in the message, and `find` looks for it."""

    platform: Platform

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        """Post `message` at the end of `thread`."""

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None:
        """Replace the message `id`. Raises ChatRefused when it is gone."""

    async def find(self, thread: Thread, marker: str) -> Posted | None:
        """Look for our own message that bears `marker`; None when it is not there or the platform cannot tell."""

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        """Put a sign on the asking message. Already there is success."""

    async def me(self) -> Person:
        """The account the bot speaks as. Asked once at start, so that it never answers itself."""


@runtime_checkable
class Homes(Protocol):
    """A chat in which everybody has a page of their own."""

    async def show_home(self, thread: Thread, home: Home) -> None:
        """Show it, in place of what it showed before."""


@runtime_checkable
class FormChat(Protocol):
    """A chat that can ask with a form."""

    async def show_form(self, trigger: str, form: CreateForm) -> None:
        """Open it before the eyes of whoever pulled `trigger`. Raises ChatRefused when it is too late for that."""


@runtime_checkable
class KnowsNames(Protocol):
    """A chat that tells only ids in what it sends, and names when it is asked."""

    async def name_of(self, id: str) -> str | None:
        """What a person is called; None where that cannot be told."""
