"""Nights and weekends as moments, in a time zone and over its changes of clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.schedule import BadSchedule, asleep_until, check, sleeps_at

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


NIGHTS = check("nights", "Europe/Berlin")
OFFICE = check("mon-fri 20:00-07:00, sat, sun", "Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "now", "until"),
    [
        (NIGHTS, "2026-06-01T12:00", None),
        (NIGHTS, "2026-06-01T20:00", "2026-06-02T07:00"),
        (NIGHTS, "2026-06-02T06:59", "2026-06-02T07:00"),
        (NIGHTS, "2026-06-02T07:00", None),
        (OFFICE, "2026-06-05T21:00", "2026-06-08T00:00"),  # from Friday evening on
        (OFFICE, "2026-06-07T23:00", "2026-06-08T00:00"),
        (OFFICE, "2026-06-08T00:30", None),
        (NIGHTS, "2026-03-28T21:00", "2026-03-29T07:00"),  # an hour shorter than others
        (check("tue 23:00-24:00", "Europe/Berlin"), "2026-06-02T23:30", "2026-06-03T00:00"),
        (check("weekends 00:00-12:00", "Europe/Berlin"), "2026-06-06T11:00", "2026-06-06T12:00"),
        (check("weekends 00:00-12:00", "Europe/Berlin"), "2026-06-06T18:00", None),
    ],
)
def test_when_a_sleep_ends(schedule: str, now: str, until: str | None) -> None:
    assert asleep_until(schedule, at(now)) == (at(until) if until else None)


def test_when_the_next_one_begins() -> None:
    assert sleeps_at(NIGHTS, at("2026-06-01T12:00")) == at("2026-06-01T20:00")
    assert sleeps_at(NIGHTS, at("2026-06-01T21:00")) == at("2026-06-02T20:00")
    assert sleeps_at(check("mon 01:00-02:00", "UTC"), at("2026-06-01T12:00", ZoneInfo("UTC"))) == at("2026-06-08T01:00", ZoneInfo("UTC"))
    assert sleeps_at("", 0) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "mon-fry 20:00-07:00",
        "mon 25:00-07:00",
        "mon 20:00-31:00",
        "mon 20:00-24:01",
        "mon 20:00",
        "20:00-07:00",
        "daily 1:2-3:4",
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(BadSchedule):
        check(text, "UTC")
    with pytest.raises(BadSchedule):
        check("nights", "Mars/Olympus")


@given(st.sampled_from([NIGHTS, OFFICE, check("weekends", "America/New_York")]), st.floats(1.7e9, 1.9e9))
def test_it_is_asleep_until_a_moment_at_which_it_is_awake(schedule: str, now: float) -> None:
    until = asleep_until(schedule, now)
    if until is None:
        begins = sleeps_at(schedule, now)
        assert begins is not None
        assert asleep_until(schedule, begins) is not None
    else:
        assert until > now
        assert asleep_until(schedule, until) is None
