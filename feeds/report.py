"""What is told of an environment's feed when somebody asks: how each instrument was heard, what of it arrived, how its replay goes."""

from __future__ import annotations

import msgspec

from feeds.certificate import Account, Certificate
from feeds.timeline import NamedGap, Stretch

ASKED_ON, ROLLED_ON = "feeds.ask", "feeds.roll"
_MOST_STRETCHES, _MOST_GAPS, _MOST_RANGES = 5_000, 1_500, 3_000
"""Of all instruments of an environment together, so that it fits one message."""


class Told(msgspec.Struct, frozen=True):
    """An instrument. `refused`: the exchange's own word when it does not give it. The pace is of the last minute."""

    source: str
    market: str
    instrument: str
    is_heard: bool
    refused: str = ""
    per_second: float = 0.0
    slowest_ms: float = 0.0
    events: int = 0
    gaps: int = 0
    stretches: list[Stretch] = []
    named: list[NamedGap] = []


class Replayed(msgspec.Struct):
    """How far a replay is: all events before `reached` (nanoseconds, of the time that is told again) were told."""

    start: int
    end: int
    speed: float
    reached: int
    events: int = 0
    gaps: int = 0
    is_over: bool = False
    problem: str = ""


class Report(msgspec.Struct, frozen=True):
    """`arrived` is the environment's own word; None where it says none. `at` is nanoseconds, of the clock that all of it is of."""

    environment: str
    at: int
    holder: str
    is_let_in: bool
    is_live: bool = False
    instruments: list[Told] = []
    replay: Replayed | None = None
    arrived: Certificate | None = None


def share(instruments: int) -> tuple[int, int]:
    """How many stretches and gaps of each there is room for."""
    return max(2, _MOST_STRETCHES // max(1, instruments)), max(1, _MOST_GAPS // max(1, instruments))


def shortened(certificate: Certificate) -> Certificate:
    """The same counts, with as many ranges, losses and gaps of each subject as there is room for."""
    most = max(1, _MOST_RANGES // max(1, len(certificate.accounts)))
    accounts = {
        subject: Account(each.seen, each.lost, each.repeated, each.ranges[-most:], each.losses[-most:], each.gaps[-most:])
        for subject, each in certificate.accounts.items()
    }
    return Certificate(certificate.environment, accounts, certificate.stale)
