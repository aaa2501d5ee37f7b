"""An image against moto: baked by the commands that a machine is sent, taken up half-way, pruned, and nothing of a builder left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.ec2 import MARK, client
from provisioner.engine import EngineFailed, EngineUnavailable
from provisioner.setup.bakery import DEADLINE, Ec2Bakery, Oven
from provisioner.setup.plan import BAKED
from provisioner.setup.ssm import SsmShell
from tests.terraform.aws import REGION, Aws
from tests.terraform.machine import FakeSsm
from tests.terraform.test_on_aws import AnyMachine

BASE = "ami-0123456789abcdef0"
BAKE, OTHER = "01bake", "01other"


def heard(_: str) -> None:
    return


class Stand:
    def __init__(self, aws: Aws, root: Path) -> None:
        ec2 = aws.client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
        group = ec2.create_security_group(GroupName="builders", Description="builders", VpcId=vpc)["GroupId"]
        aws.client("iam").create_instance_profile(InstanceProfileName="builder")
        self.aws, self.ec2 = aws, ec2
        self.machine = AnyMachine(root)
        self.ssm = FakeSsm(self.machine)
        self.oven = Oven("trellis", BASE, "t3.large", subnet, group, "builder")

    def bakery(self, name: str = "trellis") -> Ec2Bakery:
        """A new one each time, as a new worker would have it."""
        oven = Oven(name, *(getattr(self.oven, each) for each in ("base", "instance_type", "subnet", "security_group", "profile")))
        make: Callable[[], Any] = lambda: client("ec2", region=REGION, endpoint_url=self.aws.url)  # noqa: E731
        return Ec2Bakery(make, SsmShell(lambda: self.ssm, (0.0,)), oven, (0.0,))

    def snapshots(self) -> list[str]:
        found = self.ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "tag:trellis:image", "Values": ["trellis"]}])["Snapshots"]
        return [each["SnapshotId"] for each in found]


@pytest.fixture
def stand(aws: Aws, tmp_path: Path) -> Stand:
    return Stand(aws, tmp_path / "machine")


async def test_an_image_is_baked_labelled_used_and_taken_away_with_its_disks(stand: Stand) -> None:
    bakery, told = stand.bakery(), list[str]()
    image = await bakery.bake(BAKE, time.time() + 3600, told.append)
    [builder] = stand.aws.instances()
    labels = {each["Key"]: each["Value"] for each in builder["Tags"]}
    assert labels[MARK] == BAKE, "the reaper of last resort and the look at the account know it"
    assert labels[DEADLINE].endswith("Z")
    assert builder["State"]["Name"] == "stopped", "an image is made of what stands still"
    assert (builder["MetadataOptions"]["HttpTokens"], builder["MetadataOptions"]["HttpPutResponseHopLimit"]) == ("required", 1)
    assert len(stand.ssm.sent) == len(BAKED)
    assert told[:2] == ["docker (1 of 5)", "kind (2 of 5)"]
    await bakery.clear(BAKE)
    await bakery.clear(BAKE)
    assert stand.aws.instances() == []
    stock = await bakery.stock()
    [found] = stock.images
    assert (found.id, found.bake, found.version, found.is_usable) == (image, BAKE, bakery.version(), True)
    assert (stock.builders, stock.used) == (frozenset(), frozenset())
    assert time.time() - found.baked_at < 600
    assert len(stand.snapshots()) == 1
    stand.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    assert (await bakery.stock()).used == {image}
    await bakery.forget(image)
    await bakery.forget(image)
    assert (await bakery.stock()).images == ()
    assert stand.snapshots() == []


async def test_a_bake_is_taken_up_at_whichever_step_its_worker_died(stand: Stand) -> None:
    """Each call of AWS's that changes something is the last of a worker once; the next comes to one builder and one image."""
    for number, last in enumerate(("run_instances", "create_tags", "stop_instances", "create_image")):
        bakery, id_ = stand.bakery(), f"01bake{number}"
        real = client("ec2", region=REGION, endpoint_url=stand.aws.url)
        bakery._make = lambda real=real, last=last: Dying(real, last)  # type: ignore[misc]
        with pytest.raises(EngineUnavailable):
            await bakery.bake(id_, time.time() + 3600, heard)
        image = await stand.bakery().bake(id_, time.time() + 3600, heard)
        await stand.bakery().clear(id_)
        assert [each.id for each in (await stand.bakery().stock()).images if each.bake == id_] == [image]
        assert stand.aws.instances() == []


class Dying:
    """A client whose worker dies right after one call of its has been carried out."""

    def __init__(self, real: Any, last: str) -> None:
        self._real, self._last, self._is_dead = real, last, False

    def __getattr__(self, name: str) -> Any:
        def call(*words: Any, **given: Any) -> Any:
            if self._is_dead:
                raise OSError("it is dead")
            answer = getattr(self._real, name)(*words, **given)
            if name == self._last:
                self._is_dead = True
                raise OSError("it died")
            return answer

        return call


async def test_a_role_that_fails_is_named_and_makes_no_image(stand: Stand) -> None:
    stand.machine.one.fails("docker: run it", "it is out of order")
    with pytest.raises(EngineFailed, match="docker: run it: it is out of order"):
        await stand.bakery().bake(BAKE, time.time() + 3600, heard)
    assert (await stand.bakery().stock()).images == ()
    assert (await stand.bakery().stock()).builders == {BAKE}
    await stand.bakery().clear(BAKE)
    assert stand.aws.instances() == []


async def test_what_is_not_ours_is_neither_seen_nor_taken(stand: Stand) -> None:
    [other] = stand.ec2.run_instances(ImageId=BASE, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    stand.ec2.create_image(InstanceId=other["InstanceId"], Name="somebody's")
    theirs = await stand.bakery("another").bake(OTHER, time.time() + 3600, heard)
    bakery = stand.bakery()
    assert await bakery.stock() == type(await bakery.stock())()
    await bakery.clear(OTHER)
    await bakery.forget(theirs)
    assert [each.id for each in (await stand.bakery("another").stock()).images] == [theirs]
    assert len(stand.aws.instances()) == 2


async def test_labels_that_somebody_wrote_make_nothing_an_image_of_ours(stand: Stand) -> None:
    image = await stand.bakery().bake(BAKE, time.time() + 3600, heard)
    stand.ec2.create_tags(Resources=[image], Tags=[{"Key": "trellis:bake", "Value": "../x"}, {"Key": "trellis:baked-at", "Value": "soon"}])
    [found] = (await stand.bakery().stock()).images
    assert (found.bake, found.version, found.baked_at) == ("", "", 0.0)


async def test_disks_of_an_image_that_is_gone_are_found_by_their_labels(stand: Stand) -> None:
    image = await stand.bakery().bake(BAKE, time.time() + 3600, heard)
    stand.ec2.deregister_image(ImageId=image)
    assert len(stand.snapshots()) == 1
    await stand.bakery().stock()
    assert stand.snapshots() == []
