"""What is rendered for Kubernetes: complete, safe by default, refused where the API server would refuse it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import libdeploy as d
from libdeploy.canonical import digest
from libdeploy.kubernetes.objects import WANTED, quantity
from libdeploy.render import render
from tests.libdeploy.wishes import SHA, target

IMAGE = f"registry.example/payments@sha256:{SHA}"


def rendered(*components: d.Component, **config: Any) -> dict[str, Any]:
    """By kind and name: the bodies."""
    items = render(lambda _: components, target(**config)).items
    return {"/".join(item.key.split("/")[-3:]): item.body for item in items}


def refused(component: d.Component) -> str:
    with pytest.raises(d.DeployError) as error:
        render(lambda _: [component], target())
    return str(error.value)


def test_a_stateless_service_is_three_things_in_order() -> None:
    items = render(lambda _: [d.kubernetes.stateless_service("payments", port=8080, health="/healthz")], target()).items
    assert [item.key for item in items] == [
        "v1/Service/team/payments",
        "apps/v1/Deployment/team/payments",
        "policy/v1/PodDisruptionBudget/team/payments",
    ]


def test_its_pod_is_safe_without_a_word() -> None:
    spec = rendered(d.kubernetes.stateless_service("payments", port=8080, health="/healthz"))["Deployment/team/payments"]["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    assert container["image"] == IMAGE
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}
    assert {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {
        "startupProbe": "/healthz",
        "readinessProbe": "/healthz",
        "livenessProbe": "/healthz",
    }
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_every_thing_bears_whose_it_is_and_what_is_wanted_of_it() -> None:
    bodies = rendered(
        d.kubernetes.stateless_service("web", port=80), d.kubernetes.config("settings", {"A": "b"}), d.kubernetes.job("migrate")
    )
    for body in bodies.values():
        labels = body["metadata"]["labels"]
        assert (labels["libdeploy.dev/service"], labels["libdeploy.dev/environment"]) == ("payments", "staging")
        without = {**body, "metadata": {key: value for key, value in body["metadata"].items() if key != "annotations"}}
        assert body["metadata"]["annotations"] == {WANTED: digest(without)}


def test_what_pods_are_found_by_is_the_same_for_every_artifact_and_environment() -> None:
    def selector(**more: Any) -> Any:
        service = d.kubernetes.stateless_service("web", port=80)
        items = render(lambda _: [service], target(**more)).items
        return items[1].body["spec"]["selector"], items[0].body["spec"]["selector"]

    assert selector() == selector(sha256="cd" * 32) == selector(environment="prod")


def test_one_replica_without_a_port_is_one_thing_without_probes() -> None:
    bodies = rendered(
        d.kubernetes.stateless_service("worker", replicas=1, command=["work"], environment={"B": "2", "A": "1"}, secrets=["db"])
    )
    [container] = bodies["Deployment/team/worker"]["spec"]["template"]["spec"]["containers"]
    assert list(bodies) == ["Deployment/team/worker"]
    assert "livenessProbe" not in container
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert container["envFrom"] == [{"secretRef": {"name": "db"}}]


def test_a_stateful_service_has_a_disk_for_each_replica() -> None:
    bodies = rendered(d.kubernetes.stateful_service("db", port=5432, replicas=3, volume=d.kubernetes.Volume("/var/data", "0.5Ti", "fast")))
    spec = bodies["StatefulSet/team/db"]["spec"]
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "512Gi"}}}
    assert {"name": "data", "mountPath": "/var/data"} in spec["template"]["spec"]["containers"][0]["volumeMounts"]
    assert bodies["Service/team/db"]["spec"]["clusterIP"] == "None"


def test_what_runs_first_has_all_that_its_pod_has_but_is_not_probed() -> None:
    disk = d.kubernetes.Disk("data-keeper-0")
    web = d.kubernetes.stateless_service(
        "web", port=80, arguments=["serve"], secrets=["s"], first=["migrate"], disks=[disk], beside="keeper"
    )
    pod = rendered(web)["Deployment/team/web"]["spec"]["template"]["spec"]
    [first], [then] = pod["initContainers"], pod["containers"]
    assert (first["name"], first["command"], then["args"]) == ("web-first", ["migrate"], ["serve"])
    same = {"image", "imagePullPolicy", "envFrom", "resources", "securityContext", "volumeMounts"}
    assert {name: value for name, value in first.items() if name in same} == {name: value for name, value in then.items() if name in same}
    assert first.keys() == same | {"name", "command"}
    assert "topologySpreadConstraints" not in pod


def test_a_job_is_another_one_only_when_something_else_is_wanted() -> None:
    def name(**wish: Any) -> str:
        [item] = render(lambda _: [d.kubernetes.job("migrate", **wish)], target()).items
        return item.key

    assert name() == name()
    assert name().startswith("batch/v1/Job/team/migrate-")
    assert name(command=["other"]) != name()


def test_a_cron_never_runs_twice_at_once() -> None:
    body = rendered(d.kubernetes.cron("night", "*/5 3 * * 1-5", time_zone="Europe/Paris"))["CronJob/team/night"]
    assert (body["spec"]["concurrencyPolicy"], body["spec"]["timeZone"], body["spec"]["schedule"]) == (
        "Forbid",
        "Europe/Paris",
        "*/5 3 * * 1-5",
    )


def test_an_address_outside_leads_to_the_service() -> None:
    body = rendered(d.kubernetes.ingress("pay.example", "payments", path="/api", tls_secret="pay-tls", class_name="nginx"))[
        "Ingress/team/payments"
    ]
    assert body["spec"]["tls"] == [{"hosts": ["pay.example"], "secretName": "pay-tls"}]
    [path] = body["spec"]["rules"][0]["http"]["paths"]
    assert (path["path"], path["backend"]["service"]) == ("/api", {"name": "payments", "port": {"name": "main"}})


def test_another_value_in_a_config_is_another_pod() -> None:
    def template(value: str, component: Any = d.kubernetes.stateless_service) -> Any:
        settings = d.kubernetes.config("settings", {"A": value})
        found = rendered(settings, component("web", configs=[settings, "theirs"]))
        return next(body["spec"]["template"] for key, body in found.items() if key.startswith(("Deployment", "Job")))

    assert template("1") != template("2")
    assert template("1", d.kubernetes.job)["metadata"] != template("2", d.kubernetes.job)["metadata"]
    [container] = template("1")["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}, {"configMapRef": {"name": "theirs"}}]
    by_name = rendered(d.kubernetes.stateless_service("web", configs=["settings"]))["Deployment/team/web"]["spec"]["template"]
    assert "annotations" not in by_name["metadata"]


def test_whatever_else_keeps_its_labels_and_gets_ours() -> None:
    wanted = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny", "labels": {"a": "b"}}, "spec": {}}
    labels = rendered(d.kubernetes.manifest(wanted))["NetworkPolicy/team/deny"]["metadata"]["labels"]
    assert (labels["a"], labels["libdeploy.dev/service"]) == ("b", "payments")


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (d.kubernetes.stateless_service("Web"), "'Web' is no name in Kubernetes: "),
        (d.kubernetes.stateless_service("a" * 64), "is no name in Kubernetes: "),
        (d.kubernetes.stateless_service("web", port=70000), "70000 is no port: 1 to 65535."),
        (d.kubernetes.stateless_service("web", health="/"), "web: health='/' needs a port=…."),
        (d.kubernetes.stateless_service("web", port=1, health="x"), "web: health='x' is a path and begins with /."),
        (d.kubernetes.stateless_service("web", user=0), "web: user=0 is root. Let the image run as another user."),
        (d.kubernetes.stateless_service("web", replicas=-1), "web: -1 replicas cannot be."),
        (d.kubernetes.stateless_service("web", environment={"a-b": "1"}), "web: 'a-b' is no name of an environment variable."),
        (d.kubernetes.stateless_service("web", environment={"A": 1}), "web: the environment variable A is 1, not text."),  # type: ignore[dict-item]
        (d.kubernetes.stateless_service("web", resources=d.kubernetes.Resources(memory="lots")), "'lots' is no quantity: "),
        (d.kubernetes.stateful_service("db", port=1, volume=d.kubernetes.Volume("data")), "db: the volume's path 'data' begins with no /."),
        (d.kubernetes.stateless_service("web", disks=[d.kubernetes.Disk("x", "data")]), "web: the disk's path 'data' begins with no /."),
        (d.kubernetes.stateless_service("web", disks=[d.kubernetes.Disk("X")]), "'X' is no name in Kubernetes: "),
        (d.kubernetes.stateless_service("web", beside="Keeper"), "'Keeper' is no name in Kubernetes: "),
        (d.kubernetes.cron("night", "daily"), "night: 'daily' is no schedule: "),
        (d.kubernetes.cron("n" * 53, "@daily"), "is too long for a CronJob: at most 52"),
        (d.kubernetes.config("settings", {"A": 1}), "settings: A is 1, not text."),  # type: ignore[dict-item]
        (d.kubernetes.config("settings", {"A": "x" * 1_000_001}), "settings is larger than a ConfigMap may be: "),
        (d.kubernetes.ingress("not a host", "web"), "'not a host' is no host name."),
        (d.kubernetes.ingress("a.example", "web", path="x"), "a.example: the path 'x' begins with no /."),
        (d.kubernetes.manifest({"kind": "X"}), "The manifest has no apiVersion."),
        (
            d.kubernetes.manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
            "A plan is read by whoever may approve it: ",
        ),
    ],
)
def test_what_would_be_refused_there_is_refused_here(component: d.Component, words: str) -> None:
    assert words in refused(component)


def test_a_stateful_service_without_a_port_is_refused_at_once() -> None:
    with pytest.raises(d.DeployError, match="db: a stateful service needs a port"):
        d.kubernetes.stateful_service("db")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("2", "2"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1000", "1k"),
        ("0", "0"),
        ("100m", "100m"),
    ],
)
def test_quantities_have_the_form_in_which_they_are_given_back(said: str, kept: str) -> None:
    assert quantity(said) == kept


@given(st.integers(1, 10**9), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_quantity_keeps_its_amount_and_its_form(number: int, unit: str) -> None:
    size: dict[str, int | Fraction] = {
        "": 1,
        "m": Fraction(1, 1000),
        "k": 10**3,
        "M": 10**6,
        "G": 10**9,
        "T": 10**12,
        "Ki": 2**10,
        "Mi": 2**20,
        "Gi": 2**30,
        "Ti": 2**40,
    }
    kept = quantity(f"{number}{unit}")
    digits = kept.rstrip("mkMGTi K")
    assert int(digits) * size[kept[len(digits) :]] == number * size[unit]
    assert quantity(kept) == kept


@pytest.mark.parametrize("said", ["", "1 Gi", "-1", "1e3", "Gi", "1.5m", "0.1Ki", "0.0001", "1GiB"])
def test_what_is_no_quantity_is_said(said: str) -> None:
    with pytest.raises(d.DeployError) as error:
        quantity(said)
    assert error.value.code == "bad_quantity"
