"""Trellis's own deploy.py: the same bytes each time, what an operator may set, and an API server takes all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.crew import ROOT
from tests.clusters import Cluster
from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.wishes import Owner, Ran

PROGRAM = ROOT / "deploy" / "manifests" / "deploy.py"
PLAN = "15a5ce0af808e33566678d1acd7d5bebc412bb005935a2a114f9c0b57e9cf99f"
CONFIG = {
    "host": "trellis.example.com",
    "domain": "env.example.net",
    "tls_secret": "certificate",
    "settings": {"TRELLIS_TIME_ZONE": "Europe/Berlin"},
}


def target(namespace: str = "team", **config: Any) -> dict[str, Any]:
    image = {"kind": "image", "sha256": "ab" * 32, "address": "registry.example.com/trellis", "commit": "abcdef1234"}
    environment = {"name": "prod", "namespace": namespace}
    return {"version": 1, "service": "trellis", "environment": environment, "artifact": image, "config": {**CONFIG, **config}}


def ships(folder: Path, *options: str, kubeconfig: Path | None = None, **config: Any) -> Ran:
    owner = Owner(folder, {"KUBECONFIG": str(kubeconfig), "NO_PROXY": "127.0.0.1"} if kubeconfig else {})
    shutil.copy(PROGRAM, folder)
    owner.aims(target(**config))
    return owner.runs(*options)


def bodies(folder: Path, **config: Any) -> dict[str, dict[str, Any]]:
    assert ships(folder, "--plan-out", "plan.json", **config).code == 0
    items = json.loads((folder / "plan.json").read_text())["items"]
    return {f"{each['body']['kind']}/{each['body']['metadata']['name']}": each["body"] for each in items}


def test_it_is_the_same_to_the_last_byte(tmp_path: Path) -> None:
    first = ships(tmp_path, "--validate")
    assert (first.code, first.result["plan_hash"]) == (0, PLAN), "what is shipped has changed: look at the plan, then say its hash here"


def test_all_parts_share_the_keepers_disk_and_so_its_host(tmp_path: Path) -> None:
    made = bodies(tmp_path)
    assert sorted(made) == [
        "ConfigMap/settings",
        "Deployment/web",
        "Deployment/worker",
        "Ingress/keeper",
        "Ingress/web",
        "PodDisruptionBudget/web",
        "PodDisruptionBudget/worker",
        "Service/keeper",
        "Service/web",
        "Service/worker",
        "StatefulSet/keeper",
    ]
    keeper = made["StatefulSet/keeper"]["spec"]
    claim = f"{keeper['volumeClaimTemplates'][0]['metadata']['name']}-keeper-0"
    for name in ("web", "worker"):
        pod = made[f"Deployment/{name}"]["spec"]["template"]["spec"]
        [term] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["labelSelector"]["matchLabels"].items() <= keeper["template"]["metadata"]["labels"].items()
        assert claim in [each.get("persistentVolumeClaim", {}).get("claimName") for each in pod["volumes"]]
        assert {each["mountPath"] for each in pod["containers"][0]["volumeMounts"]} == {"/tmp", "/data"}
        assert pod["initContainers"][0]["command"] == ["trellis", "migrate"]


def test_a_wrong_configuration_is_told_with_its_key(tmp_path: Path) -> None:
    ran = ships(tmp_path, "--validate", replicas="two")
    assert (ran.code, "replicas" in ran.result["message"]) == (2, True)
    ran = ships(tmp_path, "--validate", host="not a host")
    assert (ran.code, ran.result["code"]) == (2, "bad_host")


@pytest.mark.kubernetes
def test_an_api_server_takes_all_of_it(tmp_path: Path) -> None:
    with FakeKubernetes(goes_on=True) as fake:
        config = fake.kubeconfig(tmp_path)
        tried = ships(tmp_path, "--dry-run", kubeconfig=config)
        assert (tried.code, tried.result["outcome"], len(tried.result["changes"]), fake.names()) == (0, "planned", 11, [])
        made = ships(tmp_path, "--within", "30", kubeconfig=config)
        assert (made.code, made.result["outcome"]) == (0, "applied")
        again = ships(tmp_path, kubeconfig=config)
        assert (again.code, again.result["outcome"], again.result["plan_hash"]) == (0, "unchanged", made.result["plan_hash"])


@pytest.mark.kubernetes
def test_a_real_api_server_takes_it_as_far_as_it_has_the_kinds(tmp_path: Path, cluster: Cluster) -> None:
    """One replica of each: 1.20 has no disruption budgets in policy/v1."""
    with cluster.namespace() as namespace:
        tried = ships(tmp_path, "--dry-run", kubeconfig=cluster.kubeconfig, namespace=namespace, replicas=1)
        assert (tried.code, tried.result["outcome"]) == (0, "planned"), tried.result
        assert len(tried.result["changes"]) == 9
