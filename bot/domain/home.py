"""A person's own page in a chat, and the form that makes an environment."""

from __future__ import annotations

import msgspec

from bot.domain.message import Person, Thread
from bot.domain.prose import Card

HOME = "home:"


def home_of(person: Person) -> str:
    """The subject of the card that is somebody's page."""
    return f"{HOME}{person.platform}:{person.id}"[:80]


class Home(msgspec.Struct, frozen=True):
    """The cards of one's environments, the youngest first."""

    cards: tuple[Card, ...]


class CreateForm(msgspec.Struct, frozen=True):
    """What is asked: one of `projects` (keys), a branch, perhaps a time to live, a size and data. It is answered in `thread`.

    `datasets` are the operators', of these projects; a branch's file may have others.
    """

    projects: tuple[str, ...]
    thread: Thread
    cap_h: float
    project: str = ""  # the one that is chosen already
    datasets: tuple[str, ...] = ()
