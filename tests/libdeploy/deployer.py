"""Who deploys to the stand-in of the API server, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightkube import Client, KubeConfig

import libdeploy as d
from libdeploy.apply import Drivers, apply
from libdeploy.kubernetes.cluster import Cluster
from libdeploy.kubernetes.driver import KubernetesDriver
from libdeploy.plan import Plan
from libdeploy.render import render
from libdeploy.result import Result
from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.wishes import target


class Deployer:
    """Who deploys in this process; while it waits, the controllers take a step and a second goes by."""

    def __init__(self, fake: FakeKubernetes, folder: Path) -> None:
        self.fake = fake
        self.now = 0.0
        self.pauses: list[float] = []
        config = KubeConfig.from_file(fake.kubeconfig(folder)).get()
        self.client = Client(config, trust_env=False)
        self.on_pause: Callable[[], object] = lambda: None

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        self.on_pause()
        self.fake.step()

    def driver(self, *plans: Plan) -> KubernetesDriver:
        items = [item for plan in plans for item in plan.items]
        cluster = Cluster(self.client, "team", self.pause)
        return KubernetesDriver(cluster, target(), items, clock=lambda: self.now, pause=self.pause)

    def plan(self, *components: d.Component) -> Plan:
        return render(lambda _: components, target())

    def deploys(self, *components: d.Component, previous: Plan | None = None, within_s: float = 60) -> Result:
        plan = self.plan(*components)
        return apply(plan, Drivers({"kubernetes": self.driver(plan)}), within_s=within_s, previous=previous)


def service(name: str = "payments", **more: Any) -> d.Component:
    return d.kubernetes.stateless_service(name, port=8080, health="/healthz", **more)


def told(result: Result) -> tuple[str, str, str]:
    return result.outcome, result.code, result.message


def did(result: Result) -> list[str]:
    return [f"{each.action} {'/'.join(each.key.rsplit('/', 3)[1::2])}" for each in result.changes]
