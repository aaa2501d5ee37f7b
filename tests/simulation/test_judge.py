"""The judge of lives: it has nothing to say of a good one, and finds each kind of bad one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.judge import Record, problems
from tests.simulation.script import HOUR_S, Outage

GOOD = Record(
    "life-1-abcdef",
    deadlines=[(0, 8 * HOUR_S), (5 * HOUR_S, 12 * HOUR_S)],
    warned=[4 * HOUR_S + 20, 8 * HOUR_S + 30, 11 * HOUR_S + 60],
    ended_by="its time was over",
    unwanted_at=12 * HOUR_S + 100,
    gone_at=12 * HOUR_S + 101,
    told_gone=1,
)
AWAY = Outage(3 * HOUR_S, 9 * HOUR_S)


def _said(record: Record, *outages: Outage) -> list[str]:
    return list(problems([record], outages))


def test_a_good_life_is_left_alone() -> None:
    assert _said(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unwanted_at": 11.9 * HOUR_S}, "before its time"),
        ({"unwanted_at": 12.2 * HOUR_S, "gone_at": 12.2 * HOUR_S}, "after its time"),
        ({"gone_at": None}, "it never went"),
        ({"gone_at": 13 * HOUR_S}, "to go"),
        ({"told_gone": 0}, "told 0 times"),
        ({"warned": [*GOOD.warned, 11.5 * HOUR_S]}, "warned 3 times"),
        ({"warned": GOOD.warned[:-1]}, "warned 1 times"),
        ({"warned": [4 * HOUR_S + 20, 8.5 * HOUR_S, 11 * HOUR_S + 60]}, "long after it was owed"),
        ({"warned": [4 * HOUR_S + 20, 7.5 * HOUR_S, 11 * HOUR_S + 60]}, "too early"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], words: str) -> None:
    assert any(words in each for each in _said(replace(GOOD, **change)))


def test_after_an_outage_one_true_warning_is_enough() -> None:
    one = Record("life-2-abcdef", [(0, 9.5 * HOUR_S)], [9 * HOUR_S + 60], "its time was over", 9.5 * HOUR_S + 9, 9.5 * HOUR_S + 9, 1)
    assert _said(one, AWAY) == []
    assert _said(replace(one, warned=[9 * HOUR_S + 60, 9 * HOUR_S + 90]), AWAY) != []
    assert _said(replace(one, warned=[]), AWAY) != []


def test_what_was_owed_moments_before_an_outage_may_be_heard_after_it() -> None:
    short = Outage(3 * HOUR_S, 5 * HOUR_S)
    end = 7 * HOUR_S - 20  # its first warning is owed 20 s before the outage
    life = Record("life-4-abcdef", [(0, end)], [3 * HOUR_S - 10, 6 * HOUR_S], "its time was over", end + 9, end + 9, 1)
    assert _said(life, short) == []
    assert _said(replace(life, warned=[5 * HOUR_S + 60, 6 * HOUR_S]), short) == []
    assert _said(replace(life, warned=[6 * HOUR_S]), short) != []
    over = replace(life, warned=[3 * HOUR_S - 10], unwanted_at=end + 2 * HOUR_S, gone_at=end + 2 * HOUR_S)
    assert _said(over, Outage(3 * HOUR_S, 9 * HOUR_S - 60)) == []
    assert _said(replace(over, warned=[]), Outage(3 * HOUR_S, 9 * HOUR_S - 60)) == []


def test_what_became_due_moments_after_our_return_may_be_heard_together_with_what_was_owed_before() -> None:
    end = AWAY.end + HOUR_S + 40  # the last warning is owed 40 s after we are back, the one before while we were away
    life = Record("life-5-abcdef", [(0, end)], [AWAY.end + 60], "its time was over", end + 9, end + 9, 1)
    assert _said(life, AWAY) == []
    assert _said(replace(life, warned=[AWAY.end + 20, AWAY.end + 60]), AWAY) == []
    assert _said(replace(life, warned=[]), AWAY) != []
    later = replace(life, deadlines=[(0, end + 900)], unwanted_at=end + 909, gone_at=end + 909)
    assert _said(later, AWAY) != []


def test_what_was_over_in_an_outage_goes_when_we_are_back_and_is_not_warned_of() -> None:
    over = Record("life-3-abcdef", [(0, 6 * HOUR_S)], [2 * HOUR_S + 9], "its time was over", 9 * HOUR_S + 60, 9 * HOUR_S + 60, 1)
    assert _said(over, AWAY) == []
    assert any("after its time" in each for each in _said(replace(over, unwanted_at=9.2 * HOUR_S, gone_at=9.2 * HOUR_S), AWAY))
