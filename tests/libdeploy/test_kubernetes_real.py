"""What libdeploy relies on, by a real API server and its controllers: as far as 1.20 has the kinds (no budgets, no CronJobs)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lightkube import Client

import libdeploy as d
from libdeploy.apply import Drivers, apply
from libdeploy.kubernetes.cluster import Cluster, config_of
from libdeploy.kubernetes.driver import KubernetesDriver
from libdeploy.plan import Plan
from libdeploy.render import render
from libdeploy.result import Result
from tests import clusters
from tests.fakes.kubernetes.kubelet import Kubelet
from tests.libdeploy.deployer import did, told
from tests.libdeploy.wishes import target

pytestmark = pytest.mark.kubernetes

_MERGE = {"content-type": "application/merge-patch+json"}
_RUNS = ["sleep", "600"]


@dataclass
class Deployer:
    """Who deploys to a namespace of a real API server whose pods are processes of this host."""

    client: Client
    http: httpx2.Client
    namespace: str
    kubelet: Kubelet

    @property
    def target(self) -> d.Target:
        return replace(target(), environment=d.Environment("staging", self.namespace))

    def plan(self, *components: d.Component) -> Plan:
        with self.kubelet.turn:  # in this process nobody may ask the network meanwhile
            return render(lambda _: components, self.target)

    def driver(self, plan: Plan) -> KubernetesDriver:
        return KubernetesDriver(Cluster(self.client, self.namespace), self.target, plan.items)

    def deploys(self, *components: d.Component, previous: Plan | None = None, within_s: float = 90) -> Result:
        plan = self.plan(*components)
        return apply(plan, Drivers({"kubernetes": self.driver(plan)}), within_s=within_s, previous=previous)

    def get(self, path: str) -> dict[str, Any]:
        return dict(self.http.get(self._at(path)).raise_for_status().json())

    def names(self, path: str) -> list[str]:
        return sorted(each["metadata"]["name"] for each in self.get(path)["items"] if not each["metadata"].get("deletionTimestamp"))

    def edits(self, path: str, body: dict[str, Any]) -> None:
        """Somebody else, by another manager."""
        self.http.patch(self._at(path), params={"fieldManager": "kubectl-edit"}, json=body, headers=_MERGE).raise_for_status()

    def creates(self, path: str, body: dict[str, Any]) -> None:
        self.http.post(self._at(path), json=body).raise_for_status()

    def _at(self, path: str) -> str:
        group, _, rest = path.partition(":")
        prefix = f"/apis/{group}" if rest else "/api/v1"
        return f"{prefix}/namespaces/{self.namespace}/{rest or group}"


@pytest.fixture
def deployer(cluster: clusters.Cluster, tmp_path: Path) -> Iterator[Deployer]:
    if not cluster.kubelet_port:
        pytest.skip("its pods are to be processes of this host, and the cluster of KUBECONFIG has nodes of its own")
    config = config_of({"KUBECONFIG": str(cluster.kubeconfig)})
    with cluster.namespace() as namespace, cluster.kubelet(namespace, tmp_path) as kubelet, cluster.client() as http:
        client = Client(config, trust_env=False)
        assert kubelet
        yield Deployer(client, http, namespace, kubelet)
        client.close()


def service(name: str = "payments", **more: Any) -> d.Component:
    return d.kubernetes.stateless_service(name, **{"port": 8080, "replicas": 1, "command": _RUNS, **more})


def test_it_is_made_and_waited_for_and_again_nothing_is_written(deployer: Deployer) -> None:
    settings = d.kubernetes.config("settings", {"size": "large"})
    everything = (
        settings,
        d.kubernetes.job("migrate", command=["true"]),
        service(configs=[settings]),
        d.kubernetes.stateful_service("ledger", port=9000, command=_RUNS, volume=d.kubernetes.Volume("/data", "1Gi")),
        d.kubernetes.ingress("payments.example.com", "payments"),
    )
    first = deployer.deploys(*everything)
    assert told(first) == ("applied", "", "")
    assert deployer.get("apps/v1:deployments/payments")["status"]["availableReplicas"] == 1
    assert deployer.get("apps/v1:statefulsets/ledger")["status"]["readyReplicas"] == 1
    [job] = deployer.get("batch/v1:jobs")["items"]
    assert job["status"]["succeeded"] == 1
    kept = ("apps/v1:deployments", "apps/v1:statefulsets", "services", "configmaps", "networking.k8s.io/v1:ingresses", "batch/v1:jobs")
    before = {each: deployer.get(each)["items"] for each in kept}
    again = deployer.deploys(*everything)
    assert (told(again), again.plan_hash, again.base) == (("unchanged", "", ""), first.plan_hash, again.base)
    for each in kept:
        marks = [
            [(it["metadata"]["uid"], it["metadata"]["resourceVersion"]) for it in some]
            for some in (before[each], deployer.get(each)["items"])
        ]
        assert marks[0] == marks[1], each


def test_what_is_wanted_no_longer_goes_and_what_is_others_stays(deployer: Deployer) -> None:
    deployer.deploys(service(), service("worker"), d.kubernetes.config("old", {"a": "b"}))
    labels = {"libdeploy.dev/service": "other", "libdeploy.dev/environment": "staging"}
    deployer.creates("configmaps", {"metadata": {"name": "others", "labels": labels}, "data": {}})
    deployer.creates("services", {"metadata": {"name": "nobodys"}, "spec": {"ports": [{"port": 1}]}})
    removed = deployer.deploys(service())
    assert sorted(each for each in did(removed) if "remove" in each) == [
        "remove ConfigMap/old",
        "remove Deployment/worker",
        "remove Service/worker",
    ]
    assert deployer.names("apps/v1:deployments") == ["payments"]
    assert deployer.names("services") == ["nobodys", "payments"]
    assert "others" in deployer.names("configmaps")


def test_what_others_add_is_theirs_and_what_they_change_of_ours_is_put_right(deployer: Deployer) -> None:
    deployer.deploys(service(environment={"A": "1"}))
    at = "apps/v1:deployments/payments"
    deployer.edits(at, {"metadata": {"annotations": {"theirs": "yes"}}, "spec": {"minReadySeconds": 1}})
    assert deployer.deploys(service(environment={"A": "1"})).outcome == "unchanged"
    deployer.edits(at, {"spec": {"replicas": 0}})
    righted = deployer.deploys(service(environment={"A": "1"}))
    assert "update Deployment/payments" in did(righted)
    there = deployer.get(at)
    assert (there["spec"]["replicas"], there["metadata"]["annotations"]["theirs"], there["spec"]["minReadySeconds"]) == (1, "yes", 1)
    fewer = deployer.deploys(service())
    assert "update Deployment/payments" in did(fewer)
    assert "env" not in deployer.get(at)["spec"]["template"]["spec"]["containers"][0]


def test_what_does_not_become_healthy_says_why_and_is_taken_back(deployer: Deployer) -> None:
    good = (service(),)
    deployer.deploys(*good)
    broken = deployer.deploys(service(image="registry.example/missing:1"), previous=deployer.plan(*good))
    assert (broken.outcome, broken.code) == ("taken_back", "unhealthy")
    assert "ImagePullBackOff" in broken.message
    container = deployer.get("apps/v1:deployments/payments")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] != "registry.example/missing:1"
    assert deployer.deploys(*good).outcome == "unchanged"


def test_a_job_that_fails_is_told_with_its_last_words(deployer: Deployer) -> None:
    words = ["sh", "-c", "echo no such table; exit 3"]
    failed = deployer.deploys(d.kubernetes.job("migrate", command=words, retries=0))
    assert (failed.outcome, failed.code) == ("failed", "unhealthy")
    assert "BackoffLimitExceeded" in failed.message
    assert "no such table" in failed.message


def test_a_dry_run_hears_what_the_api_server_would_refuse_and_changes_nothing(deployer: Deployer) -> None:
    plan = deployer.plan(
        service(), d.kubernetes.manifest({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "odd"}, "spec": {}})
    )
    driver = deployer.driver(plan)
    items = {item.key.rsplit("/", 1)[1]: item for item in plan.items}
    driver.check(items["payments"])
    with pytest.raises(d.DeployError, match="does not take Deployment odd") as error:
        driver.check(items["odd"])
    assert error.value.code == "invalid"
    assert deployer.names("apps/v1:deployments") == []
    deployer.deploys(service())
    selector = {"matchLabels": {"app": "other"}}
    template = {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "payments", "image": "x"}]}}
    other = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "payments"},
        "spec": {"selector": selector, "template": template},
    }
    [item] = deployer.plan(d.kubernetes.manifest(other)).items
    with pytest.raises(d.DeployError) as fixed:
        deployer.driver(plan).check(item)
    assert fixed.value.code == "immutable"


def test_a_plan_is_stale_when_somebody_has_changed_what_it_was_made_for(deployer: Deployer) -> None:
    deployer.deploys(service())
    plan = deployer.plan(service(environment={"A": "1"}))
    drivers = Drivers({"kubernetes": deployer.driver(plan)})
    live = drivers.observe(plan.service, plan.environment)
    bound = replace(plan, base=live.base)
    deployer.edits("apps/v1:deployments/payments", {"spec": {"replicas": 0}})
    stale = apply(bound, drivers, within_s=30)
    assert (stale.outcome, stale.code) == ("refused", "stale_base")
    assert deployer.get("apps/v1:deployments/payments")["spec"]["replicas"] == 0
