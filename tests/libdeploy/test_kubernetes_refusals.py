"""What the API server refuses, or has no time for, and what people are told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import libdeploy as d
from libdeploy.kubernetes.cluster import client_of
from libdeploy.target import to_json
from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.deployer import Deployer, service, told
from tests.libdeploy.wishes import Owner, target

CONFIG = d.kubernetes.config("settings", {"a": "1"})


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_one_that_has_no_time_is_asked_again(fake: FakeKubernetes, deployer: Deployer, status: int) -> None:
    fake.fail_next("PATCH ConfigMap", status, times=2)
    assert deployer.deploys(CONFIG).outcome == "applied"
    assert deployer.pauses == [0.25, 0.5]


def test_it_is_asked_again_when_it_says(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.fail_next("LIST Service", 429, {"Retry-After": "7"})
    fake.fail_next("LIST Service", 503, {"Retry-After": "9000"})
    assert deployer.deploys(CONFIG).outcome == "applied"
    assert deployer.pauses == [7, 30]


@pytest.mark.parametrize("body", ["<html>no</html>", [1], {"message": None}, {"kind": "Status"}])
def test_answers_that_are_no_status_are_understood(fake: FakeKubernetes, deployer: Deployer, body: Any) -> None:
    fake.fail_next("PATCH ConfigMap", 502, body=body)
    fake.fail_next("PATCH ConfigMap", 400, body=body)
    refused = deployer.deploys(CONFIG)
    assert (refused.outcome, refused.code, deployer.pauses) == ("failed", "invalid", [0.25])


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.lose_next("PATCH Deployment")
    fake.lose_next("LIST Job", times=2)
    assert deployer.deploys(service()).outcome == "applied"
    assert fake.body("Deployment", "payments")["metadata"]["generation"] == 1
    fake.lose_next("DELETE Deployment")
    assert deployer.deploys(CONFIG).outcome == "applied"
    assert fake.names("Deployment") == []


def test_one_that_never_has_time_is_unreachable(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.fail_next("PATCH ConfigMap", 503, times=6)
    assert told(deployer.deploys(CONFIG)) == (
        "failed",
        "unreachable",
        "To apply ConfigMap settings in the namespace team was tried 6 times, and the API server has not done it: 503, the server is not able to answer now",
    )


def test_an_outage_while_it_is_waited_is_waited_out(fake: FakeKubernetes, deployer: Deployer) -> None:
    def break_down() -> None:
        deployer.on_pause = lambda: None
        fake.fail_next("GET Deployment", 500, times=13)

    deployer.on_pause = break_down
    assert deployer.deploys(service()).outcome == "applied"


@pytest.mark.parametrize(
    ("verb", "plural", "message"),
    [
        ("list", "services", 'list Service in the namespace team: services is forbidden: User "{who}" cannot list resource "services"'),
        ("patch", "configmaps", 'apply ConfigMap settings in the namespace team: configmaps "settings" is forbidden: User "{who}" cannot patch'),
        ("create", "configmaps", 'apply ConfigMap settings in the namespace team: configmaps "settings" is forbidden: User "{who}" cannot create'),
    ],
)  # fmt: skip
def test_a_right_that_is_missing_is_named(fake: FakeKubernetes, deployer: Deployer, verb: str, plural: str, message: str) -> None:
    fake.denied.add((verb, plural))
    with pytest.raises(d.DeployError) as refused:
        driver = deployer.driver()
        driver.observe("payments", "staging")
        driver.put(deployer.plan(CONFIG).items[0])
    assert refused.value.code == "not_allowed"
    assert str(refused.value).startswith("The API server does not let us " + message.format(who="system:serviceaccount:team:deployer"))
    assert fake.writes() == [] or verb != "list"
    assert fake.names() == []


def test_a_namespace_that_is_missing_is_said(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.objects.namespaces.clear()
    assert told(deployer.deploys(CONFIG)) == (
        "failed",
        "no_namespace",
        "There is no namespace team. Make it first: kubectl create namespace team",
    )


def test_what_cannot_be_changed_is_said_with_what_to_do(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(d.kubernetes.stateful_service("queue", port=1, volume=d.kubernetes.Volume(size="1Gi")))
    refused = deployer.deploys(d.kubernetes.stateful_service("queue", port=1, volume=d.kubernetes.Volume(size="2Gi")))
    assert (refused.outcome, refused.code) == ("failed", "immutable")
    assert refused.message.startswith('StatefulSet.apps "queue" is invalid: spec: Forbidden: updates to statefulset spec for fields other')
    assert refused.message.endswith("Give it another name, or delete it first: kubectl delete statefulset queue --namespace team")


def manifest(spec: dict[str, Any]) -> d.Component:
    return d.kubernetes.manifest({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec})


def test_what_is_invalid_is_said_in_the_servers_words(fake: FakeKubernetes, deployer: Deployer) -> None:
    message = 'The API server does not take Deployment x: Deployment.apps "x" is invalid: spec.template: Required value'
    assert told(deployer.deploys(manifest({}))) == ("failed", "invalid", message)
    undeclared = {
        "message": "failed to create typed patch object (team/x; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"
    }
    fake.fail_next("PATCH Deployment", 500, body=undeclared)
    assert deployer.deploys(manifest({"foo": 1})).code == "invalid"
    assert deployer.pauses == []


def test_an_item_for_another_namespace_is_refused(fake: FakeKubernetes, deployer: Deployer) -> None:
    item = deployer.plan(CONFIG).items[0]
    moved = d.Item(item.driver, item.key, {**item.body, "metadata": {**item.body["metadata"], "namespace": "prod"}})
    for act in (deployer.driver().put, deployer.driver().check):
        with pytest.raises(d.DeployError) as refused:
            act(moved)
        assert refused.value.code == "other_namespace"
    assert fake.requests == []


@pytest.mark.parametrize("text", ["", "[]", "{", "clusters: []", "clusters: 1\ncontexts: 1"])
def test_a_kubeconfig_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(d.DeployError) as refused:
        client_of({"KUBECONFIG": str(tmp_path / "config")})
    assert refused.value.code == "bad_kubeconfig"
    with pytest.raises(d.DeployError, match=r"Configuration file .* not found"):
        client_of({"KUBECONFIG": str(tmp_path / "nothing")})


DEPLOY = """
import libdeploy as d

