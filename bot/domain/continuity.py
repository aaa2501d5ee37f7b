"""What a trading environment heard of its instruments: which times were seen, which lost, of which nobody knows; and its replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class How(StrEnum):
    SEEN = "seen"
    LOST = "lost"
    UNKNOWN = "unknown"  # nobody listened, or nobody remembers


@dataclass(frozen=True)
class Stretch:
    """From `since` to `until`, seconds since 1970."""

    how: How
    since: float
    until: float

    @property
    def seconds(self) -> float:
        return self.until - self.since


@dataclass(frozen=True)
class Loss:
    """A gap that was told: ids or numbers `first` to `last` of a stream, where they have some, and why."""

    at: float
    stream: str
    reason: str
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Arrived:
    """What the strategy itself counted since it began to listen: events that came, that never did, that came twice and were dropped."""

    seen: int = 0
    lost: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class Instrument:
    """`refused` is the exchange's own word when it does not give it. The pace is of the last minute."""

    name: str  # source.market.instrument
    is_heard: bool
    stretches: Sequence[Stretch] = ()
    losses: Sequence[Loss] = ()
    gaps: int = 0
    events: int = 0
    per_second: float = 0.0
    slowest_ms: float = 0.0
    refused: str = ""
    arrived: Arrived | None = None

    def between(self, since: float, until: float) -> Instrument:
        """Of that time only, without a hole: where nobody noted anything it is unknown."""
        found: list[Stretch] = []
        reached = since
        for each in sorted(self.stretches, key=lambda stretch: stretch.since):
            begin, end = max(each.since, reached), min(each.until, until)
            if begin >= end:
                continue
            if begin > reached:
                found.append(Stretch(How.UNKNOWN, reached, begin))
            found.append(Stretch(each.how, begin, end))
            reached = end
        if reached < until:
            found.append(Stretch(How.UNKNOWN, reached, until))
        return replace(self, stretches=tuple(found), losses=tuple(each for each in self.losses if since <= each.at <= until))

    def seconds(self, how: How) -> float:
        return sum(each.seconds for each in self.stretches if each.how is how)


@dataclass(frozen=True)
class Replay:
    """The time from `start` to `end` is told again; all before `reached` was told. `speed` 0: as fast as it goes."""

    start: float
    end: float
    reached: float
    events: int
    gaps: int
    is_over: bool
    speed: float = 1.0
    problem: str = ""
    arrived: Arrived | None = None


@dataclass(frozen=True)
class Certificate:
    """As of `at`. `is_let_in`: whether it may hear anything; `has_answered`: whether the strategy said what arrived."""

    at: float
    is_let_in: bool
    has_answered: bool = False
    instruments: Sequence[Instrument] = ()
    replay: Replay | None = None

    def since(self, begun: float) -> Certificate:
        """Of an environment's own time only."""
        return replace(self, instruments=tuple(each.between(min(begun, self.at), self.at) for each in self.instruments))


@dataclass(frozen=True)
class NotKnown:
    """Why nobody can say now."""

    reason: str


Feed = Certificate | NotKnown
