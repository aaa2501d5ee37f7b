"""/sled deploy to Kubernetes: Jobs of a stand-in for the API server, whose pods really run deploy.py, which puts objects there."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from bot.domain.artifact import ArtifactKind
from bot.domain.deployment import Deployment
from tests.conversations.talk import Talk
from tests.deploys import built, deployments, slot
from tests.fakes.forge import User
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.kubernetes.kubelet import Kubelet
from tests.fakes.kubernetes.server import TOKEN
from tests.world import a_world

pytestmark = pytest.mark.kubernetes

_PATIENCE_S = 60
PROGRAM = """
import os, pathlib, sys, time
import libdeploy as d

def deploy(target):
    return [d.kubernetes.config("settings", target.config.texts("settings", {}))]

if __name__ == "__main__":
    while "--apply-plan" in sys.argv and not pathlib.Path(os.environ["GATE"]).exists():
        time.sleep(0.02)
    d.main(deploy)
"""


@dataclass
class Shop(Talk):
    """Dana, whose environment dev is in a cluster; runs of APPLY wait at the gate until it is opened."""

    fake: FakeKubernetes = None  # type: ignore[assignment]
    gate: Path = Path()

    async def begins_to_deploy(self) -> None:
        """Until its run is under way, and all that is to be said of it is said."""
        await self.says("/sled deploy pay --to dev", settle=False)
        await until(lambda: any("-apply-" in name and self.is_running(name) for name in self.jobs()))
        await self.hears()

    def jobs(self) -> list[str]:
        return [each.removeprefix("Job/") for each in self.fake.names("Job")]

    def is_running(self, run: str) -> bool:
        pods = [each.body for each in self.fake.objects.all("Pod") if each.name.startswith(run)]
        return any(each["status"].get("phase") == "Running" for each in pods)

    def has_ended(self, run: str) -> bool:
        return bool(self.fake.body("Job", run)["status"].get("conditions"))

    async def approves(self, *, by: User) -> list[str]:
        """The newest request."""
        [*_, id_] = re.findall(r"/sled approve ([a-z2-7]{8})", "\n".join(self.heard))
        return await self.says(f"/sled approve {id_}", by=by)

    async def built(self, commit: str) -> None:
        await built(self.world, "pay", commit, program=PROGRAM, kind=ArtifactKind.IMAGE)

    async def deployed(self) -> Deployment:
        return (await deployments(self.world, "pay"))[-1]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    with FakeKubernetes(goes_on=True) as fake:
        fake.controllers.has_nodes = True
        config, gate = str(fake.kubeconfig(tmp_path)), tmp_path / "gate"
        cluster = {"image": "registry.example/trellis:1", "namespace": "team", "kubeconfig": config, "python": sys.executable, "look_s": 0}
        rights = {"KUBECONFIG": config, "GATE": str(gate), "NO_PROXY": "127.0.0.1"}
        dev = {"target": "kubernetes", "namespace": "team", "rights": rights, "config": {"pay": {"settings": {"size": "large"}}}}
        client = httpx2.Client(base_url=fake.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)
        with client, Kubelet(client, "team", tmp_path / "node") as kubelet:
            fake.log_of = kubelet.log
            prod = {**dev, "asks": True, "merged_only": False}
            deploy = {"environments": {"dev": dev, "prod": prod}, "clusters": {"main": cluster}}
            async with a_world(tmp_path / "data", deploy=deploy) as world:
                dana = world.github.user("dana", id=7, right="write")
                on = world.github.pull_request("acme/shop", number=12, branch="demo", author=dana)
                yield Shop(world, dana, on, fake=fake, gate=gate)
        assert kubelet.problems == []


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_a_deploy_is_a_job_that_goes_on_while_trellis_is_down_and_is_read_when_it_is_back(shop: Shop) -> None:
    await shop.built("4fd1c0e9")
    await shop.begins_to_deploy()
    assert shop.title == "⏳ **pay@\u200b4fd1c0e9** · `dev` · 0 of 1 changes"
    run = f"{(await shop.deployed()).id}-apply-1"
    for desk in shop.world.desks.values():
        await desk.close()
    shop.gate.touch()
    await until(lambda: shop.has_ended(run))
    assert shop.fake.body("ConfigMap", "settings")["data"] == {"size": "large"}
    assert [each for each in shop.heard if "runs" in each] == []
    await shop.world.worker_dies()
    [answer] = await shop.news()
    assert answer.startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev** after ")
    assert "1 created" in answer
    deployment = await shop.deployed()
    assert sorted(shop.jobs()) == [run, f"{deployment.id}-plan-1"]
    assert await slot(shop.world, "pay", "dev") is not None
    job = shop.fake.body("Job", run)
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/trellis:1"
    assert job["metadata"]["labels"].items() >= {"trellis.dev/service": "pay", "trellis.dev/environment": "dev"}.items()


async def test_deployed_again_nothing_changes(shop: Shop) -> None:
    await shop.built("4fd1c0e9")
    shop.gate.touch()
    await shop.says("/sled deploy pay --to dev")
    version = shop.fake.body("ConfigMap", "settings")["metadata"]["resourceVersion"]
    answer = (await shop.says("/sled deploy pay --to dev"))[-1]
    assert answer.startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev** already: nothing changed")
    assert shop.fake.body("ConfigMap", "settings")["metadata"]["resourceVersion"] == version
    first, second = await deployments(shop.world, "pay")
    assert first.plan_hash == second.plan_hash


async def test_an_api_server_that_is_away_is_waited_for(shop: Shop) -> None:
    await shop.built("4fd1c0e9")
    shop.gate.touch()
    shop.fake.fail_next("POST Job", 503, times=2)
    await shop.says("/sled deploy pay --to dev")
    assert shop.jobs() == []
    assert (await shop.after(seconds=2))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")


async def test_a_cancelled_one_is_ended_by_the_cluster(shop: Shop) -> None:
    await shop.built("4fd1c0e9")
    await shop.begins_to_deploy()
    answer = (await shop.says("/sled cancel"))[-1]
    assert "cancelled" in answer
    run = f"{(await shop.deployed()).id}-apply-1"
    assert shop.fake.body("Job", run)["status"]["conditions"][0]["reason"] == "DeadlineExceeded"
    there = await slot(shop.world, "pay", "dev")
    assert there is not None
    assert there.claimed_by == ""


async def test_what_was_approved_is_applied_unless_somebody_changed_what_is_there(shop: Shop) -> None:
    await shop.built("4fd1c0e9")
    shop.gate.touch()
    await shop.says("/sled deploy pay --to prod")
    ada = shop.world.github.user("ada", id=9, right="admin")
    asked = await shop.approves(by=ada)
    assert any("**pay** runs `4fd1c0e9` in **prod**" in each for each in asked)
    await shop.built("5fd1c0e9")
    shop.fake.edit("ConfigMap", "settings", lambda body: body["data"].update(size="by hand"))
    await shop.says("/sled deploy pay --to prod")
    shop.fake.edit("ConfigMap", "settings", lambda body: body["data"].update(size="by another hand"))
    moved = await shop.approves(by=ada)
    assert "`stale_plan`" in moved[1]
    assert shop.fake.body("ConfigMap", "settings")["data"] == {"size": "by another hand"}
    again = await shop.approves(by=ada)
    assert again[-1].startswith("✅ @dana **pay** runs `5fd1c0e9` in **prod**")
    assert shop.fake.body("ConfigMap", "settings")["data"] == {"size": "large"}


async def test_what_needs_a_host_that_stays_is_refused_before_anything_is_done(shop: Shop) -> None:
    program = PROGRAM.replace('d.kubernetes.config("settings", target.config.texts("settings", {}))', 'd.host.binary("pay", port=8080)')
    await built(shop.world, "pay", "4fd1c0e9", program=program)
    answer = (await shop.says("/sled deploy pay --to dev"))[-1]
    assert "its deploy.py uses d.host.binary, which needs a host that stays, and dev is in Kubernetes" in answer
    assert "reason: `wrong_target`" in answer
    assert not [each for each in shop.jobs() if "-apply-" in each]
