"""What an environment asks for, and what all of them do. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from feeds.instruments import SOURCE, Market, token

_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Mode(StrEnum):
    LIVE = "live"
    REPLAY = "replay"
    BOTH = "both"


class Wanted(msgspec.Struct, frozen=True, order=True):
    """An instrument of a source, as its token."""

    source: str
    market: Market
    instrument: str

    def __post_init__(self) -> None:
        if not SOURCE.fullmatch(self.source) or token(self.instrument) != self.instrument:
            raise ValueError("no source or instrument")


class Replay(msgspec.Struct, frozen=True):
    """From `start` to before `end`, nanoseconds; `speed` 2: twice as fast, 0: as fast as it goes."""

    start: int
    end: int
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.start < self.end or self.speed < 0:
            raise ValueError("a replay needs a start before its end, and no negative speed")


class Interest(msgspec.Struct, frozen=True):
    """One environment's. `password_hash` (bcrypt) is of the password that it signs in to NATS with, its name being the user."""

    wanted: tuple[Wanted, ...]
    mode: Mode = Mode.LIVE
    replay: Replay | None = None
    password_hash: str = ""

    def __post_init__(self) -> None:
        if self.mode is not Mode.LIVE and self.replay is None:
            raise ValueError("a replay needs its start and end")

    @property
    def is_live(self) -> bool:
        return self.mode is not Mode.REPLAY


def is_environment(name: str) -> bool:
    """Whether it can be a word of a subject and a user of NATS."""
    return bool(_ENVIRONMENT.fullmatch(name))


def union(interests: dict[str, Interest]) -> dict[tuple[str, str], frozenset[str]]:
    """The instruments that are wanted live, by source and market."""
    found: dict[tuple[str, str], set[str]] = {}
    for interest in interests.values():
        for wanted in interest.wanted if interest.is_live else ():
            found.setdefault((wanted.source, wanted.market), set()).add(wanted.instrument)
    return {key: frozenset(instruments) for key, instruments in found.items()}
