"""Bakes: how the image that machines are made of comes to be each night, when the next is due, and which images nobody needs any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from bot.domain.schedule import BadSchedule, began_at, check

_AT = re.compile(r"(?:(\S+) )?(\d{1,2}):(\d{2})\Z")
_SEEN_WITHIN_S = 600.0
"""What was just made is not listed at once."""


class BakeState(StrEnum):
    BAKING = "baking"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"  # it was ready once


class Bake(msgspec.Struct, frozen=True, kw_only=True):
    """`version` says what it is made of, `image` is its name in the cloud; what is not done by `deadline` is given up."""

    id: str
    version: str
    state: BakeState = BakeState.BAKING
    image: str = ""
    created_at: float
    deadline: float
    ended_at: float | None = None
    why: str = ""  # what was, or is now, in the way

    @property
    def baked_at(self) -> float:
        return self.ended_at or self.created_at


def nightly(text: str, zone: str) -> str:
    """`03:30` or `mon-fri 03:30` as it is stored: `zone|…`. Raises BadSchedule."""
    found = _AT.match(" ".join(text.lower().split()))
    if found is None:
        raise BadSchedule(f"{text!r} is no time of the day: say `03:30` or `mon-fri 03:30`")
    days, hour, minute = found[1] or "daily", int(found[2]), int(found[3])
    end = (hour * 60 + minute + 1) % (24 * 60)
    return check(f"{days} {hour:02}:{minute:02}-{end // 60:02}:{end % 60:02}", zone)


def is_due(at: str, newest: Bake | None, now: float) -> bool:
    """Whether the time has come since the newest was begun, or there never was one. `at` "": only when somebody asks."""
    if not at:
        return False
    began = began_at(at, now)
    return newest is None or (began is not None and newest.created_at < began)


def current(bakes: Sequence[Bake]) -> Bake | None:
    """The newest good one."""
    return max((each for each in bakes if each.state is BakeState.READY), key=lambda each: (each.baked_at, each.id), default=None)


def spent(bakes: Sequence[Bake], kept: int, needed: Collection[str]) -> Sequence[Bake]:
    """Good ones beyond the `kept` newest that no machine is made of and no setting names; the oldest first."""
    good = sorted((each for each in bakes if each.state is BakeState.READY), key=lambda each: (each.baked_at, each.id), reverse=True)
    return [each for each in reversed(good[kept:]) if each.image not in needed]


def lost(bakes: Sequence[Bake], there: Collection[str], now: float) -> Sequence[Bake]:
    """Good ones whose image is not in the account any more."""
    return [each for each in bakes if each.state is BakeState.READY and each.image not in there and now - each.baked_at > _SEEN_WITHIN_S]
