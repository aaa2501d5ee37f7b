"""States in a bucket: locks that dead runs leave, locks of others, and states that could not be saved."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.engine import EngineUnavailable
from provisioner.terraform.runs import Run, Runs, who_am_i
from provisioner.terraform.settings import S3State
from tests.provisioner.house import eventually
from tests.terraform.aws import REGION, Aws
from tests.terraform.faults import S3_IS_ILL, faulty
from tests.terraform.stand import Stand, spec

BUCKET, STATE = "states", "trellis/env-1/terraform.tfstate"
LEFT = int(os.environ.get("TRELLIS_TEST_TERRAFORM_LOCKS", "100"))
SOON_S = 0.001  # a run has begun before it takes its lock; what is written of both is rounded


def in_bucket(stand: Stand, aws: Aws, **more: Any) -> None:
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    fixed = {
        "use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
    }
    stand.set(state=S3State(BUCKET, REGION, more={**fixed, "max_retries": 1, **more}))


def objects(aws: Aws) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def known(aws: Aws) -> list[str]:
    state = json.loads(aws.client("s3").get_object(Bucket=BUCKET, Key=STATE)["Body"].read())
    return sorted(each["name"] for each in state["resources"] for _ in each["instances"])


def lock(aws: Aws, *, who: str, operation: str = "OperationTypeApply", at: float) -> str:
    """As Terraform writes it when it begins, and leaves it when it is killed."""
    name = str(uuid.uuid4())
    moment = datetime.fromtimestamp(at + SOON_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    words = {
        "ID": name,
        "Operation": operation,
        "Info": "",
        "Who": who,
        "Version": "1.15.5",
        "Created": moment,
        "Path": f"{BUCKET}/{STATE}",
    }
    aws.client("s3").put_object(Bucket=BUCKET, Key=f"{STATE}.tflock", Body=json.dumps(words).encode())
    return name


def a_run_died(stand: Stand, *, at: float, verb: str = "apply", who: str = "") -> None:
    """What the launcher wrote before it was killed."""
    folder = stand.settings.environments / "env-1"
    folder.mkdir(parents=True, exist_ok=True)
    Runs(folder).note(Run(1, verb, 4_000_000, 1, who or who_am_i(), at))


async def test_an_environment_lives_with_its_state_in_a_bucket_and_leaves_none(stand: Stand, aws: Aws) -> None:
    in_bucket(stand, aws)
    await stand.apply(spec())
    assert objects(aws) == [STATE]
    assert known(aws) == ["disk", "machine", "network"]
    elsewhere = Stand(stand.settings.data.parent / "another-machine", program=stand.settings.program, state=stand.settings.state)
    elsewhere.now = stand.now + 7200
    _, again = await elsewhere.apply(spec(), 2)
    assert again.counted == [], "another machine finds when it was made in the state"
    await elsewhere.engine.destroy("env-1", 3)
    assert objects(aws) == []
    await stand.engine.destroy("env-1", 4)
    assert objects(aws) == []


async def test_a_run_that_is_killed_at_work_leaves_a_lock_which_the_next_one_releases(stand: Stand, aws: Aws) -> None:
    from tests.terraform.test_kills import kill_everything

    stand.slow(3, 600.0)
    in_bucket(stand, aws)
    applying = asyncio.create_task(stand.apply(spec()))
    await eventually(lambda: stand.written("begun"), 120)
    kill_everything(stand)
    with pytest.raises(EngineUnavailable):
        await applying
    assert f"{STATE}.tflock" in objects(aws)
    await stand.engine.destroy("env-1", 2)
    assert objects(aws) == []


async def test_a_lock_left_behind_a_hundred_times_never_stands_in_the_way(
    stand: Stand, aws: Aws, record_property: Callable[[str, object], None]
) -> None:
    """A lock of a dead run before each plan; destroys and applies in turns are not needed to see it go."""
    in_bucket(stand, aws)
    await stand.apply(spec())
    stack = await stand.engine._stack("env-1", 1)
    for number in range(LEFT):
        at = time.time()
        a_run_died(stand, at=at, verb="plan" if number % 2 else "apply")
        lock(aws, who=who_am_i(), at=at, operation="OperationTypePlan" if number % 2 else "OperationTypeApply")
        assert await stack._plan() is False
    assert objects(aws) == [STATE]
    record_property("told", f"{LEFT} locks of dead runs were released")


@pytest.mark.parametrize(
    ("who", "shift_s", "operation", "sentence"),
    [
        ("root@another-machine", 0.0, "OperationTypeApply", "locked by root@another-machine"),
        ("", -3600.0, "OperationTypeApply", "nothing here proves that it is dead"),  # older than any run of ours
        ("", 0.0, "OperationTypePlan", "nothing here proves that it is dead"),  # our run was no plan
    ],
)
async def test_a_lock_that_may_be_somebodys_is_never_released(
    stand: Stand, aws: Aws, who: str, shift_s: float, operation: str, sentence: str
) -> None:
    in_bucket(stand, aws)
    at = time.time()
    a_run_died(stand, at=at)
    left = lock(aws, who=who or who_am_i(), at=at + shift_s, operation=operation)
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match=sentence) as refused:
            await stand.apply(spec())
        assert left in str(refused.value)
        assert f"{STATE}.tflock" in objects(aws)
    aws.client("s3").delete_object(Bucket=BUCKET, Key=f"{STATE}.tflock")
    await stand.apply(spec())
    assert known(aws) == ["disk", "machine", "network"]


async def test_a_lock_of_a_run_that_lives_is_waited_for(stand: Stand, aws: Aws) -> None:
    """On this machine its file lock says so, whatever the bucket says."""
    stand.slow(3, 0.7)
    in_bucket(stand, aws)
    first = asyncio.create_task(stand.apply(spec()))
    await eventually(lambda: stand.written("begun"), 60)
    await stand.apply(spec())  # the same fence: nobody lost a lease, so nobody is interrupted
    await first
    assert len(stand.written("made")) == 3


async def test_a_state_that_could_not_be_saved_is_saved_before_anything_else(stand: Stand, aws: Aws) -> None:
    is_ill = False
    async with faulty(aws, lambda request, _: is_ill and request.method == "PUT" and request.path.endswith(".tfstate"), S3_IS_ILL) as url:
        stand.slow(2, 0.3)
        in_bucket(stand, aws, endpoints={"s3": url})
        await stand.apply(spec())
        before = aws.client("s3").get_object(Bucket=BUCKET, Key=STATE)["Body"].read()
        (stand.settings.module / "main.tf").write_text((stand.settings.module / "main.tf").read_text().replace("count = 2", "count = 4"))
        is_ill = True
        with pytest.raises(EngineUnavailable):
            await stand.apply(spec(generation=2), 2)
        assert aws.client("s3").get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == before
        assert list((stand.settings.environments / "env-1").glob("copy-*/errored.tfstate"))
        is_ill = False
        await stand.apply(spec(generation=2), 3)
        assert len(known(aws)) == 4
        assert len(stand.written("made")) == 4, "nothing was made twice"
        await stand.engine.destroy("env-1", 4)
    assert objects(aws) == []
    assert sorted(stand.written("made")) == sorted(stand.written("gone"))


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_bucket_that_answers_500_is_waited_for_and_nothing_is_made_twice(stand: Stand, aws: Aws, method: str) -> None:
    """PUT is the lock's: without it nothing begins."""
    is_ill = False
    file = ".tfstate" if method == "GET" else ".tflock"
    async with faulty(aws, lambda request, _: is_ill and request.method == method and request.path.endswith(file), S3_IS_ILL) as url:
        stand.slow(2, 0)
        in_bucket(stand, aws, endpoints={"s3": url})
        await stand.apply(spec())
        is_ill = True
        with pytest.raises(EngineUnavailable):
            await stand.apply(spec(generation=2), 2)
        is_ill = False
        await stand.apply(spec(generation=2), 3)
        assert (len(known(aws)), len(stand.written("made"))) == (2, 2)
        await stand.engine.destroy("env-1", 4)
    assert objects(aws) == []
    assert sorted(stand.written("made")) == sorted(stand.written("gone"))
