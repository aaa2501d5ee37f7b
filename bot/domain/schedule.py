"""When environments sleep: `mon-fri 20:00-07:00, sat, sun` in a time zone, as moments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = {"nights": "daily 20:00-07:00", "weekends": "sat-sun", "daily": "mon-sun"}
_ENTRY = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?(?: (\d{1,2}):(\d{2})-(\d{1,2}):(\d{2}))?\Z")
_HOUR = re.compile(r"(\d{1,2}):(\d{2})")
_LOOK_BACK, _LOOK_AHEAD = 8, 9  # days: a week and the night before


class BadSchedule(ValueError):  # noqa: N818 - a sentence, as its neighbours
    """The text says what is wrong with it."""


@dataclass(frozen=True)
class Span:
    """On these days (0 is Monday) from `begin` until `end`, which is on the next day when it is not later."""

    days: frozenset[int]
    begin: time
    end: time


def check(text: str, zone: str) -> str:
    """`zone|text` as it is stored with an environment. Raises BadSchedule."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise BadSchedule(f"there is no time zone {zone!r}") from None
    if late := next((f"{hour}:{minute}" for hour, minute in _HOUR.findall(text) if int(hour) * 60 + int(minute) > 24 * 60), None):
        raise BadSchedule(f"no day has an hour {late}")
    made = f"{zone}|{' '.join(text.lower().split())}"
    _spans(made)
    return made


def asleep_until(stored: str, now: float) -> float | None:
    """When the sleep of now ends; None when it is awake now, or never sleeps. Seconds since the epoch."""
    return next((end for begin, end in _sleeps(stored, now) if begin <= now < end), None)


def sleeps_at(stored: str, now: float) -> float | None:
    """When it sleeps next, after now."""
    return next((begin for begin, _ in _sleeps(stored, now) if begin > now), None)


def began_at(stored: str, now: float) -> float | None:
    """The latest beginning that is not after now; None when there was none within the last week."""
    return max((begin for begin, _ in _sleeps(stored, now) if begin <= now), default=None)


def covers(stored: str, now: float) -> bool:
    """Whether a moment is in these times, whatever they are times of."""
    return asleep_until(stored, now) is not None


def _sleeps(stored: str, now: float) -> list[tuple[float, float]]:
    """Around now, in order, none touching another."""
    if not stored:
        return []
    zone = ZoneInfo(stored.partition("|")[0])
    today = datetime.fromtimestamp(now, zone).date()
    found = []
    for offset in range(-_LOOK_BACK, _LOOK_AHEAD):
        day = today + timedelta(days=offset)
        for span in _spans(stored):
            if day.weekday() in span.days:
                until = day if span.end > span.begin else day + timedelta(days=1)
                begin, end = datetime.combine(day, span.begin, zone), datetime.combine(until, span.end, zone)
                found.append((begin.timestamp(), end.timestamp()))
    merged: list[tuple[float, float]] = []
    for begin_s, end_s in sorted(found):
        if merged and begin_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end_s, merged[-1][1]))
        else:
            merged.append((begin_s, end_s))
    return merged


@lru_cache(maxsize=256)
def _spans(stored: str) -> tuple[Span, ...]:
    text = stored.partition("|")[2]
    for word, meaning in _WORDS.items():
        text = re.sub(rf"\b{word}\b", meaning, text)
    spans = tuple(_span(entry.strip()) for entry in text.split(",") if entry.strip())
    if not spans:
        raise BadSchedule("it names no time: say `nights`, `weekends` or `mon-fri 20:00-07:00`")
    return spans


def _span(entry: str) -> Span:
    found = _ENTRY.match(entry)
    first, last = (found.group(1), found.group(2) or found.group(1)) if found else ("", "")
    if found is None or first not in DAYS or last not in DAYS:
        raise BadSchedule(f"{entry!r} is no time: say `nights`, `weekends` or `mon-fri 20:00-07:00`")
    count = (DAYS.index(last) - DAYS.index(first)) % 7 + 1
    days = frozenset((DAYS.index(first) + number) % 7 for number in range(count))
    numbers = [int(number) for number in found.groups()[2:] if number is not None] or [0, 0, 0, 0]
    try:
        return Span(days, time(numbers[0], numbers[1]), time(numbers[2] % 24, numbers[3]))
    except ValueError:
        raise BadSchedule(f"{entry!r} has an hour that no day has") from None
