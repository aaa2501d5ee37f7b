"""`--seed` of a snapshot: a second disk of the machine, made of it once for each asking, kept by pushes, and gone with its environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings, SettingsError, check
from tests.terraform.aws import Aws
from tests.terraform.machine import ordered
from tests.terraform.test_branch_env import counted
from tests.terraform.test_on_aws import on_aws
from tests.world import LOCAL

DEVICE = "/dev/sdf"


def a_snapshot(aws: Aws, gigabytes: int = 20) -> str:
    """Of a disk that is gone by now, as those are that operators offer."""
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=gigabytes)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.delete_volume(VolumeId=volume)
    return str(snapshot)


def lab(**seeds: dict[str, Any]) -> dict[str, Any]:
    return {"lab": {"forge": "local", "clone_url": LOCAL, "seeds": seeds}}


def march(aws: Aws) -> dict[str, Any]:
    return {"snapshot": a_snapshot(aws), "gigabytes": 30, "description": "all of March"}


def disks(aws: Aws) -> list[dict[str, Any]]:
    """The disks of data that are there."""
    return [each for each in aws.client("ec2").describe_volumes()["Volumes"] if each.get("SnapshotId")]


@pytest.mark.parametrize("which", ["stand-in", "hashicorp"])
async def test_a_snapshot_is_a_disk_of_the_machine_once_for_each_asking_and_goes_with_it(
    aws: Aws, tmp_path: Path, which: str, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    offered = march(aws)
    async with on_aws(aws, tmp_path, record_property, which, projects=lab(march=offered)) as (world, ssm):
        before = counted(aws)
        (said,) = await world.types("/ivy create demo --seed march")
        environment = await world.environment()
        assert f"{environment.slug} is ready and has the data march" in said
        (disk,), (instance,) = disks(aws), aws.instances()
        assert (disk["SnapshotId"], disk["Size"], disk["VolumeType"], disk["Encrypted"]) == (offered["snapshot"], 30, "gp3", True)
        assert {each["Key"]: each["Value"] for each in disk["Tags"]}["trellis:environment"] == environment.id
        (attached,) = disk["Attachments"]
        assert (attached["InstanceId"], attached["Device"]) == (instance["InstanceId"], DEVICE)
        (mapping,) = [each for each in instance["BlockDeviceMappings"] if each["DeviceName"] == DEVICE]
        assert mapping["Ebs"]["DeleteOnTermination"], "whoever ends the machine ends its data"
        assert ordered(ssm.sent[-2])["step"] == "data"
        assert ssm.sent[-1] == "systemctl restart trellis-tilt", "services begin anew with it"

        world.lab["demo"] = "c" * 40
        await world.types(f"/ivy update {environment.slug}")
        assert [each["VolumeId"] for each in disks(aws)] == [disk["VolumeId"]], "a push leaves it alone"
        assert [ordered(each)["step"] for each in ssm.sent[-6:]] == ["docker", "kind", "traefik", "code", "data", "tilt"], (
            "set-up sees that it is there, before tilt"
        )

        (said,) = await world.types(f"/ivy update {environment.slug} --seed march")
        assert "has the data march" in said
        (anew,) = disks(aws)
        assert anew["VolumeId"] != disk["VolumeId"]
        assert any("systemctl stop trellis-tilt trellis-data" in each for each in ssm.sent), "it was let go of before"
        assert [each["InstanceId"] for each in aws.instances()] == [instance["InstanceId"]]

        await world.types(f"/ivy terminate {environment.slug}")
        assert counted(aws) == before


async def test_a_snapshot_that_cannot_be_had_is_told_and_the_next_push_wants_it_no_more(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    gone = {"snapshot": "snap-0123456789abcdef0", "gigabytes": 5}
    async with on_aws(aws, tmp_path, record_property, projects=lab(gone=gone, march=march(aws))) as (world, _):
        (said,) = await world.types("/ivy create demo --seed gone")
        slug = (await world.environment()).slug
        assert f"{slug} runs, but the data gone is not in it: loading gone: " in " ".join(said.split())
        assert "reason: seed_failed" in said
        world.lab["demo"] = "c" * 40
        await world.types(f"/ivy update {slug}")
        assert (await world.environment()).running_sha == "c" * 40
        assert disks(aws) == []
        (said,) = await world.types(f"/ivy update {slug} --seed march")
        assert "has the data march" in said
        assert len(disks(aws)) == 1


def test_snapshots_are_for_projects_with_machines_and_say_how_large_they_are() -> None:
    seed = {"snapshot": "snap-0123456789abcdef0", "gigabytes": 5}
    with pytest.raises(SettingsError, match="TRELLIS_PROJECTS__LAB__SEEDS__MARCH__SNAPSHOT: a snapshot is for machines on AWS"):
        check(Settings(projects=lab(march=seed)))
    for wrong in (
        {},
        {**seed, "archive": "/srv/march.tar"},
        {"snapshot": seed["snapshot"]},
        {"archive": "/srv/x", "gigabytes": 5},
        {**seed, "snapshot": "x"},
    ):
        with pytest.raises(ValueError, match="snapshot"):
            Settings(projects=lab(march=wrong))
