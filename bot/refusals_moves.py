"""Refusals about bringing on what runs somewhere."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.catalogue import SharedEnvironment
from bot.domain.errors import UserError
from bot.domain.prose import Code, Strong, line


def not_later(origin: SharedEnvironment, goal: SharedEnvironment, services: Sequence[str]) -> UserError:
    if origin == goal:
        return UserError("order", f"What runs in {goal.key} is there already: say from where it comes. Try: ", Code("/sled status"))
    head = f"Things are promoted forwards, and {goal.key} comes before {origin.key}. To bring one version there: "
    return UserError("order", head, Code(f"/sled deploy {services[0]}@COMMIT --to {goal.key}"))


def nothing_there(missing: Sequence[str], others: Sequence[str], place: SharedEnvironment, said: str) -> UserError:
    """`others` run there; `said` is the line that asked."""
    verb = said.split()[1] if len(said.split()) > 1 else "promote"
    rest = said.partition(" --")[2]
    more = (line("The others: ", Code(f"/sled {verb} {' '.join(others)} --{rest}")),) if others and rest else ()
    return UserError("nothing_there", "Nothing of ", Strong(", ".join(missing)), f" runs in {place.key}.", more=more)


def is_beta(services: Sequence[str], place: SharedEnvironment) -> UserError:
    head = ("What runs of ", Strong(", ".join(services)), f" in {place.key} is a beta of an unmerged request, which is not promoted. ")
    return UserError("is_beta", *head, "Give it back first: ", Code(f"/sled release {' '.join(services)}"))
