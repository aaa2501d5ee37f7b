"""Deployed to a stand-in of the API server: made, kept, put right and pruned."""

from __future__ import annotations

from typing import Any

import libdeploy as d
from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.deployer import Deployer, did, service, told


def test_it_is_made_and_waited_for_and_again_nothing_is_written(fake: FakeKubernetes, deployer: Deployer) -> None:
    first = deployer.deploys(service(), d.kubernetes.config("settings", {"a": "1"}), d.kubernetes.cron("nightly", "0 3 * * *"))
    assert told(first) == ("applied", "", "")
    assert fake.names() == [
        "ConfigMap/settings",
        "CronJob/nightly",
        "Deployment/payments",
        "PodDisruptionBudget/payments",
        "Service/payments",
    ]
    assert fake.body("Deployment", "payments")["status"]["availableReplicas"] == 2
    version = fake.objects.version
    fake.requests.clear()
    again = deployer.deploys(service(), d.kubernetes.config("settings", {"a": "1"}), d.kubernetes.cron("nightly", "0 3 * * *"))
    assert (told(again), again.plan_hash, fake.writes()) == (("unchanged", "", ""), first.plan_hash, [])
    assert fake.objects.version == version


def test_another_image_is_rolled_out(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(service())
    second = deployer.deploys(service(image="registry.example/payments:2"))
    assert (second.outcome, did(second)) == (
        "applied",
        ["keep Service/payments", "update Deployment/payments", "keep PodDisruptionBudget/payments"],
    )
    images = {pod.body["spec"]["containers"][0]["image"] for pod in fake.objects.all("Pod")}
    assert images == {"registry.example/payments:2"}


def test_what_is_wanted_no_longer_goes_and_what_is_others_stays(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(service(), service("worker"))
    labels = {"libdeploy.dev/service": "other", "libdeploy.dev/environment": "staging"}
    fake.creates({"kind": "ConfigMap", "metadata": {"name": "others", "labels": labels}, "data": {}})
    fake.creates({"kind": "ConfigMap", "metadata": {"name": "prod", "labels": {**labels, "libdeploy.dev/service": "payments", "libdeploy.dev/environment": "prod"}}, "data": {}})  # fmt: skip
    fake.creates({"kind": "Service", "metadata": {"name": "nobodys"}, "spec": {"ports": [{"port": 1}]}})
    removed = deployer.deploys(service())
    assert [each for each in did(removed) if "remove" in each] == [
        "remove Service/worker",
        "remove PodDisruptionBudget/worker",
        "remove Deployment/worker",
    ]
    assert fake.names() == [
        "ConfigMap/others",
        "ConfigMap/prod",
        "Deployment/payments",
        "PodDisruptionBudget/payments",
        "Service/nobodys",
        "Service/payments",
    ]
    assert ("propagationPolicy", "Background") in fake.asked("DELETE Deployment")[0].query
    fake.step(3)
    assert all("worker" not in name for name in fake.names("Pod", "ReplicaSet"))


def test_what_somebody_made_theirs_meanwhile_is_not_taken_away(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(d.kubernetes.config("settings", {"a": "1"}))
    fake.edit("ConfigMap", "settings", lambda body: body["metadata"].update(labels={}))
    deployer.driver().remove("v1/ConfigMap/team/settings")
    deployer.driver().remove("v1/ConfigMap/team/gone")
    assert fake.names() == ["ConfigMap/settings"]


def test_what_is_another_services_is_not_taken_over(fake: FakeKubernetes, deployer: Deployer) -> None:
    labels = {"libdeploy.dev/service": "other", "libdeploy.dev/environment": "staging"}
    fake.creates({"kind": "ConfigMap", "metadata": {"name": "settings", "labels": labels}, "data": {}})
    refused = deployer.deploys(d.kubernetes.config("settings", {"a": "1"}))
    assert told(refused) == ("failed", "taken", "ConfigMap settings belongs to other in staging. Give yours another name.")


def test_a_field_that_is_wanted_no_longer_goes(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(d.kubernetes.config("settings", {"a": "1", "b": "2"}), service(environment={"ONE": "1", "TWO": "2"}))
    changed = deployer.deploys(d.kubernetes.config("settings", {"a": "1"}), service(environment={"TWO": "2"}))
    assert "update ConfigMap/settings" in did(changed)
    assert fake.body("ConfigMap", "settings")["data"] == {"a": "1"}
    [container] = fake.body("Deployment", "payments")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "TWO", "value": "2"}]


def test_what_somebody_edited_is_found_and_put_right(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(service())
    fake.edit("Deployment", "payments", lambda body: body["spec"].update(replicas=7))
    fixed = deployer.deploys(service())
    [change] = [each for each in fixed.changes if each.action == "update"]
    assert [(each.path, each.before, each.after) for each in change.fields] == [("spec.replicas", 7, 2)]
    assert fake.body("Deployment", "payments")["spec"]["replicas"] == 2
    assert deployer.deploys(service()).outcome == "unchanged"


def test_what_others_added_stays_and_is_no_difference(fake: FakeKubernetes, deployer: Deployer) -> None:
    def add(body: dict[str, Any]) -> None:
        body["metadata"]["annotations"]["mesh.example/injected"] = "yes"
        body["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "mesh:1"})
        body["spec"]["template"]["spec"]["containers"][1]["env"].append({"name": "ADDED", "value": "1"})

    deployer.deploys(service(environment={"OURS": "1"}))
    fake.edit("Deployment", "payments", add, "mesh")
    assert deployer.deploys(service(environment={"OURS": "1"})).outcome == "unchanged"
    deployer.deploys(service(environment={"OURS": "2"}))
    body = fake.body("Deployment", "payments")
    containers = {each["name"]: each for each in body["spec"]["template"]["spec"]["containers"]}
    assert body["metadata"]["annotations"]["mesh.example/injected"] == "yes"
    assert containers["sidecar"]["image"] == "mesh:1"
    assert {each["name"]: each["value"] for each in containers["payments"]["env"]} == {"OURS": "2", "ADDED": "1"}
    assert deployer.deploys(service(environment={"OURS": "2"})).outcome == "unchanged"


def test_what_is_there_is_the_same_whenever_it_is_looked_at(fake: FakeKubernetes, deployer: Deployer) -> None:
    wanted = (service(), d.kubernetes.stateful_service("queue", port=1), d.kubernetes.job("migrate"))
    plan = deployer.plan(*wanted)
    driver = deployer.driver(plan)
    for item in plan.items:
        driver.put(item)
    before = driver.observe("payments", "staging")
    fake.step(6)
    assert driver.observe("payments", "staging") == before
    assert "Job/migrate-" in " ".join(fake.names())
    assert deployer.deploys(*wanted).outcome == "unchanged"


def test_a_job_runs_once_for_each_change_and_is_waited_for(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(d.kubernetes.job("migrate", arguments=["1"]))
    [first] = fake.names("Job")
    assert fake.body("Job", first.removeprefix("Job/"))["status"]["succeeded"] == 1
    assert deployer.deploys(d.kubernetes.job("migrate", arguments=["1"])).outcome == "unchanged"
    changed = deployer.deploys(d.kubernetes.job("migrate", arguments=["2"]))
    assert [each.split(" ")[0] for each in did(changed)] == ["create", "remove"]
    assert len(fake.names("Job")) == 1


def test_a_stateful_service_is_rolled_out(fake: FakeKubernetes, deployer: Deployer) -> None:
    queue = d.kubernetes.stateful_service("queue", port=5672, replicas=3)
    assert deployer.deploys(queue).outcome == "applied"
    assert fake.body("StatefulSet", "queue")["status"]["availableReplicas"] == 3
    assert deployer.deploys(queue).outcome == "unchanged"


def test_a_kind_that_is_not_ours_is_made_and_pruned_too(fake: FakeKubernetes, deployer: Deployer) -> None:
    def gateway(name: str) -> d.Component:
        body = {"apiVersion": "stable.example.com/v1", "kind": "Gateway", "metadata": {"name": name}, "spec": {"size": 1}}
        return d.kubernetes.manifest(body)

    deployer.deploys(gateway("one"), gateway("two"))
    assert did(deployer.deploys(gateway("one"))) == ["keep Gateway/one", "remove Gateway/two"]
    unknown = d.kubernetes.manifest({"apiVersion": "no.example/v1", "kind": "Thing", "metadata": {"name": "x"}})
    assert told(deployer.deploys(unknown)) == (
        "failed",
        "unknown_kind",
        "The API server knows no Thing in a namespace: the server could not find the requested resource",
    )
