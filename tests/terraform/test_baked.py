"""From a bake to machines: spares and environments are made of the newest good image by real Terraform, and those that there are keep theirs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.engine import Bare, EngineFailed
from provisioner.terraform.engine import TerraformEngine
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import Aws
from tests.terraform.stand import Stand
from tests.terraform.test_branch_env import lasting, mirrors

BARE = Bare("env-1", "spare-1", "demo", "small")


@dataclass
class Newest:
    """What the rows say."""

    image: str = ""

    async def __call__(self) -> str:
        return self.image


def images(aws: Aws) -> list[str]:
    return sorted(each["ImageId"] for each in aws.instances())


def baked(aws: Aws, name: str) -> str:
    ec2 = aws.client("ec2")
    [one] = ec2.run_instances(ImageId="ami-0123456789abcdef0", InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    image = str(ec2.create_image(InstanceId=one["InstanceId"], Name=name)["ImageId"])
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    return image


async def test_what_is_made_is_of_the_newest_image_and_what_is_there_keeps_its_own(
    aws: Aws, tmp_path: Path, stand: Stand, record_property: Callable[[str, object], None]
) -> None:
    mirror = mirrors(tmp_path, "stand-in")
    record_property("told", f"images and branch-env ran with {mirror.told}")
    module = tmp_path / "branch-env"
    shutil.copytree(MODULES / "branch-env", module)
    (module / ".terraform.lock.hcl").unlink()
    variables = {name: value for name, value in lasting(aws).items() if name != "image_id"}
    stand.set(module=module, variables=variables, plugins=mirror.folder)
    newest = Newest()
    engine = TerraformEngine(stand.settings, stand.within, lambda: stand.now, image=newest)
    with pytest.raises(EngineFailed, match="there is no image yet"):
        await engine.prepare(BARE, 1)

    newest.image = first = baked(aws, "trellis-first")
    name = await engine.pattern("lab")
    await engine.prepare(BARE, 1)
    assert images(aws) == [first]
    [before] = aws.instances()

    newest.image = second = baked(aws, "trellis-second")
    assert await engine.pattern("lab") != name, "a spare of the older one is stale"
    await engine.prepare(BARE, 2)
    assert [each["InstanceId"] for each in aws.instances()] == [before["InstanceId"]], "a machine that there is is not made anew"
    await engine.prepare(Bare("env-2", "spare-2", "demo", "small"), 1)
    assert images(aws) == sorted([first, second])
    for each in ("env-1", "env-2"):
        await engine.destroy(each, 3)
    assert aws.instances() == []
