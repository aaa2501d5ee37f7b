"""Windows in which nothing begins, by the clock on the operator's wall."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.freezes import Freeze, Window, frozen_by, next_change, next_freeze, parse, windows
from bot.domain.schedule import DAYS, BadSchedule

BERLIN, UTC = "Europe/Berlin", "UTC"
WEEKEND = parse("fri 16:00 - mon 08:00", BERLIN)
CHRISTMAS = parse("Year's end: 2026-12-23 18:00 - 2027-01-02 08:00", BERLIN)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("freezes", "now", "until"),
    [
        ([WEEKEND], "2026-06-05T15:59:59", None),
        ([WEEKEND], "2026-06-05T16:00", "2026-06-08T08:00"),
        ([WEEKEND], "2026-06-08T07:59:59", "2026-06-08T08:00"),
        ([WEEKEND], "2026-06-08T08:00", None),
        ([WEEKEND], "2026-03-28T12:00", "2026-03-30T08:00"),  # an hour shorter than others
        ([WEEKEND], "2026-10-24T12:00", "2026-10-26T08:00"),  # and an hour longer
        ([CHRISTMAS], "2026-12-31T23:59", "2027-01-02T08:00"),
        ([CHRISTMAS], "2025-12-31T23:59", None),
        ([CHRISTMAS, WEEKEND], "2026-12-24T12:00", "2027-01-04T08:00"),  # goes over into a weekend
        ([parse("daily 18:00 - daily 08:00", BERLIN)], "2026-06-03T03:00", "2026-06-03T08:00"),
        ([parse("daily 09:00 - daily 10:00", BERLIN)], "2026-06-03T09:30", "2026-06-03T10:00"),
        ([parse("mon 10:00 - mon 09:00", BERLIN)], "2026-06-07T12:00", "2026-06-08T09:00"),  # nearly a whole week
        ([parse("mon 10:00 - mon 09:00", BERLIN)], "2026-06-08T09:30", None),
        ([parse("sat - sun", BERLIN)], "2026-06-07T23:59", "2026-06-08T00:00"),
        ([parse("2026-12-24 - 2026-12-26", BERLIN)], "2026-12-26T23:59", "2026-12-27T00:00"),
        ([], "2026-06-05T17:00", None),
    ],
)
def test_what_is_frozen_until_when(freezes: list[Freeze], now: str, until: str | None) -> None:
    window = frozen_by(freezes, at(now))
    assert (window.end if window else None) == (at(until) if until else None)


def test_one_that_goes_over_into_another_bears_the_name_of_the_first() -> None:
    window = frozen_by([WEEKEND, CHRISTMAS], at("2027-01-03T12:00"))
    assert window == Window(at("2026-12-23T18:00"), at("2027-01-04T08:00"), "Year's end")


def test_the_next_one_and_those_ahead() -> None:
    monday = at("2026-12-14T12:00")
    assert next_freeze([CHRISTMAS], at("2026-01-01T00:00")) == Window(at("2026-12-23T18:00"), at("2027-01-02T08:00"), "Year's end")
    assert next_freeze([WEEKEND], monday) == Window(at("2026-12-18T16:00"), at("2026-12-21T08:00"))
    assert next_freeze([WEEKEND], at("2026-12-18T16:00")) == Window(at("2026-12-25T16:00"), at("2026-12-28T08:00"))
    ahead = windows([WEEKEND, CHRISTMAS], monday, monday + 21 * 86400)
    assert [(each.begin, each.end) for each in ahead] == [
        (at("2026-12-18T16:00"), at("2026-12-21T08:00")),
        (at("2026-12-23T18:00"), at("2027-01-04T08:00")),
    ]
    assert next_freeze([parse("2020-01-01 - 2020-01-02", UTC)], monday) is None


def test_an_hour_that_the_clock_shows_twice_is_frozen_both_times() -> None:
    night = [parse("sun 02:15 - sun 02:45", BERLIN)]
    assert frozen_by(night, at("2026-10-25T02:20", fold=0)) is not None
    assert frozen_by(night, at("2026-10-25T02:40", fold=1)) is not None


def test_an_hour_that_the_clock_does_not_show_is_no_hole() -> None:
    into_the_gap = [parse("sat 20:00 - sun 02:30", BERLIN)]
    assert frozen_by(into_the_gap, at("2026-03-29T01:59")) is not None
    out_of_the_gap = [parse("sun 02:30 - sun 06:00", BERLIN)]
    assert frozen_by(out_of_the_gap, at("2026-03-29T03:00")) is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no freeze"),
        ("nights", "is no freeze"),
        ("fri 16:00", "is no freeze"),
        ("fri 16:00-mon 08:00", "is no freeze"),
        ("fri 16:00 - mon 25:00", "no day has an hour 25:00"),
        ("fri 16:61 - mon 08:00", "no day has an hour 16:61"),
        ("fri 24:01 - mon 08:00", "no day has an hour 24:01"),
        ("fry 16:00 - mon 08:00", "'fry 16:00' is no moment"),
        ("fri 16:00 - 2026-12-24 08:00", "begins and ends in different ways"),
        ("fri 16:00 - fri 16:00", "ends before it begins"),
        ("2026-12-24 18:00 - 2026-12-24 18:00", "ends before it begins"),
        ("2027-01-02 08:00 - 2026-12-23 18:00", "ends before it begins"),
        ("2026-02-30 - 2026-03-01", "there is no day 2026-02-30"),
    ],
)
def test_what_is_no_freeze_is_told(text: str, says: str) -> None:
    with pytest.raises(BadSchedule, match=says):
        parse(text, BERLIN)


def test_a_zone_that_is_none_is_told() -> None:
    with pytest.raises(BadSchedule, match="no time zone"):
        parse("fri 16:00 - mon 08:00", "Mars/Olympus")


MOMENTS = st.builds("{} {:02}:{:02}".format, st.sampled_from(DAYS), st.integers(0, 23), st.integers(0, 59))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(MOMENTS, MOMENTS).filter(lambda each: each[0] != each[1]), min_size=1, max_size=3),
    st.integers(1_700_000_000, 1_900_000_000),
    st.sampled_from([UTC, BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
@example([("sun 02:00", "sun 03:00")], 1_774_744_200, BERLIN)
def test_what_is_said_of_now_holds_until_it_is_said_to_change(pairs: list[tuple[str, str]], now: float, zone: str) -> None:
    freezes = [parse(f"{begin} - {end}", zone) for begin, end in pairs]
    change = next_change(freezes, now)
    assert change is None or change > now
    window = frozen_by(freezes, now)
    if change is not None:
        assert (frozen_by(freezes, change - 0.001) is None) == (window is None)
        if window is not None and change - now < 6.9 * 86400:  # else it is always frozen
            assert frozen_by(freezes, change) is None
        elif window is None:
            assert frozen_by(freezes, change) is not None
    found = windows(freezes, now, now + 14 * 86400)
    assert all(each.begin < each.end for each in found)
    assert all(one.end < other.begin for one, other in pairwise(found))