def deploy(target):
    return [d.kubernetes.config("settings", target.config.texts("settings")),
            d.kubernetes.stateless_service("payments", port=8080, image=target.config.text("image", ""))]

if __name__ == "__main__":
    d.main(deploy)
"""


@pytest.fixture
def owner(fake: FakeKubernetes, tmp_path: Path) -> Owner:
    one = Owner(tmp_path, {"KUBECONFIG": str(fake.kubeconfig(tmp_path)), "NO_PROXY": "127.0.0.1"})
    one.writes(DEPLOY)
    one.aims(to_json(target(settings={"a": "1"})))
    fake.goes_on = True
    return one


@pytest.mark.long
def test_an_owner_deploys_plans_and_applies_exactly_the_plan(fake: FakeKubernetes, owner: Owner) -> None:
    dry = owner.runs("--dry-run")
    assert (dry.result["outcome"], fake.writes(), len(fake.asked("PATCH Deployment"))) == ("planned", [], 1)
    assert fake.names() == []
    first = owner.runs("--within", "20")
    assert (first.code, first.result["outcome"], first.words.splitlines()[-1]) == (0, "applied", "applied: 4 create")
    assert owner.runs().result["outcome"] == "unchanged"
    owner.aims(to_json(target(settings={"a": "2"})))
    owner.runs("--live-out", "live.json")
    planned = owner.runs("--live", "live.json", "--plan-out", "plan.json")
    assert planned.words.startswith(
        '~ kubernetes v1/ConfigMap/team/settings\n    data.a: "1" → "2"\n    metadata.annotations.libdeploy.dev/wanted'
    )
    assert planned.words.endswith("\nplanned: 1 update, 3 keep\n")
    fake.edit("ConfigMap", "settings", lambda body: body["data"].update(a="7"))
    assert owner.runs("--apply-plan", "plan.json").result["code"] == "stale_base"
    fake.edit("ConfigMap", "settings", lambda body: body["data"].update(a="1"))
    assert owner.runs("--apply-plan", "plan.json").result["outcome"] == "applied"
    assert fake.body("ConfigMap", "settings")["data"] == {"a": "2"}


@pytest.mark.long
def test_without_a_token_or_a_server_it_is_said(fake: FakeKubernetes, owner: Owner, tmp_path: Path) -> None:
    fake.kubeconfig(tmp_path, token="another")
    assert owner.runs("--dry-run").words == (
        "refused: The API server does not take our credentials (401): look at the token in KUBECONFIG.\n"
    )
    owner.environment["KUBECONFIG"] = "nothing"
    assert owner.runs().result["code"] == "bad_kubeconfig"


def test_without_the_extra_it_is_said_in_one_sentence(owner: Owner) -> None:
    owner.writes("import sys\nsys.modules['lightkube'] = None\n" + DEPLOY)
    assert owner.runs("--validate").words == (
        "refused: This needs the extra libdeploy[kubernetes], and lightkube.models is missing: pip install 'libdeploy[kubernetes]'.\n"
    )


def test_when_it_cannot_be_looked_at_for_taking_back_both_are_told(fake: FakeKubernetes, deployer: Deployer) -> None:
    def break_down() -> None:
        fake.fail_next("LIST ConfigMap", 403, times=1)

    deployer.on_pause = break_down
    failed = deployer.deploys(service(), previous=deployer.plan(CONFIG), within_s=1)
    assert (failed.outcome, failed.code) == ("failed", "unhealthy")
    assert "Taking it back failed as well: The API server does not let us list ConfigMap" in failed.message
