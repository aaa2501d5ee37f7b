"""What a deploy.py says of its plan is held against the plan: that is what people approve, and what is applied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.catalogue import SharedEnvironment, TargetKind
from bot.domain.deployment import Deployment
from bot.worker.deploy_jobs import Given, Result
from bot.worker.deploy_plans import held_against
from libdeploy import Item
from libdeploy.plan import Plan

SHA256, PROGRAM = "ab" * 32, "cd" * 32
PLAN = Plan("pay", "prod", SHA256, PROGRAM, (Item("host", "pay", {"port": 1}),), "ef" * 32)
SAID = Result("planned", PLAN.plan_hash, PLAN.base or "", (), "", "", 0.1, "")


def given(target: TargetKind = TargetKind.HOST) -> Given:
    artifact = Artifact(
        id="a",
        service="pay",
        kind=ArtifactKind.BINARY,
        sha256=SHA256,
        address="",
        project="shop",
        commit="4" * 40,
        program="",
        registered_at=0,
        registered_by="",
    )
    deployment = Deployment(id="d", rollout_id="r", service="pay", environment="prod", artifact_id="a", created_at=0)
    return Given(deployment, artifact, SharedEnvironment("prod", 0, target))


def test_the_plan_that_was_told_is_taken_as_it_is() -> None:
    assert held_against(given(), SAID, PLAN.to_bytes()) is SAID


def test_what_failed_is_told_as_it_was() -> None:
    failed = replace(SAID, outcome="refused", message="no size")
    assert held_against(given(), failed, None) is failed


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        (None, "no_plan", "it has to end with d.main(deploy)"),
        (b"", "broken_plan", "This is no plan"),
        (b"\xff{", "broken_plan", "This is no plan"),
        (b"[" * 100_000, "broken_plan", "cannot be used"),
        (PLAN.to_bytes().replace(b'"port":1', b'"port":2'), "broken_plan", "it was changed"),
        (replace(PLAN, items=()).to_bytes(), "another_plan", "told another plan than it made"),
        (replace(PLAN, base=None).to_bytes(), "another_plan", "told another plan than it made"),
        (replace(PLAN, environment="dev").to_bytes(), "another_plan", "planned something else than pay in prod"),
    ],
)
def test_what_is_no_plan_or_another_one_is_refused_with_a_sentence(made: bytes | None, code: str, words: str) -> None:
    told = held_against(given(), SAID, made)
    assert (told.outcome, told.code, told.is_good) == ("failed", code, False)
    assert words in told.message


def test_a_plan_for_another_service_is_refused_though_it_bears_its_own_hash() -> None:
    other = replace(PLAN, service="ledger")
    assert held_against(given(), replace(SAID, plan_hash=other.plan_hash), other.to_bytes()).code == "another_plan"


@pytest.mark.parametrize(("driver", "component"), [("host", "d.host.binary"), ("terraform", "d.terraform.module")])
def test_what_needs_a_host_that_stays_is_no_matter_for_a_pod(driver: str, component: str) -> None:
    plan = replace(PLAN, items=(Item(driver, "pay", {}), Item("kubernetes", "v1/Service/pay", {})))
    said = replace(SAID, plan_hash=plan.plan_hash)
    assert held_against(given(), said, plan.to_bytes()) is said
    told = held_against(given(TargetKind.KUBERNETES), said, plan.to_bytes())
    assert told.code == "wrong_target"
    assert told.message.startswith(f"its deploy.py uses {component}, which needs a host that stays, and prod is in Kubernetes")
