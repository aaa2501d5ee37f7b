"""What was spent by month, project and person."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.cost import Prices, ahead, ahead_paused, spent
from bot.domain.datasets import Seeds
from bot.domain.environment import Size
from bot.domain.message import Person, Platform
from bot.domain.spending import Life, month_of, report, within

HOUR, DAY = 3600.0, 86_400.0
DANA, GINA = Person(Platform.GITHUB, "7", "dana"), Person(Platform.GITLAB, "8", "gina")
PRICES = Prices({Size.SMALL: 1.0, Size.LARGE: 4.0})
NOW = datetime(2026, 11, 16, tzinfo=UTC).timestamp()  # half of November


def life(hours_ago: float, hours: float | None = None, **more: Any) -> Life:
    """Made so long ago; gone after `hours`, or still there."""
    made = NOW - hours_ago * HOUR
    usual: dict[str, Any] = {
        "project": "shop",
        "owner": DANA,
        "accounts": frozenset({"github:7"}),
        "size": Size.SMALL,
        "created_at": made,
        "gone_at": None if hours is None else made + hours * HOUR,
        "paused_at": None,
        "paused_s": 0.0,
    }
    return Life(**{**usual, **more})


def test_a_month_begins_where_the_team_is() -> None:
    berlin = month_of(datetime(2026, 10, 31, 23, 30, tzinfo=UTC).timestamp(), ZoneInfo("Europe/Berlin"))
    assert [datetime.fromtimestamp(each, UTC).isoformat() for each in (berlin.last_began_at, berlin.began_at, berlin.ends_at)] == [
        "2026-09-30T22:00:00+00:00",
        "2026-10-31T23:00:00+00:00",
        "2026-11-30T23:00:00+00:00",
    ]


def test_each_month_has_its_own_part_of_a_life() -> None:
    total = report([life(15 * 24 + 10, 30)], PRICES, NOW, UTC).total
    assert (total.environments, total.last_month, total.so_far) == (1, 10, 20)


def test_the_forecast_goes_on_at_the_pace_of_the_last_week() -> None:
    total = report([life(7 * 24)], PRICES, NOW, UTC).total
    assert (total.so_far, total.forecast) == (168, 168 + 15 * 24)
    assert report([life(10 * 24, 5)], PRICES, NOW, UTC).total.forecast == 5


def test_a_pause_costs_nothing() -> None:
    assert report([life(10, paused_s=4 * HOUR)], PRICES, NOW, UTC).total.so_far == pytest.approx(6)
    assert report([life(10, paused_at=NOW - 4 * HOUR)], PRICES, NOW, UTC).total.so_far == pytest.approx(6)


def test_by_project_and_person_the_dearest_first() -> None:
    found = report([life(2), life(3, project="lab"), life(4, owner=GINA, size=Size.LARGE)], PRICES, NOW, UTC)
    assert [(each.name, each.environments, each.so_far) for each in found.by_project] == [("shop", 2, 18), ("lab", 1, 3)]
    assert [(each.name, each.environments, each.so_far) for each in found.by_person] == [("gina", 1, 16), ("dana", 2, 5)]
    assert [spent for _, spent in found.days][-3:] == [0, 21, 0]


@given(st.lists(st.tuples(st.floats(0.1, 2000), st.floats(0.1, 500)), max_size=5), st.lists(st.floats(0, 2500), max_size=4))
def test_parts_of_a_time_are_the_whole(lives: list[tuple[float, float]], cuts: list[float]) -> None:
    edges = [NOW - 2500 * HOUR, *sorted(NOW - cut * HOUR for cut in cuts), NOW]
    for ago, lasted in lives:
        it = life(ago, min(ago, lasted))
        parts = [within(it, PRICES, begin, end, NOW) for begin, end in pairwise(edges)]
        assert sum(parts) == pytest.approx(min(ago, lasted))


def test_hours_at_another_size_count_at_its_price() -> None:
    both = life(20, None, size=Size.LARGE, earlier_s={"small": 10 * HOUR})
    assert within(both, PRICES, NOW - 20 * HOUR, NOW, NOW) == pytest.approx(10 * 1.0 + 10 * 4.0)


def test_a_disk_of_data_is_paid_for_from_when_it_is_there_and_through_a_pause_until_its_end() -> None:
    prices = Prices({Size.SMALL: 1.0}, gb_per_hour=0.01)
    had = Seeds().on_disk(100, NOW - 8 * HOUR).on_disk(50, NOW - 6 * HOUR)
    running = life(10, seeds=had)
    assert spent(running, prices, NOW) == pytest.approx(10 * 1 + (2 * 100 + 6 * 50) * 0.01)
    assert spent(life(10, paused_at=NOW - 4 * HOUR, seeds=had), prices, NOW) == pytest.approx(6 * 1 + (2 * 100 + 6 * 50) * 0.01)
    assert spent(life(10, 9, seeds=had), prices, NOW) == pytest.approx(9 * 1 + (2 * 100 + 5 * 50) * 0.01)
    assert ahead(running, prices, HOUR) == pytest.approx(1.5)
    assert ahead_paused(running, prices, HOUR) == pytest.approx(0.5)
    here = Prices(besides={"": {Size.SMALL: 1.0}}, gb_per_hour=0.01)
    assert spent(running, here, NOW) == 10, "what is on this machine has no such disk"
