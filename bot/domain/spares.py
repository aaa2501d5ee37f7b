"""Warm spares: machines that are made before anybody asks. How many there should be, and what to make or take down for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from bot.domain.environment import Size
from bot.domain.schedule import BadSchedule, asleep_until, check, covers, sleeps_at

_MOST = 100
"""Of one project and size; more is a slip of the keyboard."""


class SpareState(StrEnum):
    MAKING = "making"
    READY = "ready"
    CLAIMED = "claimed"  # it is an environment, with the same id
    RETIRING = "retiring"
    GONE = "gone"


class Spare(msgspec.Struct, frozen=True, kw_only=True):
    """A machine without an owner. Its id becomes that of the environment that claims it. `image` is what its making began with."""

    id: str
    project: str
    engine: str = ""  # which one made it
    size: Size
    state: SpareState = SpareState.MAKING
    image: str = ""
    created_at: float
    ready_at: float | None = None
    expires_at: float | None = None  # not claimed from then on
    claimed_at: float | None = None
    gone_at: float | None = None
    why: str = ""  # it retires: old, image, surplus, failed
    troubles: int = 0
    retry_at: float | None = None


Kind = tuple[str, Size]
"""A project's key and a size."""


class BadTarget(ValueError):  # noqa: N818 - a sentence, as its neighbours
    """The text says what is wrong with it."""


@dataclass(frozen=True)
class Target:
    """So many in these times (`zone|text` of schedule.py); the first that covers a moment counts, "" covers them all."""

    times: str
    count: int


def targets_of(text: str, zone: str) -> tuple[Target, ...]:
    """`mon-fri 08:00-18:00: 3; else 0`, or a bare number. Raises BadTarget."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        times, _, number = part.removeprefix("else ").rpartition(":")
        if not (number.strip().isascii() and number.strip().isdecimal() and int(number) <= _MOST):
            raise BadTarget(f"{part!r} names no number up to {_MOST}: say `mon-fri 08:00-18:00: 3; else 0`")
        try:
            found.append(Target(check(times, zone) if times else "", int(number)))
        except BadSchedule as error:
            raise BadTarget(str(error)) from None
    if not found:
        raise BadTarget("it is empty: say `mon-fri 08:00-18:00: 3; else 0`, or a number")
    return tuple(found)


def wanted_at(targets: Sequence[Target], now: float) -> int:
    return next((each.count for each in targets if not each.times or covers(each.times, now)), 0)


def changes_at(targets: Sequence[Target], now: float) -> float | None:
    """When it may be another number next; None when it stays."""
    edges = [asleep_until(each.times, now) or sleeps_at(each.times, now) for each in targets if each.times]
    return min((each for each in edges if each is not None), default=None)


@dataclass(frozen=True)
class Plan:
    """`retire` with the reasons; `make` in the order in which it is begun, after those that are begun and not done."""

    retire: tuple[tuple[Spare, str], ...]
    make: tuple[Kind, ...]
    going_on: tuple[Spare, ...] = ()


def plan(spares: Iterable[Spare], wanted: Mapping[Kind, int], is_of_now: Callable[[Spare], bool], now: float) -> Plan:
    """What brings those that are made or ready to what is wanted. What is stale is no spare any more, and goes whatever comes after it.

    `is_of_now`: whether one would be made the same way today.
    """
    retire: list[tuple[Spare, str]] = []
    there: dict[Kind, list[Spare]] = {}
    for each in spares:
        if each.state not in {SpareState.MAKING, SpareState.READY}:
            continue
        if not is_of_now(each):
            retire.append((each, "image"))
        elif each.expires_at is not None and now >= each.expires_at and each.state is SpareState.READY:
            retire.append((each, "old"))
        else:
            there.setdefault((each.project, each.size), []).append(each)
    stay: list[Spare] = []
    for kind, found in there.items():
        found.sort(key=lambda each: (each.state is SpareState.READY, each.created_at, each.id))  # the least that would be missed
        surplus = max(0, len(found) - wanted.get(kind, 0))
        retire += [(each, "surplus") for each in found[:surplus]]
        stay += found[surplus:]
    lacking = {kind: count - len(there.get(kind, ())) for kind, count in wanted.items()}
    # The kind that lacks most comes first, and each in turn.
    turns = sorted((number, kind) for kind, count in lacking.items() for number in range(-count, 0))
    going_on = tuple(each for each in stay if each.state is SpareState.MAKING)
    return Plan(tuple(retire), tuple(kind for _, kind in turns), going_on)
