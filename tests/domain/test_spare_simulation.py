"""Demand that was, with other numbers of spares: by hand where it can be reckoned by hand, and never better than it can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.spare_simulation import Pace, Simulated, simulate
from bot.domain.spares import targets_of

DAY = 86_400.0
MONDAY = 1_796_000_400.0 // DAY * DAY  # a midnight, by UTC
PACE = Pace(fresh_s=300, claim_s=30, make_s=240, ttl_s=12 * 3600)


def with_target(text: str, *asked_at: float, pace: Pace = PACE, until: float = DAY) -> Simulated:
    return simulate([MONDAY + each for each in asked_at], targets_of(text, "UTC"), pace, MONDAY, MONDAY + until)


def test_without_spares_everybody_waits_for_a_fresh_one_and_nothing_is_paid() -> None:
    found = with_target("0", 10, 4000, 8000)
    assert (found.idle_s, found.made, found.claimed, found.waits_s) == (0, 0, 0, (300, 300, 300))


def test_one_spare_serves_one_and_its_successor_is_made_after_it() -> None:
    found = with_target("1", 1000, 1100, 2000, until=3000)
    assert found.waits_s == (30, 300, 30)
    # from 0 to 1000; from 1000 to 2000; from 2000 to the end
    assert (found.idle_s, found.made, found.claimed, found.unused) == (3000, 3, 2, 0)


def test_before_the_first_is_made_there_is_none() -> None:
    assert with_target("1", 239, 241).waits_s == (300, 30)


def test_one_at_a_time_is_made_unless_more_may_be() -> None:
    assert with_target("3", 250, 250, 250).claimed == 1
    assert with_target("3", 250, 250, 250, pace=Pace(300, 30, 240, 43200, at_once=3)).claimed == 3


def test_outside_its_hours_there_is_none_and_what_is_left_goes() -> None:
    found = with_target("daily 08:00-18:00: 1; else 0", 7 * 3600, 9 * 3600, 20 * 3600, pace=Pace(300, 30, 240, DAY))
    assert found.waits_s == (300, 30, 300)
    assert (found.idle_s, found.unused) == (10 * 3600, 1)


def test_one_that_nobody_claims_is_made_anew_when_it_is_old() -> None:
    found = with_target("1", pace=Pace(300, 30, 240, 3600), until=4 * 3600)
    assert (found.made, found.unused) == (4, 3)
    assert found.idle_s == 4 * 3600
    assert found.waited_s(0.95) == 0


def test_how_long_most_of_them_waited() -> None:
    found = with_target("1", *(1000 * number for number in range(1, 20)), 1001)
    assert (found.asked, found.waited_s(0.5), found.waited_s(0.95), found.waited_s(0.96)) == (20, 30, 30, 300)


@given(st.lists(st.floats(0, DAY), max_size=40), st.integers(1, 3))
def test_more_spares_never_make_anybody_wait_longer_in_all_and_never_cost_less(asked: list[float], at_once: int) -> None:
    pace = Pace(300, 30, 240, DAY * 2, at_once)
    found = [with_target(str(count), *asked, pace=pace) for count in range(4)]
    for fewer, more in pairwise(found):
        assert sum(more.waits_s) <= sum(fewer.waits_s)
        assert more.idle_s >= fewer.idle_s - 1e-6
    for each in found:
        assert each.claimed <= each.made
        assert each.asked == len([one for one in asked if MONDAY + one < MONDAY + DAY])


@pytest.mark.parametrize("days", [60])
def test_two_months_of_a_thousand_a_day_are_replayed_in_a_moment(days: int) -> None:
    asked = [MONDAY + number * 86.4 for number in range(days * 100)]
    found = simulate(asked, targets_of("mon-fri 08:00-18:00: 5; else 1", "Europe/Berlin"), PACE, MONDAY, MONDAY + days * DAY)
    assert found.asked == days * 100
