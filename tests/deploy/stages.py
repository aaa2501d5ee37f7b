"""Runners of every kind, each with what it needs, behind the same few words."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest

from deploy.kubernetes import KubernetesRunner, KubernetesSettings
from deploy.local import LocalRunner, LocalSettings
from deploy.runner import Job, Observed, Rights, Runner, State, Step
from libdeploy.target import to_json
from processes import bearers
from tests.clusters import Cluster
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.kubernetes.kubelet import Kubelet
from tests.fakes.kubernetes.server import TOKEN
from tests.libdeploy.wishes import target

SHELF = '''
import json, os, pathlib, sys, time
import libdeploy as d

class Thing:
    def __init__(self, key, text): self.key, self.text = key, text
    def items(self, target): yield d.Item("shelf", self.key, {"text": self.text})

class Shelf:
    """A driver of the owner's own: files in a folder that only who has rights is told of."""
    name = "shelf"
    @property
    def at(self): return pathlib.Path(os.environ["SHELF"])
    def observe(self, service, environment): return {each.name: json.loads(each.read_text()) for each in sorted(self.at.iterdir())}
    def check(self, item): pass
    def put(self, item): (self.at / item.key).write_text(json.dumps(item.body))
    def remove(self, key): (self.at / key).unlink()
    def wait(self, items, within_s): pass

def deploy(target):
    return [Thing("payments", target.config.text("text", "one"))]

if __name__ == "__main__":
    d.main(deploy, [Shelf()])
'''


class Loses(Protocol):
    async def __call__(self, id: str) -> None: ...


@dataclass
class Stage:
    """A runner, and a shelf on which its runs put things. `later` is the same runner as another process sees it."""

    folder: Path
    runner: Runner
    later: Runner
    loses: Loses
    """Whoever runs it dies, and nobody hears how it went."""
    rights: Rights = field(default_factory=Rights)

    def __post_init__(self) -> None:
        self.shelf.mkdir()
        self.rights = Rights({"SHELF": str(self.shelf)})

    @property
    def shelf(self) -> Path:
        return self.folder / "shelf"

    def on_shelf(self) -> dict[str, str]:
        return {each.name: each.read_text() for each in self.shelf.iterdir()}

    def job(self, id: str, step: Step, text: str = "one", **more: Any) -> Job:
        given: dict[str, Any] = {"program": SHELF, "target": to_json(target(text=text)), "within_s": 20.0, **more}
        return Job(id, step, **given)

    async def runs(self, job: Job, rights: Rights | None = None) -> Observed:
        await self.runner.start(job, self.rights if rights is None else rights)
        return await self.ended(job.id)

    async def ended(self, id: str) -> Observed:
        return await self.until(id, lambda seen: seen.state is not State.RUNNING)

    async def until(self, id: str, is_so: Any) -> Observed:
        async with asyncio.timeout(90):
            while not is_so(seen := await self.runner.observe(id)):
                await asyncio.sleep(0.05)
        return seen

    async def deploys(self, id: str, text: str) -> Observed:
        """Looked at, planned, applied: as deployments are made."""
        looked = await self.runs(self.job(f"{id}-look", Step.LOOK, text))
        planned = await self.runs(self.job(f"{id}-plan", Step.PLAN, text, live=looked.made))
        return await self.runs(self.job(f"{id}-apply", Step.APPLY, text, live=looked.made, plan=planned.made))


@contextlib.asynccontextmanager
async def local_stage(folder: Path) -> AsyncIterator[Stage]:
    settings = LocalSettings(folder / "runs", folder / "root", mark=f"test-deploy-{folder.name}")
    runner = LocalRunner(settings)

    async def loses(id: str) -> None:
        await runner.close()
        async with asyncio.timeout(60):
            while (await runner.observe(id)).state is State.RUNNING:
                await asyncio.sleep(0.02)

    try:
        yield Stage(folder, runner, LocalRunner(settings), loses)
    finally:
        await runner.close()
        assert bearers(settings.mark) == []


def kubernetes_settings(kubeconfig: Path, **more: Any) -> KubernetesSettings:
    """Quick to look, and the Python of the tests instead of an image's."""
    quick: Mapping[str, Any] = {"look_s": 0.0, "log_s": 0.0, "python": sys.executable, "trust_env": False}
    return KubernetesSettings("team", "registry.example/trellis:1", "deployer", "planner", kubeconfig, **{**quick, **more})


@contextlib.asynccontextmanager
async def _kubernetes_stage(folder: Path, settings: KubernetesSettings, kubelet: Kubelet) -> AsyncIterator[Stage]:
    runner, later = KubernetesRunner(settings), KubernetesRunner(settings)

    async def loses(id: str) -> None:
        async with asyncio.timeout(60):
            while not (found := [each for each in kubelet.running() if each.startswith(id)]):
                await asyncio.sleep(0.02)
        await asyncio.to_thread(kubelet.evicts, found[0])

    try:
        yield Stage(folder, runner, later, loses)
    finally:
        await runner.close()
        await later.close()


@contextlib.asynccontextmanager
async def stand_in_stage(folder: Path) -> AsyncIterator[Stage]:
    with FakeKubernetes(goes_on=True) as fake:
        fake.controllers.has_nodes = True
        client = httpx2.Client(base_url=fake.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)
        with client, Kubelet(client, "team", folder / "node") as kubelet:
            fake.log_of = kubelet.log
            async with _kubernetes_stage(folder, kubernetes_settings(fake.kubeconfig(folder)), kubelet) as stage:
                yield stage
        assert kubelet.problems == []


@contextlib.asynccontextmanager
async def real_stage(folder: Path, cluster: Cluster) -> AsyncIterator[Stage]:
    if not cluster.kubelet_port:
        pytest.skip("a run needs an image of Trellis in the cluster of KUBECONFIG")
    with cluster.namespace() as namespace, cluster.kubelet(namespace, folder / "node") as kubelet:
        assert kubelet
        settings = replace(kubernetes_settings(cluster.kubeconfig), namespace=namespace)
        async with _kubernetes_stage(folder, settings, kubelet) as stage:
            yield stage
