"""The same comes of the same: rendering depends on the target and on nothing else."""

from __future__ import annotations

import itertools
import os
import random
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from libdeploy import Component, DeployError, Target
from libdeploy.live import Live
from libdeploy.plan import Plan, plan_of
from libdeploy.render import render
from tests.libdeploy.wishes import Thing, target


def two(given: Target) -> list[Component]:
    return [Thing("a", {"size": given.config.integer("size", 1)}), Thing("b", {"service": given.service})]


def test_the_same_has_the_same_hash_and_bytes() -> None:
    assert render(two, target()).to_bytes() == render(two, target()).to_bytes()


def test_artifact_environment_and_configuration_change_it() -> None:
    plans = [render(two, each) for each in (target(), target(sha256="cd" * 32), target(environment="prod"), target(size=2))]
    assert len({plan.plan_hash for plan in plans}) == 4


def test_what_was_there_is_none_of_the_hash() -> None:
    plan = render(two, target())
    assert replace(plan, base=Live().base).plan_hash == plan.plan_hash


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = replace(render(two, target()), base=Live().base)
    assert plan_of(plan.to_bytes()) == plan


def test_a_plan_that_was_changed_is_none() -> None:
    changed = render(two, target()).to_bytes().replace(b'"size":1', b'"size":2')
    with pytest.raises(DeployError, match="it was changed"):
        plan_of(changed)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version":9}', b"\xff", b'{"version":1,"items":[{}]}'])
def test_what_is_no_plan_is_said(data: bytes) -> None:
    with pytest.raises(DeployError) as refused:
        plan_of(data)
    assert refused.value.code == "broken_plan"


def asks_the_network(_: Target) -> Iterable[Component]:
    socket.create_connection(("127.0.0.1", 9))
    return []


def starts_a_program(_: Target) -> Iterable[Component]:
    subprocess.run(["/bin/true"], check=True)
    return []


@pytest.mark.parametrize(("deploy", "what"), [(asks_the_network, "the network"), (starts_a_program, "start a program")])
def test_what_reaches_out_is_refused(deploy: object, what: str) -> None:
    with pytest.raises(DeployError) as refused:
        render(deploy, target())  # type: ignore[arg-type]
    assert (refused.value.code, what in str(refused.value)) == ("impure", True)
    subprocess.run(["/bin/true"], check=True)  # and afterwards one may again


def test_environment_variables_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    plan = render(lambda _: [Thing("a", {"seen": sorted(os.environ)})], target())
    assert plan.items[0].body == {"seen": []}
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "canary"


@pytest.mark.parametrize("value", [time.time_ns, lambda: str(random.random())])
def test_time_and_chance_are_found_with_their_field(value: object) -> None:
    with pytest.raises(DeployError) as refused:
        render(lambda _: [Thing("a", {"spec": {"now": value()}})], target())  # type: ignore[operator]
    assert refused.value.code == "not_deterministic"
    assert "fake a has two values at spec.now: " in str(refused.value)


def test_another_number_of_things_is_found_too() -> None:
    counter = itertools.count()
    with pytest.raises(DeployError) as refused:
        render(lambda _: [Thing(f"a{next(counter)}", {})], target())
    assert refused.value.code == "not_deterministic"


def test_the_same_thing_twice_is_refused() -> None:
    with pytest.raises(DeployError, match="fake a is rendered twice"):
        render(lambda _: [Thing("a", {}), Thing("a", {"b": 1})], target())


def test_what_is_no_component_is_said() -> None:
    with pytest.raises(DeployError, match="'payments' is no component"):
        render(lambda _: ["payments"], target())  # type: ignore[list-item]


def test_hashes_are_what_they_were() -> None:
    """A plan hash lives in approvals and histories: what makes another one of the same is a change for all of them."""
    plan = Plan("payments", "prod", "ab" * 32, "", ())
    assert plan.plan_hash == "ae5e6a66934ffbde1691e8e8050f1be65c5e1d7d0e9975c272a8c40eb462db35"
