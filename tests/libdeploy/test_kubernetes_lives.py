"""Whatever was deployed, edited, sick, lost or refused before: the next deploy that gets through leaves exactly what it wants."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import libdeploy as d
from libdeploy.apply import Drivers
from libdeploy.plan import Plan
from tests.fakes.kubernetes import FakeKubernetes, Fault
from tests.libdeploy.deployer import Deployer, service

OPERATIONS = [
    f"{verb} {kind}" for verb in ("PATCH", "DELETE", "GET") for kind in ("Deployment", "StatefulSet", "ConfigMap", "Job", "Service")
]
OPERATIONS += ["LIST Pod", "LIST ConfigMap", "LIST Deployment"]
WELL = st.sampled_from(["a", "b", "c"])
ANY = st.sampled_from(["a", "b", "c", "SICK"])


@dataclass(frozen=True)
class Trouble:
    """`status` 0 is an answer that is lost."""

    operation: str
    status: int
    times: int


def wishes(variant: st.SearchStrategy[str]) -> st.SearchStrategy[Mapping[str, str]]:
    """By component: its variant."""
    return st.dictionaries(st.sampled_from(["web", "worker", "queue", "settings", "migrate"]), variant, min_size=1)


def components(wish: Mapping[str, str]) -> Iterator[d.Component]:
    for name, variant in sorted(wish.items()):
        environment = {variant: variant, "ALWAYS": variant}
        if name == "queue":
            yield d.kubernetes.stateful_service("queue", port=1, environment=environment)
        elif name == "settings":
            yield d.kubernetes.config("settings", environment)
        elif name == "migrate":
            yield d.kubernetes.job("migrate", environment=environment)
        else:
            yield service(name, environment=environment, replicas=2 if variant == "a" else 1)


TROUBLES = st.lists(st.builds(Trouble, st.sampled_from(OPERATIONS), st.sampled_from([0, 0, 403, 409, 422, 429, 500, 503]), st.integers(1, 8)), max_size=4)  # fmt: skip
STEPS = st.lists(st.tuples(wishes(ANY), TROUBLES, st.booleans(), st.booleans()), max_size=4)


def edit(fake: FakeKubernetes) -> None:
    """Somebody turns at whatever there is."""
    for kept in list(fake.objects.all("Deployment")):
        fake.edit("Deployment", kept.name, lambda body: body["spec"].update(replicas=3))
    for kept in list(fake.objects.all("ConfigMap")):
        fake.edit("ConfigMap", kept.name, lambda body: body["data"].update(ALWAYS="edited"))


def scrubbed(things: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    """Without what the API server chooses anew for each object."""
    found = copy.deepcopy(dict(things))
    for (_, key), body in found.items():
        if "/Service/" in key:
            body["spec"].pop("clusterIP", None), body["spec"].pop("clusterIPs", None)
        if "/Job/" in key:
            body["spec"].pop("selector"), body["spec"]["template"]["metadata"]["labels"].clear()
    return found


def look(deployer: Deployer, plan: Plan) -> dict[tuple[str, str], Any]:
    return scrubbed(Drivers({"kubernetes": deployer.driver(plan)}).observe("payments", "staging").things)


def live(deployer: Deployer, steps: list[Any], last: Mapping[str, str]) -> None:
    fake, plan = deployer.fake, deployer.plan(*components(last))
    fake.begin_anew()
    assert deployer.deploys(*components(last)).outcome == "applied"
    wanted = look(deployer, plan)
    fake.begin_anew()
    fake.controllers.sickens("SICK", Fault("ImagePullBackOff"))
    before = None
    for wish, troubles, is_edited, is_taken_back in steps:
        for each in troubles:
            fake.fail_next(each.operation, each.status, times=each.times) if each.status else fake.lose_next(each.operation, each.times)
        with contextlib.suppress(d.DeployError):
            deployer.deploys(*components(wish), previous=before if is_taken_back else None, within_s=15)
        before = deployer.plan(*components(wish))
        if is_edited:
            edit(fake)
    fake.end_troubles()
    assert deployer.deploys(*components(last)).outcome in {"applied", "unchanged"}
    assert look(deployer, plan) == wanted
    fake.requests.clear()
    assert (deployer.deploys(*components(last)).outcome, fake.writes()) == ("unchanged", [])


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployer]:
    with FakeKubernetes() as fake:
        one = Deployer(fake, Path(tmp_path_factory.mktemp("lives")))
        yield one
        one.client.close()


@pytest.mark.long
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, wishes(WELL))
def test_it_ends_as_the_last_one_wants_it(lived: Deployer, steps: list[Any], last: Mapping[str, str]) -> None:
    live(lived, steps, last)


@pytest.mark.long
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, wishes(WELL))
def test_it_ends_as_the_last_one_wants_it_whatever_came_before(lived: Deployer, steps: list[Any], last: Mapping[str, str]) -> None:
    live(lived, steps, last)
