"""modules/branch-env for real: an instance in moto, left alone, changed, taken down, and then nothing left but what lasts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine import EngineFailed, EngineUnavailable
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import ACCOUNT, REGION, Aws, Mirror, hashicorps, stand_in
from tests.terraform.faults import EC2_IS_THROTTLED, GROUP_IS_NOT_KNOWN_YET, NO_SUCH_IMAGE, faulty
from tests.terraform.stand import Stand, spec

ENVIRONMENT = "01jd0000000000000000000001"


def lasting(aws: Aws) -> dict[str, Any]:
    """What modules/platform would have made, and an account has anyway."""
    ec2, iam = aws.client("ec2"), aws.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    proxy = ec2.create_security_group(GroupName="proxy", Description="proxy", VpcId=vpc)["GroupId"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    network = {"vpc_id": vpc, "subnet_id": subnet, "proxy_security_group_id": proxy, "vpn_cidrs": ["10.99.0.0/16"]}
    return {"region": REGION, "account": ACCOUNT, "image_id": image, "boundary_arn": boundary, "data_bucket": "seeds", **network}


def counted(aws: Aws) -> dict[str, int]:
    """All there is of what the module makes."""
    ec2, iam = aws.client("ec2"), aws.client("iam")
    alive = {each["InstanceId"] for each in aws.instances()}
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    # AWS takes an instance's own interface away with it; moto leaves it, attached to nothing.
    dead = [each for each in interfaces if each["Description"].startswith("Primary") and each["Attachment"]["InstanceId"] not in alive]
    return {
        "instances": len(aws.instances()),
        "groups": len(ec2.describe_security_groups()["SecurityGroups"]),
        "rules": len(ec2.describe_security_group_rules()["SecurityGroupRules"]),
        "disks": len(ec2.describe_volumes()["Volumes"]),
        "interfaces": len(interfaces) - len(dead),
        "roles": len(iam.list_roles()["Roles"]),
        "profiles": len(iam.list_instance_profiles()["InstanceProfiles"]),
    }


def ready(stand: Stand, aws: Aws, mirror: Mirror, module: Path) -> None:
    shutil.copytree(MODULES / "branch-env", module)
    if "stand-in" in mirror.told:  # HashiCorp's hashes are not its own
        (module / ".terraform.lock.hcl").unlink(missing_ok=True)
    stand.set(module=module, plugins=mirror.folder, variables=lasting(aws))


def mirrors(tmp_path: Path, which: str) -> Mirror:
    found = hashicorps() if which == "hashicorp" else stand_in(tmp_path / "mirror")
    if found is None:
        pytest.skip(
            "there is no mirror with HashiCorp's AWS provider" if which == "hashicorp" else "the stand-in's packages are not installed"
        )
    return found


@pytest.mark.parametrize("which", ["stand-in", "hashicorp"])
async def test_an_instance_is_made_left_alone_changed_and_taken_down(
    stand: Stand, aws: Aws, tmp_path: Path, which: str, record_property: Callable[[str, object], None]
) -> None:
    mirror = mirrors(tmp_path, which)
    record_property("told", f"modules/branch-env ran with {mirror.told}")
    ready(stand, aws, mirror, tmp_path / "module")
    before = counted(aws)
    await stand.apply(spec(ENVIRONMENT, slug="demo-1"))

    (instance,) = aws.instances()
    assert instance["InstanceType"] == "t3.large"
    assert {each["Key"]: each["Value"] for each in instance["Tags"]}["trellis:environment"] == ENVIRONMENT
    assert instance.get("KeyName") is None
    options = instance["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
    (disk,) = [each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]]
    volume = aws.client("ec2").describe_volumes(VolumeIds=[disk])["Volumes"][0]
    assert (volume["VolumeType"], volume["Encrypted"]) == ("gp3", True)
    groups = [each["GroupId"] for each in instance["NetworkInterfaces"][0]["Groups"]]
    (group,) = aws.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
    assert [(each["FromPort"], each["ToPort"]) for each in group["IpPermissions"]] == [(80, 80)] * len(group["IpPermissions"])
    ranges = [one["CidrIp"] for each in group["IpPermissions"] for one in each["IpRanges"]]
    friends = [one["GroupId"] for each in group["IpPermissions"] for one in each["UserIdGroupPairs"]]
    assert (ranges, friends) == (["10.99.0.0/16"], [stand.settings.variables["proxy_security_group_id"]])
    role = aws.client("iam").get_role(RoleName=f"env-{ENVIRONMENT}")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == stand.settings.variables["boundary_arn"]

    _, again = await stand.apply(spec(ENVIRONMENT, slug="demo-1", generation=2), 2)
    assert again.counted == [], "a push changes nothing of the machine"
    aws.client("ec2").stop_instances(InstanceIds=[instance["InstanceId"]])
    _, stopped = await stand.apply(spec(ENVIRONMENT, slug="demo-1", generation=2), 3)
    assert (stopped.counted, aws.instances()[0]["State"]["Name"]) == ([], "stopped"), (
        "nor does a pause, which Terraform has nothing against"
    )
    await stand.apply(spec(ENVIRONMENT, slug="demo-1", generation=3, size="medium"), 3)
    assert [(each["InstanceId"], each["InstanceType"]) for each in aws.instances()] == [(instance["InstanceId"], "t3.xlarge")]

    await stand.engine.destroy(ENVIRONMENT, 4)
    assert counted(aws) == before
    await stand.engine.destroy(ENVIRONMENT, 5)


async def test_what_somebody_took_down_by_hand_is_made_again_or_taken_down_as_if_it_were_there(
    stand: Stand, aws: Aws, tmp_path: Path
) -> None:
    ready(stand, aws, mirrors(tmp_path, "stand-in"), tmp_path / "module")
    before = counted(aws)
    await stand.apply(spec(ENVIRONMENT, slug="demo-1"))
    aws.client("ec2").terminate_instances(InstanceIds=[each["InstanceId"] for each in aws.instances()])
    await stand.apply(spec(ENVIRONMENT, slug="demo-1"), 2)
    assert len(aws.instances()) == 1
    aws.client("ec2").terminate_instances(InstanceIds=[each["InstanceId"] for each in aws.instances()])
    await stand.engine.destroy(ENVIRONMENT, 3)
    assert counted(aws) == before


async def test_what_is_throttled_half_way_is_tried_again_and_makes_one_machine(
    stand: Stand, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security group and role are there by then, and in the state; nobody is told that the branch is at fault."""
    ready(stand, aws, mirrors(tmp_path, "stand-in"), tmp_path / "module")
    before, is_busy = counted(aws), True
    async with faulty(aws, lambda _, body: is_busy and b"Action=RunInstances" in body, EC2_IS_THROTTLED) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(EngineUnavailable, match="RequestLimitExceeded"):
            await stand.apply(spec(ENVIRONMENT, slug="demo-1"))
        assert counted(aws)["groups"] == before["groups"] + 1
        is_busy = False
        await stand.apply(spec(ENVIRONMENT, slug="demo-1"), 2)
        after = counted(aws)
        assert [after[each] - before[each] for each in ("instances", "groups", "roles", "profiles")] == [1, 1, 1, 1]
        await stand.engine.destroy(ENVIRONMENT, 3)
    assert counted(aws) == before


async def test_what_was_made_a_moment_ago_and_is_not_known_yet_is_nobodys_fault_but_an_image_that_is_not_there_is(
    stand: Stand, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(stand, aws, mirrors(tmp_path, "stand-in"), tmp_path / "module")
    before, is_young = counted(aws), True
    async with faulty(aws, lambda _, body: is_young and b"Action=AuthorizeSecurityGroupEgress" in body, GROUP_IS_NOT_KNOWN_YET) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(EngineUnavailable, match=r"InvalidGroup\.NotFound"):
            await stand.apply(spec(ENVIRONMENT, slug="demo-1"))
        is_young = False
        await stand.apply(spec(ENVIRONMENT, slug="demo-1"), 2)
        await stand.engine.destroy(ENVIRONMENT, 3)
    assert counted(aws) == before
    async with faulty(aws, lambda _, body: b"Action=RunInstances" in body, NO_SUCH_IMAGE) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(EngineFailed, match=r"InvalidAMIID\.NotFound"):
            await stand.apply(spec(ENVIRONMENT, slug="demo-1"), 4)
