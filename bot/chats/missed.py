"""What a webhook tried to deliver and could not, as both forges keep it for some days: which of it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.message import Incoming

MOST = 200
"""So many are fetched in one look; the next goes on from there."""


@dataclass(frozen=True)
class Tried:
    """One try. `at` grows from each to the next; `name` is the same for each try of the same word; `id` is the forge's own."""

    at: float
    id: int
    name: str
    event: str
    is_well: bool
    body: Any = None


@dataclass(frozen=True)
class Missed:
    """What was missed, oldest first, up to which point was looked, and why it cannot be asked for, if that is so."""

    incoming: tuple[Incoming, ...]
    until: float | None
    problem: str = ""


def failed(tried: Iterable[Tried], since: float | None) -> Sequence[Tried]:
    """Those since then that never came through, each once, oldest first; no more than can be fetched at once."""
    if since is None:  # what was before we came is the past
        return ()
    everything = sorted(tried, key=lambda each: (each.at, each.id))
    well = {each.name for each in everything if each.is_well}
    lost = {each.name: each for each in everything if each.name not in well and each.at > since}
    return list(lost.values())[:MOST]


def until(tried: Sequence[Tried], fetched: Sequence[Tried], since: float | None) -> float:
    if len(fetched) == MOST:
        return fetched[-1].at
    return max((each.at for each in tried), default=since or 0.0)
