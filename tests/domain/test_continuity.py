"""A certificate covers an environment's time without a hole: what was seen, what was lost, and what nobody knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.continuity import Certificate, How, Instrument, Loss, Stretch

NAME = "binance.spot.BTCUSDT"


def test_only_its_own_time_counts_and_what_nobody_noted_is_unknown() -> None:
    of = Instrument(
        NAME,
        True,
        (Stretch(How.SEEN, 0, 50), Stretch(How.LOST, 50, 60), Stretch(How.SEEN, 70, 90)),
        (Loss(10, "trade", "sequence"), Loss(55, "trade", "sequence")),
    )
    [found] = Certificate(100.0, True, instruments=(of,)).since(40).instruments
    assert [(each.how, each.since, each.until) for each in found.stretches] == [
        ("seen", 40, 50),
        ("lost", 50, 60),
        ("unknown", 60, 70),
        ("seen", 70, 90),
        ("unknown", 90, 100),
    ]
    assert [each.at for each in found.losses] == [55]
    assert [found.seconds(how) for how in How] == [30, 10, 20]


@given(st.lists(st.tuples(st.sampled_from(How), st.floats(-50, 150), st.floats(0, 80)), max_size=12), st.floats(0, 100), st.floats(0, 100))
def test_every_moment_is_one_of_the_three(each: list[tuple[How, float, float]], one: float, other: float) -> None:
    since, until = sorted((one, other))
    found = Instrument(NAME, True, tuple(Stretch(how, at, at + long) for how, at, long in each)).between(since, until).stretches
    assert [since, *(stretch.until for stretch in found)] == [*(stretch.since for stretch in found), until]


def test_a_clock_that_is_behind_shows_nothing_rather_than_a_time_that_goes_back() -> None:
    [found] = Certificate(100.0, True, instruments=(Instrument(NAME, True, (Stretch(How.SEEN, 0, 90),)),)).since(200).instruments
    assert found.stretches == ()
