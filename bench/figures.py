"""A figure: what was measured, what stands beside it in the same run, and what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

TIMES = "×"  # noqa: RUF001 - what a ratio is written with


class CannotRun(Exception):  # noqa: N818 - the text is the line to show
    """Something that this bench needs is not on this machine."""


class Unit(StrEnum):
    MICROSECONDS = "µs"
    MILLISECONDS = "ms"
    PER_SECOND = "/s"
    PERCENT = "%"


@dataclass(frozen=True)
class Aim:
    """A bound for the ratio to what stands beside it, or for the value itself (in the figure's unit)."""

    bound: float
    is_least: bool
    is_ratio: bool = True

    def is_met_by(self, number: float) -> bool:
        return number >= self.bound if self.is_least else number <= self.bound

    def words(self, unit: Unit) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.bound:g} {TIMES if self.is_ratio else unit}"


@dataclass(frozen=True)
class Figure:
    """`ratio` is ours to theirs for rates and for what may take longer; theirs to ours where `is_speed` asks how many times faster."""

    name: str
    ours: float
    unit: Unit
    beside: str = ""
    theirs: float | None = None
    aim: Aim | None = None
    is_speed: bool = False

    @property
    def ratio(self) -> float | None:
        if self.theirs is None:
            return None
        return self.theirs / self.ours if self.is_speed else self.ours / self.theirs

    @property
    def is_met(self) -> bool | None:
        """None where nothing was aimed at."""
        if self.aim is None:
            return None
        judged = self.ratio if self.aim.is_ratio else self.ours
        return judged is not None and self.aim.is_met_by(judged)


@dataclass(frozen=True)
class Outcome:
    """What became of one bench: its figures, or why there are none."""

    bench: str
    seconds: float
    figures: Sequence[Figure] = ()
    missing: str = ""  # cannot run on this machine
    broken: str = ""  # should have run


def at_most(bound: float, *, is_ratio: bool = False) -> Aim:
    return Aim(bound, is_least=False, is_ratio=is_ratio)


def at_least(bound: float) -> Aim:
    return Aim(bound, is_least=True)


def p50(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def p95(samples: Sequence[float]) -> float:
    """The sample that 95 % are no larger than."""
    return sorted(samples)[max(0, -(-len(samples) * 95 // 100) - 1)]


def p99(samples: Sequence[float]) -> float:
    """The sample that 99 % are no larger than."""
    return sorted(samples)[max(0, -(-len(samples) * 99 // 100) - 1)]
