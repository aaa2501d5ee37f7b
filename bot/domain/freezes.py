"""When nothing begins in a shared environment: `fri 16:00 - mon 08:00` each week, `2026-12-23 18:00 - 2027-01-02 08:00` once.

A name before it (`year's end: 2026-12-23 - 2027-01-01`) is told with it. A day without a time is the whole day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.schedule import DAYS, BadSchedule

LOOK_AHEAD_S = 14 * 86400.0
LEADS_S = (3600.0, 900.0)
"""How long before it begins a freeze is announced, the earliest first."""
_NAMED = re.compile(r"(?:([^:]*\S)\s*:\s+)?(\S.*?)\s+-\s+(\S.*)\Z")
_MOMENT = re.compile(r"(daily|[a-z]{3}|\d{4}-\d{2}-\d{2})(?:\s+(\d{1,2}):(\d{2}))?\Z")
_DAILY = "daily"
_DAY = timedelta(days=1)
_LONGEST_DAYS = 8  # a week, and the day on which a window ends


@dataclass(frozen=True)
class Moment:
    """A day of the week (0 is Monday), or a date, or any day (None); and minutes since its midnight."""

    day: int | date | None
    minutes: int

    def on(self, day: date) -> datetime:
        return datetime.combine(day, time()) + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Freeze:
    """One line of an environment's freezes."""

    text: str
    name: str
    zone: str
    begin: Moment
    end: Moment


@dataclass(frozen=True, order=True)
class Window:
    """From `begin` until `end`, which is no part of it; seconds since the epoch. `name` may be empty."""

    begin: float
    end: float
    name: str = ""


def parse(text: str, zone: str) -> Freeze:
    """What the operator wrote. Raises BadSchedule, which says what is wrong with it."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise BadSchedule(f"there is no time zone {zone!r}") from None
    found = _NAMED.match(text.strip())
    if found is None:
        raise BadSchedule(f"{text!r} is no freeze: say `fri 16:00 - mon 08:00` or `2026-12-23 18:00 - 2027-01-02 08:00`")
    name, begin, end = found.group(1) or "", *(each.lower() for each in found.groups()[1:])
    made = Freeze(text.strip(), name, zone, _moment(begin, is_end=False), _moment(end, is_end=True))
    if type(made.begin.day) is not type(made.end.day):
        raise BadSchedule(f"{text!r} begins and ends in different ways: say two days of the week, two dates, or `daily` twice")
    is_nothing = (made.begin.day, made.begin.minutes) == (made.end.day, made.end.minutes)
    if is_nothing or (isinstance(made.begin.day, date) and isinstance(made.end.day, date) and _ends_before_it_begins(made)):
        raise BadSchedule(f"{text!r} ends before it begins")
    return made


def frozen_by(freezes: Iterable[Freeze], now: float) -> Window | None:
    """The window that it is now. Where one goes over into another, it ends with the last of them and has the name of the first."""
    return next((each for each in _merged(freezes, now, now) if each.begin <= now < each.end), None)


def next_freeze(freezes: Iterable[Freeze], now: float) -> Window | None:
    """The next that begins after now; years ahead, where it is a date."""
    return next((each for each in _merged(freezes, now, now + LOOK_AHEAD_S) if each.begin > now), None)


def windows(freezes: Iterable[Freeze], now: float, until: float) -> tuple[Window, ...]:
    """All that are now or begin before `until`, in order, none touching another."""
    return tuple(each for each in _merged(freezes, now, until) if each.end > now and each.begin < until)


def lead_due(window: Window, now: float) -> float | None:
    """Which announcement it is time for: of several that are late only the last is still true."""
    left = window.begin - now
    return min((lead for lead in LEADS_S if 0 < left <= lead), default=None)


def next_change(freezes: Iterable[Freeze], now: float) -> float | None:
    """When it is next otherwise than now: the end of what is, else the beginning of the next."""
    freezes = tuple(freezes)
    if window := frozen_by(freezes, now):
        return window.end
    return ahead.begin if (ahead := next_freeze(freezes, now)) else None


def _merged(freezes: Iterable[Freeze], now: float, until: float) -> Iterator[Window]:
    going: Window | None = None
    for window in sorted(each for freeze in freezes for each in _around(freeze, now, until)):
        if going and window.begin <= going.end:
            going = Window(going.begin, max(going.end, window.end), going.name or window.name)
        else:
            if going:
                yield going
            going = window
    if going:
        yield going


def _around(freeze: Freeze, now: float, until: float) -> Iterator[Window]:
    """Its windows from a week before now to a week after `until`: enough to see what goes over into what."""
    begin, end = freeze.begin, freeze.end
    if isinstance(begin.day, date) and isinstance(end.day, date):
        yield from _window(freeze, begin.day, end.day)
        return
    zone = ZoneInfo(freeze.zone)
    day = datetime.fromtimestamp(now, zone).date() - _LONGEST_DAYS * _DAY
    last = datetime.fromtimestamp(until, zone).date() + _LONGEST_DAYS * _DAY
    while day <= last:
        if begin.day in {None, day.weekday()}:
            yield from _window(freeze, day, day + _days_between(begin, end) * _DAY)
        day += _DAY


def _days_between(begin: Moment, end: Moment) -> int:
    """From the day on which it begins to the day on which it ends: that is the next of its kind, when it is not later on the same."""
    if isinstance(begin.day, int) and isinstance(end.day, int):
        days, week = (end.day - begin.day) % 7, 7
    else:
        days, week = 0, 1
    return days if days * 1440 + end.minutes > begin.minutes else days + week


def _window(freeze: Freeze, first: date, last: date) -> Iterator[Window]:
    """Between the two, by the clock on the wall. An hour that a change of clocks takes away, or gives twice, is frozen."""
    begin, end = (
        tuple(moment.on(day).replace(tzinfo=ZoneInfo(freeze.zone), fold=fold).timestamp() for fold in (0, 1))
        for moment, day in ((freeze.begin, first), (freeze.end, last))
    )
    if min(begin) < max(end):
        yield Window(min(begin), max(end), freeze.name)


def _ends_before_it_begins(freeze: Freeze) -> bool:
    begin, end = freeze.begin, freeze.end
    assert isinstance(begin.day, date)  # noqa: S101 - asked by who calls
    assert isinstance(end.day, date)  # noqa: S101
    return end.on(end.day) <= begin.on(begin.day)


@lru_cache(maxsize=256)
def _moment(text: str, *, is_end: bool) -> Moment:
    found = _MOMENT.match(text)
    if found is None or (found.group(1) != _DAILY and len(found.group(1)) == 3 and found.group(1) not in DAYS):
        raise BadSchedule(f"{text!r} is no moment: say `fri 16:00` or `2026-12-23 18:00`")
    day, hour, minute = found.groups()
    whole = 24 * 60 if is_end else 0
    minutes = int(hour) * 60 + int(minute) if hour else whole
    if minutes > 24 * 60 or (minute and int(minute) > 59):
        raise BadSchedule(f"no day has an hour {hour}:{minute}")
    if day == _DAILY:
        return Moment(None, minutes)
    if day in DAYS:
        return Moment(DAYS.index(day), minutes)
    try:
        return Moment(date.fromisoformat(day), minutes)
    except ValueError:
        raise BadSchedule(f"there is no day {day}") from None
