"""How many streams somebody may have open."""

from __future__ import annotations

from bot.domain.message import Person
from bot.store.people import identity_of
from bot.web.problem import Problem
from bot.web.watch import TooMany, Watch

_AGAIN_S = "30"


def must_have_room(watch: Watch, person: Person) -> None:
    """Raises the Problem that says so."""
    try:
        watch.must_have_room(identity_of(person))
    except TooMany:
        words = "You have as many streams open as one person may: close one."
        raise Problem(429, "too_many_streams", words, {"Retry-After": _AGAIN_S}) from None
