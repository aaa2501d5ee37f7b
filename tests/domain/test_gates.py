"""What gates come to: of checks, of reviews, and which of them an act has to pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.deployment import RolloutKind
from bot.domain.gates import Checks, Gate, Lack, Reviewed, Word, again_at, of_checks, of_reviews, shut, wanted
from bot.domain.message import Person, Platform

DANA, ADA = Person(Platform.GITHUB, "7", "dana"), Person(Platform.GITHUB, "8", "ada")
ALL = tuple(Gate)


@pytest.mark.parametrize(
    ("checks", "lack", "named"),
    [
        (Checks(passed=("unit",)), None, ()),
        (Checks(), Lack.UNCHECKED, ()),
        (Checks(running=("unit",), passed=("lint",)), Lack.RUNNING, ("unit",)),
        (Checks(("lint",), ("unit",), ("docs",)), Lack.FAILED, ("lint",)),
    ],
)
def test_checks_are_green_only_when_all_there_are_passed(checks: Checks, lack: Lack | None, named: tuple[str, ...]) -> None:
    assert of_checks(checks) == Word(Gate.CI, lack, named)


@pytest.mark.parametrize(
    ("requests", "lack"),
    [
        ((), Lack.NO_REQUEST),
        ((Reviewed(12, DANA),), Lack.UNAPPROVED),
        ((Reviewed(12, DANA, (DANA,)),), Lack.UNAPPROVED),
        ((Reviewed(12, DANA, (Person(Platform.GITHUB, "7", "dana-again"),)),), Lack.UNAPPROVED),
        ((Reviewed(12, None, (ADA,)),), Lack.UNAPPROVED),
        ((Reviewed(12, DANA, (DANA, ADA)),), None),
        ((Reviewed(12, DANA), Reviewed(13, DANA, (ADA,))), None),
    ],
)
def test_nobody_approves_what_is_their_own(requests: tuple[Reviewed, ...], lack: Lack | None) -> None:
    assert of_reviews(requests).lack is lack


def test_a_gate_of_which_nothing_was_said_is_no_open_gate() -> None:
    assert [each.lack for each in shut(ALL, (), "a1", "")] == [Lack.UNASKED] * 3


def test_what_was_said_of_another_artifact_counts_for_nothing() -> None:
    words = [Word(gate, artifact_id="a0") for gate in ALL]
    assert [each.lack for each in shut(ALL, words, "a1", "")] == [Lack.UNASKED] * 3
    assert shut(ALL, [replace(each, artifact_id="a1") for each in words], "a1", "") == ()


def test_contracts_that_were_compared_with_what_ran_before_are_compared_again() -> None:
    said = Word(Gate.CONTRACTS, None, artifact_id="a2", against="a0")
    assert shut((Gate.CONTRACTS,), [said], "a2", "a0") == ()
    assert [each.lack for each in shut((Gate.CONTRACTS,), [said], "a2", "a1")] == [Lack.UNASKED]


def test_what_cannot_change_by_itself_is_told_first() -> None:
    words = [Word(Gate.CI, Lack.RUNNING, ("unit",), artifact_id="a1"), Word(Gate.REVIEW, Lack.UNAPPROVED, artifact_id="a1")]
    assert [each.gate for each in shut((Gate.CI, Gate.REVIEW), words, "a1", "")] == [Gate.REVIEW, Gate.CI]


def test_who_goes_back_passes_all_and_a_beta_goes_before_its_review() -> None:
    for kind in RolloutKind:
        left = {RolloutKind.ROLLBACK: (), RolloutKind.RELEASE: (), RolloutKind.BETA: (Gate.CI, Gate.CONTRACTS)}
        assert wanted(ALL, kind) == left.get(kind, ALL)


def test_it_is_asked_again_soon_and_then_every_minute() -> None:
    assert [again_at(0, now) - now for now in (0, 60, 100_000)] == [10, 15, 60]
