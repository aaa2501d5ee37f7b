"""What stands against a deployment's beginning, as a table; and what no one may ever pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.beginning import PATIENCE_S, WORD_S, Facts, Go, Refuse, Skipped, Wait, may_begin
from bot.domain.catalogue import SharedEnvironment
from bot.domain.deployment import Deployment, DeploymentState, Lock, Rollout, RolloutKind, Slot, Veto, Waits
from bot.domain.freezes import Window, parse
from bot.domain.message import Person, Platform, Thread
from bot.domain.waiting import called, is_told, said_again, waiting

NOW = 1_780_000_000.0
DANA, ERIN = Person(Platform.GITHUB, "7", "dana"), Person(Platform.SLACK, "U2", "erin")
THREAD = Thread(Platform.GITHUB, "github:shop:12")
PROD = SharedEnvironment("prod", 2, after="staging")
MERGED_ONLY = SharedEnvironment("prod", 2, merged_only=True)
ROLLOUT = Rollout(id="r5", kind=RolloutKind.DEPLOY, environment="prod", words="payments", person=DANA, thread=THREAD, created_at=NOW)
MINE = Deployment(id="d5", number=5, rollout_id="r5", service="payments", environment="prod", artifact_id="a5", created_at=NOW)
LOCK = Lock(
    id="l1",
    scope="environment/prod",
    owner=ERIN,
    identities=("slack:U2", "github:8"),
    thread=THREAD,
    reason="release week",
    created_at=NOW - 60,
    expires_at=NOW + 600,
)
OTHER_LOCK = msgspec.structs.replace(LOCK, id="l2", scope="service/payments:prod", created_at=NOW - 30, expires_at=None)
VETO = Veto(id="v1", service="payments", artifact_id="a5", person=ERIN, reason="loses money", created_at=NOW)
SLOT = Slot(service="payments", environment="prod")
ALWAYS = parse("2020-01-01 - 2099-01-01", "UTC")
FROZEN = Window(1577836800.0, 4070995200.0)
HELD = msgspec.structs.replace(SLOT, held_by=ERIN, held_reason="rolled back")


def other(number: int, **changes: Any) -> Deployment:
    known: dict[str, Any] = {"id": f"d{number}", "rollout_id": f"r{number}", "number": number}
    return msgspec.structs.replace(MINE, **(known | changes))


RUNNING = other(9, state=DeploymentState.RUNNING)
LATER_AND_DONE = other(6, state=DeploymentState.SUCCEEDED)
OVERTAKEN: dict[str, Any] = {"slot": msgspec.structs.replace(SLOT, deployment_id="d6", since=NOW + 1), "running": LATER_AND_DONE}


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({}, Go()),
        ({"environment": MERGED_ONLY, "is_merged": False}, Refuse("not_merged")),
        ({"environment": MERGED_ONLY}, Go()),
        ({"locks": (LOCK,)}, Wait(Waits.LOCK, LOCK, NOW + 600)),
        ({"locks": (LOCK, OTHER_LOCK)}, Wait(Waits.LOCK, OTHER_LOCK, None)),
        ({"locks": (LOCK,), "identities": frozenset({"github:8"})}, Go()),  # its owner, by another account of theirs
        ({"locks": (LOCK, OTHER_LOCK), "identities": frozenset({"github:7"})}, Wait(Waits.LOCK, OTHER_LOCK, None)),
        ({"locks": (msgspec.structs.replace(LOCK, is_warning=True),)}, Go((), (msgspec.structs.replace(LOCK, is_warning=True),))),
        ({"locks": (msgspec.structs.replace(LOCK, expires_at=NOW),)}, Go()),
        ({"locks": (msgspec.structs.replace(LOCK, released_at=NOW),)}, Go()),
        ({"locks": (msgspec.structs.replace(LOCK, scope="environment/dev"),)}, Go()),
        (
            {"locks": (msgspec.structs.replace(OTHER_LOCK, scope="group/core"),), "groups": ("core",)},
            Wait(Waits.LOCK, msgspec.structs.replace(OTHER_LOCK, scope="group/core")),
        ),
        ({"freezes": (ALWAYS,)}, Wait(Waits.FREEZE, FROZEN, FROZEN.end)),
        ({"freezes": (ALWAYS,), "locks": (LOCK,)}, Wait(Waits.LOCK, LOCK, NOW + 600)),
        ({"veto": VETO, "locks": (LOCK,)}, Refuse("vetoed", VETO)),
        ({"veto": msgspec.structs.replace(VETO, lifted_at=NOW)}, Go()),
        ({"has_run_before": False, "locks": (LOCK,)}, Refuse("order", Skipped("staging"))),
        ({"slot": HELD}, Go()),  # a hold is for what goes by itself
        ({"slot": msgspec.structs.replace(SLOT, claimed_by="d9")}, Wait(Waits.TURN)),
        ({"slot": msgspec.structs.replace(SLOT, claimed_by="d5")}, Go()),
        ({"others": (RUNNING,)}, Wait(Waits.TURN, RUNNING)),
        ({"others": (other(3), other(4))}, Wait(Waits.TURN, other(4))),
        ({"others": (other(4, is_wanted=False),)}, Go()),
        ({"others": (other(6),)}, Go()),
        ({"others": (other(4, service="ledger"), other(3, environment="dev"))}, Go()),
        ({"others": (other(4, service="ledger", rollout_id="r5"),)}, Go()),  # side by side
        ({"others": (MINE,)}, Go()),
    ],
)
def test_what_stands_against_a_beginning(facts: dict[str, Any], answer: object) -> None:
    assert may_begin(MINE, ROLLOUT, Facts(**{"environment": PROD, **facts}), NOW) == answer


@pytest.mark.parametrize(
    ("kind", "facts", "answer"),
    [
        (RolloutKind.CONTINUOUS, {"slot": HELD}, Refuse("held", HELD)),
        (RolloutKind.CONTINUOUS, OVERTAKEN, Refuse("superseded", LATER_AND_DONE)),
        (RolloutKind.ROLLBACK, {"freezes": (ALWAYS,)}, Go()),
        (RolloutKind.ROLLBACK, {"has_run_before": False}, Go()),
        (RolloutKind.ROLLBACK, {"locks": (OTHER_LOCK,)}, Wait(Waits.LOCK, OTHER_LOCK)),
        (RolloutKind.ROLLBACK, {"veto": VETO}, Refuse("vetoed", VETO)),
        (RolloutKind.ROLLBACK, {"slot": HELD}, Go()),
        (RolloutKind.RELEASE, {"has_run_before": False}, Go()),
        (RolloutKind.PROMOTE, {"has_run_before": False}, Refuse("order", Skipped("staging"))),
    ],
)
def test_kinds_of_rollouts_differ(kind: RolloutKind, facts: dict[str, Any], answer: object) -> None:
    assert may_begin(MINE, msgspec.structs.replace(ROLLOUT, kind=kind), Facts(PROD, **facts), NOW) == answer


def test_a_stage_of_its_rollout_comes_first() -> None:
    first = other(4, rollout_id="r5", service="ledger", stage=0)
    second = msgspec.structs.replace(MINE, stage=1)
    assert may_begin(second, ROLLOUT, Facts(PROD, others=(first,)), NOW) == Wait(Waits.STAGE, first)


@pytest.mark.parametrize(
    ("waits", "facts", "answer"),
    [
        (Waits.TURN, {}, "behind"),
        (Waits.APPROVAL, {}, Go()),
        (Waits.CHECKS, {}, Go()),
        (Waits.WORD, {}, Go()),
        (Waits.STAGE, {}, Go()),
        (Waits.LOCK, {}, "behind"),  # the lock has just gone: who waited for it is about to begin
        (Waits.LOCK, {"locks": (LOCK,), "identities": frozenset({"slack:U2"})}, Go()),
        (Waits.FREEZE, {}, "behind"),
    ],
)
def test_who_cannot_begin_stands_in_nobody_s_way(waits: Waits, facts: dict[str, Any], answer: object) -> None:
    ahead = other(4, state=DeploymentState.WAITING, waits_for=waits)
    expected = Wait(Waits.TURN, ahead) if answer == "behind" else answer
    assert may_begin(MINE, ROLLOUT, Facts(PROD, others=(ahead,), **facts), NOW) == expected


def test_force_passes_locks_freezes_and_order_and_tells_which() -> None:
    forced = msgspec.structs.replace(ROLLOUT, is_forced=True)
    facts = Facts(PROD, locks=(LOCK,), freezes=(ALWAYS,), has_run_before=False)
    assert may_begin(MINE, forced, facts, NOW) == Go((LOCK, FROZEN, Skipped("staging")))
    waiting_for_the_lock = other(4, state=DeploymentState.WAITING, waits_for=Waits.LOCK)
    assert isinstance(may_begin(MINE, forced, replace(facts, others=(waiting_for_the_lock,)), NOW), Go)


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"veto": VETO}, Refuse("vetoed", VETO)),
        ({"slot": msgspec.structs.replace(SLOT, claimed_by="d9")}, Wait(Waits.TURN)),
        ({"others": (RUNNING,)}, Wait(Waits.TURN, RUNNING)),
    ],
)
def test_force_passes_no_veto_and_nobody_who_is_at_work(facts: dict[str, Any], answer: object) -> None:
    forced = msgspec.structs.replace(ROLLOUT, is_forced=True)
    assert may_begin(MINE, forced, Facts(PROD, **facts), NOW) == answer


@pytest.mark.parametrize(("waited_s", "is_asked"), [(60.0, False), (PATIENCE_S, False), (PATIENCE_S + 1, True)])
def test_who_waited_long_is_asked_before_it_begins(waited_s: float, is_asked: bool) -> None:
    waited = waiting(MINE, Wait(Waits.LOCK, LOCK), "the lock", NOW)
    later = NOW + waited_s
    answer = may_begin(waited, ROLLOUT, Facts(PROD), later)
    assert answer == (Wait(Waits.WORD, None, later + WORD_S) if is_asked else Go())


def test_who_was_overtaken_is_asked_and_goes_on_when_it_is_said_again() -> None:
    waited = waiting(MINE, Wait(Waits.LOCK, LOCK), "the lock", NOW)
    facts = Facts(PROD, **OVERTAKEN)
    question = may_begin(waited, ROLLOUT, facts, NOW + 2)
    assert question == Wait(Waits.WORD, LATER_AND_DONE, NOW + 2 + WORD_S)
    assert isinstance(question, Wait)
    asked = waiting(waited, question, "your word", NOW + 2)
    still = may_begin(asked, ROLLOUT, facts, NOW + 60)
    assert still == Wait(Waits.WORD, None, NOW + 2 + WORD_S)
    assert isinstance(still, Wait)
    assert is_told(asked, still, "another why")
    assert may_begin(asked, ROLLOUT, facts, NOW + 2 + WORD_S) == Refuse("unanswered")
    assert may_begin(said_again(asked, NOW + 60), ROLLOUT, facts, NOW + 60) == Go()


def test_waiting_is_remembered_over_what_is_waited_for() -> None:
    waited = waiting(MINE, Wait(Waits.LOCK, LOCK, LOCK.expires_at), "the lock", NOW)
    assert (waited.state, waited.waits_since, waited.due_at) == (DeploymentState.WAITING, NOW, LOCK.expires_at)
    frozen = waiting(waited, Wait(Waits.FREEZE, FROZEN, FROZEN.end), "the freeze", NOW + 600)
    assert (frozen.waits_for, frozen.waits_since, frozen.due_at) == (Waits.FREEZE, NOW, FROZEN.end)
    assert called(frozen, NOW + 700).due_at == NOW + 700
    assert called(MINE, NOW) is MINE


STATES = st.sampled_from([DeploymentState.QUEUED, DeploymentState.WAITING, DeploymentState.RUNNING, DeploymentState.VERIFYING])


@st.composite
def crowds(draw: st.DrawFn) -> list[Deployment]:
    """Deployments of two services by rollouts with stages, as the store would hold them: at most one at work in each slot."""
    made: list[Deployment] = []
    at_work: set[str] = set()
    for number in range(1, draw(st.integers(2, 8))):
        rollout = draw(st.integers(max(1, number - 1), number))
        service = draw(st.sampled_from(["payments", "ledger"]))
        state = draw(STATES)
        if state in {DeploymentState.RUNNING, DeploymentState.VERIFYING}:
            state = DeploymentState.QUEUED if service in at_work else state
            at_work |= {service}
        waits = draw(st.sampled_from([Waits.TURN, Waits.STAGE])) if state is DeploymentState.WAITING else None
        stage = number - rollout
        made.append(other(number, rollout_id=f"r{rollout}", stage=stage, service=service, state=state, waits_for=waits, waits_since=NOW))
    return made


@given(crowds())
def test_a_crowd_never_stands_still_and_nobody_passes_who_is_at_work(crowd: list[Deployment]) -> None:
    at_work = [each for each in crowd if each.state in {DeploymentState.RUNNING, DeploymentState.VERIFYING}]
    answers = {each.id: may_begin(each, ROLLOUT, Facts(PROD, others=tuple(crowd)), NOW) for each in crowd if each not in at_work}
    going = [each for each in crowd if isinstance(answers.get(each.id), Go)]
    assert at_work or going
    busy = {each.service for each in at_work}
    assert not busy.intersection(each.service for each in going)
    # One that waits for a stage before is in nobody's way; when both could begin, the claim of the slot decides.
    in_line = [each for each in going if each.waits_for is not Waits.STAGE]
    assert len({each.service for each in in_line}) == len(in_line)


@given(st.booleans(), st.sampled_from(RolloutKind), st.booleans(), st.booleans(), st.booleans())
def test_a_veto_is_passed_by_nothing(is_forced: bool, kind: RolloutKind, is_locked: bool, is_own: bool, is_frozen: bool) -> None:
    rollout = msgspec.structs.replace(ROLLOUT, is_forced=is_forced, kind=kind)
    locks = (LOCK,) if is_locked else ()
    facts = Facts(
        PROD, identities=frozenset({"slack:U2"} if is_own else ()), locks=locks, freezes=(ALWAYS,) if is_frozen else (), veto=VETO
    )
    assert may_begin(MINE, rollout, facts, NOW) == Refuse("vetoed", VETO)
