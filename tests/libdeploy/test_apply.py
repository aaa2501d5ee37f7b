"""A plan made real by drivers: in order, once, and back again when it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libdeploy import DeployError, Item
from libdeploy.apply import Drivers, apply
from libdeploy.changes import ABSENT, Action, FieldChange, changes_between
from libdeploy.live import Live, read_live
from libdeploy.plan import Plan
from libdeploy.result import Outcome


@dataclass
class Fake:
    """Keeps bodies in memory."""

    name: str = "fake"
    there: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    sick: set[str] = field(default_factory=set)

    def observe(self, service: str, environment: str) -> Mapping[str, Mapping[str, Any]]:
        return dict(self.there)

    def check(self, item: Item) -> None:
        self.acts.append(f"check {item.key}")

    def put(self, item: Item) -> None:
        self.acts.append(f"put {item.key}")
        if "refuse" in item.body:
            raise DeployError(f"{item.key} is not taken.", "not_taken")
        self.there[item.key] = item.body

    def remove(self, key: str) -> None:
        self.acts.append(f"remove {key}")
        del self.there[key]

    def wait(self, items: Iterable[Item], within_s: float) -> None:
        for item in items:
            if item.body.get("is_sick"):
                raise DeployError(f"{item.key} is sick.", "unhealthy")


def plan(**bodies: Mapping[str, Any]) -> Plan:
    return Plan("payments", "prod", "ab" * 32, "", tuple(Item("fake", key, body) for key, body in bodies.items()))


def test_it_is_made_in_order_and_what_is_wanted_no_longer_goes_last() -> None:
    fake = Fake(there={"old": {}, "older": {}})
    result = apply(plan(b={"n": 1}, a={}), Drivers({"fake": fake}), within_s=1)
    assert fake.acts == ["put b", "put a", "remove older", "remove old"]
    assert (result.outcome, fake.there) == (Outcome.APPLIED, {"b": {"n": 1}, "a": {}})


def test_again_it_changes_nothing() -> None:
    fake = Fake()
    first = apply(plan(a={"n": 1}), Drivers({"fake": fake}), within_s=1)
    fake.acts.clear()
    second = apply(plan(a={"n": 1}), Drivers({"fake": fake}), within_s=1)
    assert (second.outcome, fake.acts, second.plan_hash) == (Outcome.UNCHANGED, [], first.plan_hash)


def test_a_base_that_is_no_longer_there_is_refused_untouched() -> None:
    fake = Fake(there={"a": {"n": 1}})
    planned = replace(plan(a={"n": 2}), base=Live({("fake", "a"): {"n": 1}}).base)
    fake.there["a"] = {"n": 7}
    result = apply(planned, Drivers({"fake": fake}), within_s=1)
    assert (result.outcome, result.code, fake.acts) == (Outcome.REFUSED, "stale_base", [])
    fake.there["a"] = {"n": 1}
    assert apply(planned, Drivers({"fake": fake}), within_s=1).outcome is Outcome.APPLIED


def test_what_a_try_of_the_same_plan_left_half_made_is_finished() -> None:
    before = Live({("fake", "a"): {"n": 1}, ("fake", "b"): {"n": 1}, ("fake", "old"): {}})
    planned = replace(plan(a={"n": 2}, b={"n": 2}, c={}), base=before.base)
    fake = Fake(there={"a": {"n": 2}, "b": {"n": 1}, "c": {}})
    assert apply(planned, Drivers({"fake": fake}), within_s=1).code == "stale_base"
    assert apply(planned, Drivers({"fake": fake}), within_s=1, before=Live()).code == "stale_base"
    fake.there["b"] = {"n": 7}  # somebody else's
    assert apply(planned, Drivers({"fake": fake}), within_s=1, before=before).code == "stale_base"
    fake.there["b"] = {"n": 1}
    assert apply(planned, Drivers({"fake": fake}), within_s=1, before=before).outcome is Outcome.APPLIED
    assert fake.acts == ["put b"]


def test_a_condition_is_put_right_and_is_no_part_of_the_base() -> None:
    up, down = Live({("fake", "a"): {"n": 1, "~running": True}}), Live({("fake", "a"): {"n": 1, "~running": False}})
    assert up.base == down.base
    [change] = changes_between([Item("fake", "a", {"n": 1, "~running": True})], down)
    assert change.action is Action.UPDATE


@pytest.mark.parametrize("body", [{"refuse": 1}, {"is_sick": True}])
def test_what_fails_is_told_and_taken_back_when_asked_to(body: Mapping[str, Any]) -> None:
    fake = Fake(there={"a": {"n": 1}})
    failed = apply(plan(a=body), Drivers({"fake": fake}), within_s=1)
    assert failed.outcome is Outcome.FAILED
    back = apply(plan(a=body), Drivers({"fake": fake}), within_s=1, previous=plan(a={"n": 1}))
    assert (back.outcome, fake.there["a"]) == (Outcome.TAKEN_BACK, {"n": 1})
    assert back.message.endswith("What ran before runs again.")


def test_when_taking_it_back_fails_both_are_told() -> None:
    result = apply(plan(a={"refuse": 1}), Drivers({"fake": Fake()}), within_s=1, previous=plan(b={"is_sick": True}))
    assert (result.outcome, result.message) == (Outcome.FAILED, "a is not taken. Taking it back failed as well: b is sick.")


def test_a_driver_that_is_not_here_is_said() -> None:
    result = apply(plan(a={}), Drivers({}), within_s=1)
    assert (result.outcome, result.code) == (Outcome.FAILED, "no_driver")


def test_fields_that_whoever_keeps_it_adds_are_no_difference() -> None:
    live = Live({("fake", "a"): {"spec": {"replicas": 2, "defaulted": 1, "list": [{"x": 1, "y": 2}]}, "uid": "7"}})
    [change] = changes_between([Item("fake", "a", {"spec": {"replicas": 2, "list": [{"x": 1}], "empty": {}}})], live)
    assert change.action is Action.KEEP


def test_each_difference_has_its_path() -> None:
    live = Live({("fake", "a"): {"spec": {"replicas": 2, "list": [{"x": 1}], "flag": 1}}})
    [change] = changes_between([Item("fake", "a", {"spec": {"replicas": 3, "list": [{"x": 2}], "new": "n", "flag": True}})], live)
    assert change.fields == (
        FieldChange("spec.flag", 1, True),
        FieldChange("spec.list[0].x", 1, 2),
        FieldChange("spec.new", ABSENT, "n"),
        FieldChange("spec.replicas", 2, 3),
    )


BODIES = st.dictionaries(st.sampled_from("abcd"), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2)), max_size=4)


@given(BODIES, BODIES)
def test_whatever_was_there_afterwards_there_is_what_is_wanted(before: dict[str, Any], after: dict[str, Any]) -> None:
    fake = Fake(there=dict(before))
    apply(plan(**after), Drivers({"fake": fake}), within_s=1)
    assert fake.there.keys() == after.keys()
    assert all(after[key].items() <= body.items() for key, body in fake.there.items())
    assert apply(plan(**after), Drivers({"fake": fake}), within_s=1).outcome is Outcome.UNCHANGED


def test_the_live_state_is_read_as_it_was_written(tmp_path: Any) -> None:
    live = Live({("fake", "b"): {"n": 1}, ("fake", "a"): {}})
    live.write(tmp_path / "live.json")
    assert read_live(tmp_path / "live.json").base == live.base
    for text in ("", "[]", '{"version": 3}', '{"version": 1, "things": [{}]}'):
        (tmp_path / "live.json").write_text(text)
        with pytest.raises(DeployError) as refused:
            read_live(tmp_path / "live.json")
        assert refused.value.code == "bad_live"
