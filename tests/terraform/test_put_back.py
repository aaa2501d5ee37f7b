"""An update that comes to nothing half-way on a machine: what ran there before runs again, and whoever asked is told why."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.environment import State
from provisioner.setup.code import S3Code
from provisioner.setup.machines import Machines
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from provisioner.terraform.records import Records
from provisioner.terraform.settings import MODULES, TerraformSettings
from tests.terraform.aws import Aws
from tests.terraform.machine import FakeSsm
from tests.terraform.test_branch_env import lasting, mirrors
from tests.terraform.test_on_aws import DOMAIN, AnyMachine, Packed
from tests.traefik.stand import TRAEFIK
from tests.world import World, a_world

OLD, BAD, GOOD = "b" * 40, "c" * 40, "d" * 40
# In Ansible's place: the code that is laid out, and the commit that tilt was begun with; one that does not start ends the step.
_PLAY = r"""#!/bin/sh
root=$3
sha=$(sed 's/.*"trellis_sha": "\([0-9a-f]*\)".*/\1/' "$2/order.json")
case $(sed 's/.*"step": "\([a-z]*\)".*/\1/' "$2/order.json") in
code) echo "$sha" >"$root/code" ;;
tilt)
  : >"$root/running"
  if grep -q "$sha" "$root/bad" 2>/dev/null; then
    echo 'TRELLIS {"task": "tilt: run it", "outcome": "failed", "why": "out of memory"}'; exit 2
  fi
  cp "$root/code" "$root/running" ;;
esac
echo 'TRELLIS {"task": "it", "outcome": "changed"}'
"""


class Ssm(FakeSsm):
    """Who cancels a command that does not end gets answers again."""

    def cancel_command(self, **given: Any) -> None:
        super().cancel_command(**given)
        self.is_endless = False


class Stood:
    """A world whose only project is on AWS, and the one machine that it gets."""

    def __init__(self, world: World, machines: AnyMachine, ssm: Ssm) -> None:
        self.world, self.machine, self.ssm = world, machines.one, ssm

    def does_not_start(self, *shas: str) -> None:
        (self.machine.root / "bad").write_text("\n".join(shas))

    @property
    def told_tilt(self) -> list[str]:
        """The words of the last order."""
        return list(json.loads(json.loads(self.machine.text("opt/trellis/order.json"))["files"]["tilt.json"]))

    @property
    def running(self) -> str:
        return self.machine.text("running").strip()


@pytest.fixture
async def stood(aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]) -> AsyncIterator[Stood]:
    mirror = mirrors(tmp_path, "stand-in")
    record_property("told", f"updates that fail on a machine ran with {mirror.told}; SSM, Ansible and the machine were stand-ins")
    module = tmp_path / "branch-env"
    shutil.copytree(MODULES / "branch-env", module)
    (module / ".terraform.lock.hcl").unlink()
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    machines = AnyMachine(tmp_path / "machine")
    machines.one.python.write_text(_PLAY)
    ssm = Ssm(machines)
    code = S3Code(Packed(), lambda: aws.client("s3"), "seeds")  # type: ignore[arg-type]
    terraform: dict[str, Any] = {"program": "wheel", "module": str(module), "variables": lasting(aws), "plugins": str(mirror.folder)}
    async with a_world(
        tmp_path / "data",
        engine="terraform",
        terraform=terraform,
        traefik={**TRAEFIK, "scheme": "https", "login": False},
        domain=DOMAIN,
        machines=Machines(
            SsmShell(lambda: ssm, (0.0,)),
            code,
            Host(DOMAIN, tilt_arguments={"lab": ("--only", "web")}),
            lambda environment: "00ff",
            Ec2Power(lambda: aws.client("ec2"), (0.01,)),
            3600,
        ),
    ) as world:
        yield Stood(world, machines, ssm)


async def test_an_update_that_does_not_start_is_put_back_and_the_next_one_runs(stood: Stood) -> None:
    world = stood.world
    await world.types("/ivy create lab:demo")
    environment = await world.environment()
    assert stood.running == OLD

    stood.does_not_start(BAD)
    world.lab["demo"] = BAD
    [said] = await world.types(f"/ivy update {environment.slug}")
    assert "tilt: run it: out of memory" in said
    after = await world.environment()
    assert (after.state, after.running_sha, after.running_generation) == (State.READY, OLD, 1)
    assert stood.running == OLD, "the machine does what the row says"
    record = Records(TerraformSettings(world.settings.data_dir).environments).find(environment.id)
    assert record is not None
    assert record.wanted == record.ready

    world.lab["demo"] = GOOD
    await world.types(f"/ivy update {environment.slug}")
    assert stood.running == GOOD
    assert (await world.environment()).running_sha == GOOD


async def test_where_it_cannot_be_put_back_both_are_told(stood: Stood) -> None:
    world = stood.world
    await world.types("/ivy create lab:demo")
    environment = await world.environment()
    stood.does_not_start(BAD, OLD)
    world.lab["demo"] = BAD
    [told] = await world.types(f"/ivy update {environment.slug}")
    said = " ".join(told.split())
    assert "was not updated: tilt: run it: out of memory. What ran before could not be put back: tilt: run it: out of memory" in said
    assert "It may not answer until one of them runs." in said
    assert "goes on" not in said, "nothing is promised that is not so"


async def test_one_that_is_cancelled_half_way_is_put_back(stood: Stood) -> None:
    world = stood.world
    await world.types("/ivy create lab:demo")
    environment = await world.environment()
    world.lab["demo"], stood.ssm.is_endless = BAD, True
    before = len(stood.ssm.sent)
    updating = asyncio.create_task(world.types(f"/ivy update {environment.slug}"))
    async with asyncio.timeout(120):
        while len(stood.ssm.sent) == before:
            await asyncio.sleep(0.02)
    await world.types(f"/ivy cancel {environment.slug}")
    await updating
    assert len(stood.ssm.cancelled) == 1, "nothing goes on there that nobody waits for"
    after = await world.environment()
    assert (after.state, after.running_sha) == (State.READY, OLD)
    assert stood.running == OLD
    assert len(stood.ssm.sent) == before + 1 + 5, "one step of the new, and all of the old"


def file(tilt_args: str) -> dict[str, bytes]:
    return {".dev-env.yaml": f"version: 1\nservices: {{web: {{run: ./web}}}}\ntilt_args: {tilt_args}\n".encode()}


async def test_what_the_file_says_to_tilt_gets_there_as_far_as_the_project_lets_it_through(stood: Stood) -> None:
    """No service reads $TILT_ARGS: there tilt is who is told."""
    world = stood.world
    world.repositories.files |= {OLD: file("--only web"), BAD: file("--only web --hud")}
    await world.types("/ivy create lab:demo")
    environment = await world.environment()
    told = ["tilt", "up", "--host=127.0.0.1", "--port=10350", "--stream", "--", "--only", "web"]
    assert stood.told_tilt == told
    world.lab["demo"] = BAD
    [said] = await world.types(f"/ivy update {environment.slug}")
    assert "this project lets no '--hud' through to tilt" in " ".join(said.split())
    assert stood.running == OLD
    assert stood.told_tilt == told
