"""A time of day is the next such one in the team's zone; a moment stays what it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from grammar.until import read_until, resolve_until

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2030, 3, 28, 12, 0, tzinfo=UTC)  # a Thursday, 13:00 in Berlin; the clocks change on Sunday the 31st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:00", datetime(2030, 3, 28, 17, 0, tzinfo=UTC)),
        ("13:00", datetime(2030, 3, 29, 12, 0, tzinfo=UTC)),
        ("9:05", datetime(2030, 3, 29, 8, 5, tzinfo=UTC)),
        ("fri 18:00", datetime(2030, 3, 29, 17, 0, tzinfo=UTC)),
        ("Thursday 18:00", datetime(2030, 3, 28, 17, 0, tzinfo=UTC)),
        ("thu 12:00", datetime(2030, 4, 4, 10, 0, tzinfo=UTC)),
        ("sun 18:00", datetime(2030, 3, 31, 16, 0, tzinfo=UTC)),
        ("sun 2:30", datetime(2030, 3, 31, 1, 30, tzinfo=UTC)),
        ("2030-03-30", datetime(2030, 3, 29, 23, 0, tzinfo=UTC)),
        ("2030-07-01T18:00", datetime(2030, 7, 1, 16, 0, tzinfo=UTC)),
        ("2030-07-01 18:00:30", datetime(2030, 7, 1, 16, 0, 30, tzinfo=UTC)),
        ("2030-07-01T18:00Z", datetime(2030, 7, 1, 18, 0, tzinfo=UTC)),
        ("2030-07-01T18:00+05:30", datetime(2030, 7, 1, 12, 30, tzinfo=UTC)),
    ],
)
def test_what_is_meant(text: str, expected: datetime) -> None:
    until = read_until(text)
    assert until is not None
    assert resolve_until(until, NOW, BERLIN) == expected
    assert resolve_until(until, NOW.astimezone(timezone(timedelta(hours=-9))), BERLIN) == expected


@pytest.mark.parametrize(
    "text", ["", "18", "24:00", "12:60", "fri", "xxx 18:00", "18:00 fri", "2030-13-01", "tomorrow", "1999-01-01", "9999-12-31T23:59-12:00"]
)
def test_what_is_no_time(text: str) -> None:
    assert read_until(text) is None
