"""When an image is due, and which images nobody needs any more."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.bake import Bake, BakeState, is_due, nightly, spent
from bot.domain.schedule import BadSchedule

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def bake(created: float, image: str = "ami-1") -> Bake:
    return Bake(id=image, version="v", state=BakeState.READY, image=image, created_at=created, deadline=created, ended_at=created)


@pytest.mark.parametrize(
    ("text", "last", "now", "due"),
    [
        ("03:30", None, "2026-03-02T12:00", True),
        ("03:30", "2026-03-02T03:30", "2026-03-03T03:29", False),
        ("03:30", "2026-03-02T03:30", "2026-03-03T03:30", True),
        ("03:30", "2026-03-02T09:00", "2026-03-03T03:29", False),
        ("23:59", "2026-03-02T12:00", "2026-03-02T23:59", True),
        ("mon-fri 03:30", "2026-03-06T03:30", "2026-03-08T12:00", False),  # a Friday, a Sunday
        ("mon-fri 03:30", "2026-03-06T03:30", "2026-03-09T03:30", True),
        ("02:30", "2026-03-28T12:00", "2026-03-29T04:00", True),  # an hour that this night has not
        ("", None, "2026-03-02T12:00", False),
    ],
)
def test_it_is_due_from_its_hour_on_in_the_zone_that_is_set(text: str, last: str | None, now: str, due: bool) -> None:
    stored = nightly(text, "Europe/Berlin") if text else ""
    assert is_due(stored, bake(at(last)) if last else None, at(now)) is due


@pytest.mark.parametrize("text", ["", "3", "25:00", "24:30", "03:60", "noday 03:30", "* * * * *", "03:30; id", "03:30\n04:30"])
def test_what_is_no_time_of_the_day_is_said(text: str) -> None:
    with pytest.raises(BadSchedule):
        nightly(text, "Europe/Berlin")


def test_the_newest_stay_and_what_is_needed() -> None:
    bakes = [bake(float(number), f"ami-{number}") for number in range(1, 6)]
    assert [each.image for each in spent(bakes, 2, {"ami-2"})] == ["ami-1", "ami-3"]
    assert spent(bakes, 9, ()) == []
