"""`--until`: a moment (ISO 8601), or a time of day with or without a weekday, resolved later in the team's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_OF = {name[:length]: number for number, name in enumerate(_DAYS) for length in (3, len(name))} | {"tues": 1, "thur": 3, "thurs": 3}
_CLOCK = re.compile(r"(?:([A-Za-z]+)\s+)?([01]?[0-9]|2[0-3]):([0-5][0-9])\Z")
_ISO = re.compile(r"[0-9]{4}-?[0-9W][0-9T:.,+\-WZz ]{2,40}\Z")
_YEARS = range(2000, 9000)


@dataclass(frozen=True, slots=True)
class Until:
    """What was typed, and either `at` (aware or naive) or `clock` with perhaps a `weekday` (Monday is 0)."""

    text: str
    at: datetime | None = None
    clock: time | None = None
    weekday: int | None = None


def read_until(text: str) -> Until | None:
    """Read what `--until` takes; None when it is nothing of the kind."""
    if found := _CLOCK.match(text):
        day, hour, minute = found.groups()
        weekday = _DAY_OF.get(day.lower()) if day else None
        if day and weekday is None:
            return None
        return Until(text, clock=time(int(hour), int(minute)), weekday=weekday)
    if not _ISO.match(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Until(text, at=at) if at.year in _YEARS else None


def is_weekday(text: str) -> bool:
    return text.lower() in _DAY_OF


def resolve_until(value: Until, now: datetime, zone: tzinfo) -> datetime:
    """Give the moment that is meant, in UTC. `now` is aware. A time of day is the next such one after `now` in `zone`."""
    if value.at is not None:
        at = value.at if value.at.tzinfo is not None else value.at.replace(tzinfo=zone)
        return at.astimezone(UTC)
    clock = value.clock or time()
    here = now.astimezone(zone)
    days = 0 if value.weekday is None else (value.weekday - here.weekday()) % 7
    moment = _on_day(here, days, clock, zone)
    if moment <= now:
        moment = _on_day(here, days + (1 if value.weekday is None else 7), clock, zone)
    return moment


def _on_day(here: datetime, days: int, clock: time, zone: tzinfo) -> datetime:
    day = here.date() + timedelta(days=days)
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
