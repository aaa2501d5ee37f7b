"""Times in words."""

from __future__ import annotations

import pytest

from bot.domain.prose import Stage, StageState
from bot.rendering.progress import bar, duration, left, so_far, usual

DONE, RUNNING, WAITING = StageState.DONE, StageState.RUNNING, StageState.WAITING


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-1, "0 s"),
        (0.04, "0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (754, "12 min"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
    ],
)
def test_a_duration_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("p50", "p90", "words"),
    [
        (None, None, ""),
        (3, None, "3 s"),
        (3, 3, "3 s"),
        (30, 45, "30–45 s"),
        (30, 90, "30 s – 1 min 30 s"),
        (90, 100, "1 min 30 s – 1 min 40 s"),
        (600, 1200, "10–20 min"),
    ],
)
def test_what_is_usual_is_a_range(p50: float | None, p90: float | None, words: str) -> None:
    assert usual(Stage("s", RUNNING, None, p50, p90)) == words


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage("s", RUNNING, 12), "12 s"),
        (Stage("s", RUNNING, 12, done=2, of=5), "12 s, 2 of 5"),
        (Stage("s", RUNNING, 12, done=3, of=14, doing="kind"), "12 s, kind, 3 of 14 tasks"),
        (Stage("s", WAITING, done=3, doing="kind"), ""),
    ],
)
def test_what_is_counted_is_said_with_what_it_brings(stage: Stage, words: str) -> None:
    assert so_far(stage) == words


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ((), ""),
        ((Stage("a", DONE, 1, 1, 2),), ""),
        ((Stage("a", RUNNING, 5),), ""),
        ((Stage("a", RUNNING, 10, 30, 45), Stage("b", WAITING, None, 5, 9)), "about 25 s left"),
        ((Stage("a", RUNNING, 29.8, 30, 45),), "any moment now"),
        ((Stage("a", RUNNING, 46, 30, 45), Stage("b", WAITING, None, 5, 9)), "slower than usual"),
    ],
)
def test_what_is_left_is_said_only_when_it_is_known(stages: tuple[Stage, ...], words: str) -> None:
    assert left(stages) == words


def test_the_bar_goes_by_time_and_never_fills_before_the_end() -> None:
    assert bar((Stage("a", DONE, 10, 9, 12), Stage("b", RUNNING, 500, 10, 12)), 10) == "▰▰▰▰▰▰▰▰▰▰ 98 % · slower than usual"
    assert bar((Stage("a", RUNNING, 0, 10, 12), Stage("b", WAITING, None, 10, 12)), 10) == "▱▱▱▱▱▱▱▱▱▱ 0 % · about 20 s left"
    assert bar((Stage("a", RUNNING, 0, 10, 12), Stage("b", WAITING)), 10) == "about 10 s left"
    assert bar((Stage("a", WAITING, None, 10, 12),), 10) == ""
