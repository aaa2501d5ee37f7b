"""Everything is killed just after AWS made something and before the state knew of it: nothing of that is in the way later, and nothing of it stays."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from provisioner.ec2 import MARK, client
from provisioner.engine import EngineFailed, EngineUnavailable, StaleFence
from provisioner.terraform.records import Records
from provisioner.terraform.remains import EGRESS, INGRESS, POLICY, PROFILE, ROLE, AwsRemains, Known, Left, known
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import REGION, Aws
from tests.terraform.faults import S3_IS_ILL, faulty
from tests.terraform.stand import Stand, spec
from tests.terraform.test_branch_env import ENVIRONMENT, counted, lasting, mirrors
from tests.terraform.test_kills import kill_everything
from tests.terraform.test_trading_env import rendered

KILLED_AFTER = (
    "CreateSecurityGroup",
    "CreateRole",
    "CreateInstanceProfile",
    "AddRoleToInstanceProfile",
    "PutRolePolicy",
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RunInstances",
    "CreateVolume",
)
FEW = ("CreateSecurityGroup", "CreateRole", "AddRoleToInstanceProfile", "RunInstances")
ENV = f"env-{ENVIRONMENT}"
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
APART = frozenset({INGRESS, EGRESS, POLICY})
TAGS = [{"Key": MARK, "Value": ENVIRONMENT}]


class Day:
    """A day on which everything of ours dies just after AWS has done something `deadly`, of each once."""

    def __init__(self, stand: Stand) -> None:
        self._stand, self.deadly = stand, set[str]()

    def done(self, body: bytes) -> None:
        found = re.match(rb"(?:.*&)?Action=(\w+)", body)
        if found and (action := found[1].decode()) in self.deadly:
            self.deadly.remove(action)
            kill_everything(self._stand)


@asynccontextmanager
async def dying(
    stand: Stand,
    aws: Aws,
    tmp_path: Path,
    which: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str = "branch-env",
    *,
    with_data: bool = False,
) -> AsyncIterator[Day]:
    mirror, day = mirrors(tmp_path, which), Day(stand)
    shutil.copytree(MODULES / name, tmp_path / "module")
    if which == "stand-in":  # HashiCorp's hashes are not its own
        (tmp_path / "module" / ".terraform.lock.hcl").unlink(missing_ok=True)
    more: dict[str, Any] = {}
    if with_data:
        volume = aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        more["data_snapshot_id"] = aws.client("ec2").create_snapshot(VolumeId=volume)["SnapshotId"]
    if name == "trading-env":
        more |= {**rendered(), "endpoint_cidrs": ["10.20.9.0/24"]}
    async with faulty(aws, lambda *_: False, S3_IS_ILL, day.done) as url:
        stand.set(module=tmp_path / "module", plugins=mirror.folder, variables={**lasting(aws), **more})
        stand.remains = remains(url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield day


def remains(url: str) -> AwsRemains:
    return AwsRemains(partial(client, region=REGION, endpoint_url=url), (0.01,))


@pytest.mark.parametrize(
    ("which", "name", "deadly"),
    [("stand-in", "branch-env", KILLED_AFTER), ("stand-in", "trading-env", FEW), ("hashicorp", "branch-env", FEW)],
)
async def test_however_often_it_is_killed_the_next_try_works_makes_one_of_each_and_leaves_nothing(
    stand: Stand, aws: Aws, tmp_path: Path, which: str, name: str, deadly: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dying(stand, aws, tmp_path, which, monkeypatch, name, with_data="CreateVolume" in deadly) as day:
        before, fence, deaths = counted(aws), 0, 0
        day.deadly = set(deadly)
        while day.deadly:  # of two things that were asked for at once the second comes to its end when everybody is dead
            fence += 1
            assert fence <= len(deadly) + 1, f"never asked for: {day.deadly}"
            try:
                await stand.apply(spec(ENVIRONMENT, slug="demo-1"), fence)
            except EngineUnavailable as died:
                assert "killed" in str(died)  # noqa: PT017 - not every run of these dies
                deaths += 1
        assert deaths >= len(deadly) // 2
        await stand.apply(spec(ENVIRONMENT, slug="demo-1"), fence + 1)
        made = counted(aws)
        assert [made[each] - before[each] for each in ("instances", "groups", "roles", "profiles")] == [1, 1, 1, 1]
        assert made["disks"] - before["disks"] == 1 + ("CreateVolume" in deadly)
        await stand.engine.destroy(ENVIRONMENT, fence + 2)
        assert counted(aws) == before


@pytest.mark.parametrize("after", [*FEW, "PutRolePolicy"])
async def test_what_was_killed_half_made_is_taken_down_whole(
    stand: Stand, aws: Aws, tmp_path: Path, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dying(stand, aws, tmp_path, "stand-in", monkeypatch) as day:
        before = counted(aws)
        day.deadly = {after}
        with pytest.raises(EngineUnavailable, match="killed"):
            await stand.apply(spec(ENVIRONMENT, slug="demo-1"))
        assert counted(aws) != before
        await stand.engine.destroy(ENVIRONMENT, 2)
        assert counted(aws) == before


async def test_whose_state_is_lost_keeps_its_machine_until_it_is_terminated(
    stand: Stand, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dying(stand, aws, tmp_path, "stand-in", monkeypatch):
        before = counted(aws)
        await stand.apply(spec(ENVIRONMENT, slug="demo-1"))
        (machine,) = aws.instances()
        records = Records(stand.settings.environments)
        record = records.find(ENVIRONMENT)
        assert record is not None
        records.save(replace(record, machine=(machine["InstanceId"], machine["PrivateIpAddress"])))
        shutil.rmtree(stand.settings.states / ENVIRONMENT)
        with pytest.raises(EngineFailed, match="put the state back, or terminate the environment"):
            await stand.apply(spec(ENVIRONMENT, slug="demo-1", generation=2), 2)
        assert [each["InstanceId"] for each in aws.instances()] == [machine["InstanceId"]]
        await stand.engine.destroy(ENVIRONMENT, 3)
        assert counted(aws) == before


@pytest.fixture
def made(aws: Aws) -> Callable[..., dict[str, str]]:
    """Make one of each as a killed run would have left it, by this name and with these labels; their ids."""

    def run(name: str = ENV, tags: list[dict[str, str]] = TAGS, path: str = "/trellis/environments/") -> dict[str, str]:
        ec2, iam = aws.client("ec2"), aws.client("iam")

        def told(kind: str) -> dict[str, Any]:
            return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}

        group = ec2.create_security_group(GroupName=name, Description="x", **told("security-group"))["GroupId"]
        disk = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, **told("volume"))["VolumeId"]
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument="{}", Tags=tags)
        iam.put_role_policy(RoleName=name, PolicyName="environment", PolicyDocument=ANYTHING)
        iam.create_instance_profile(InstanceProfileName=name, Path=path, Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        given = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, "Placement": {"AvailabilityZone": f"{REGION}a"}}
        given |= {"SecurityGroupIds": [group], "IamInstanceProfile": {"Name": name}}
        machine = ec2.run_instances(**given, **told("instance"))["Instances"][0]["InstanceId"]
        ec2.attach_volume(VolumeId=disk, InstanceId=machine, Device="/dev/sdf")
        return {"aws_security_group": group, "aws_ebs_volume": disk, "aws_instance": machine}

    return run


def left(known: Known, claim: Callable[[], None] = lambda: None, **more: Any) -> Left:
    return Left(ENVIRONMENT, known, claim, **more)


async def test_only_what_bears_the_id_of_its_environment_and_is_not_known_goes(aws: Aws, made: Callable[..., dict[str, str]]) -> None:
    before = counted(aws)
    made()
    await remains(aws.url).clear(left({}))
    assert counted(aws) == before
    await remains(aws.url).clear(left({}))  # what is gone already is gone

    ids = made()
    everything = {**{type_: frozenset({id_}) for type_, id_ in ids.items()}, ROLE: frozenset({ENV}), PROFILE: frozenset({ENV})}
    there = counted(aws)
    await remains(aws.url).clear(left(everything))
    assert counted(aws) == there, "the state knows it"
    rules = aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    (egress,) = [each for each in rules if each["GroupId"] == ids["aws_security_group"]]
    await remains(aws.url).clear(left(everything, apart=APART))
    assert egress not in aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"], "a rule is one thing more"
    assert {**counted(aws), "rules": there["rules"]} == there
    assert aws.client("iam").list_role_policies(RoleName=ENV)["PolicyNames"] == [], "and so is a policy"
    made_whole = {**everything, POLICY: frozenset({f"{ENV}:environment"})}
    aws.client("iam").put_role_policy(RoleName=ENV, PolicyName="environment", PolicyDocument=ANYTHING)
    await remains(aws.url).clear(left(made_whole, apart=APART))
    assert aws.client("iam").list_role_policies(RoleName=ENV)["PolicyNames"] == ["environment"]


@pytest.mark.parametrize(
    ("name", "tags", "path"),
    [
        (ENV, [], "/trellis/environments/"),
        (ENV, [{"Key": MARK, "Value": "01jd0000000000000000000002"}], "/trellis/environments/"),
        (ENV, [{"Key": "trellis:slug", "Value": ENVIRONMENT}], "/trellis/environments/"),
        (f"{ENV}2", [{"Key": MARK, "Value": f"{ENVIRONMENT}2"}], "/trellis/environments/"),
    ],
)
async def test_what_is_somebody_elses_stays_whatever_it_is_called(
    aws: Aws, made: Callable[..., dict[str, str]], name: str, tags: list[dict[str, str]], path: str
) -> None:
    made(name, tags, path)
    there = counted(aws)
    await remains(aws.url).clear(left({}, apart=APART))
    assert counted(aws) == there


async def test_roles_by_our_name_and_mark_that_lie_elsewhere_stay_and_so_do_a_machine_of_theirs_and_its_disk(
    aws: Aws, made: Callable[..., dict[str, str]]
) -> None:
    made(path="/")
    there = counted(aws)
    await remains(aws.url).clear(left({}))
    after = counted(aws)
    assert [there[each] - after[each] for each in ("instances", "disks", "roles", "profiles")] == [0, 0, 0, 0]


async def test_whoever_lost_the_lease_takes_nothing_away(aws: Aws, made: Callable[..., dict[str, str]]) -> None:
    made()
    there = counted(aws)

    def claim() -> None:
        raise StaleFence("somebody else is at it")

    with pytest.raises(StaleFence):
        await remains(aws.url).clear(left({}, claim))
    assert counted(aws) == there


async def test_a_machine_that_ran_stays_when_its_state_is_lost_until_somebody_terminates_it(
    aws: Aws, made: Callable[..., dict[str, str]]
) -> None:
    machine = made()["aws_instance"]
    there = counted(aws)
    with pytest.raises(EngineFailed, match=f"its machine {machine} is there, and Terraform's state does not know it"):
        await remains(aws.url).clear(left({}, ran=machine))
    assert counted(aws) == there


def test_of_a_state_that_says_nothing_nothing_is_known_and_one_that_cannot_be_read_ends_it() -> None:
    assert known(b"") == {}
    deposed = {"deposed": "00", "attributes": {"id": "i-2"}}
    one = {"mode": "managed", "type": "aws_instance", "instances": [{"attributes": {"id": "i-1"}}, deposed, {"attributes": None}]}
    looked_up = {**one, "mode": "data", "type": "aws_vpc"}
    assert known(json.dumps({"resources": [one, looked_up]}).encode()) == {"aws_instance": {"i-1", "i-2"}}
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        known(b'{"resources": [')
