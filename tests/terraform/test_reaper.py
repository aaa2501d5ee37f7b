"""The reaper of last resort against moto, with the test's own clock: what is past its hard deadline goes, and no tag stops it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.terraform.settings import MODULES
from tests.terraform.aws import Aws

NOW = datetime.now(UTC)


def reap(at: datetime, *, is_dry: bool = False) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("reaper", MODULES / "platform" / "reaper" / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    done: dict[str, Any] = module.handler({"dry_run": is_dry}, None, lambda: at)
    return done


@pytest.fixture
def made(aws: Aws) -> Callable[..., str]:
    """Make an instance with these tags; its id."""
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def make(**tags: str) -> str:
        labels = [{"Key": key.replace("__", ":").replace("_", "-"), "Value": value} for key, value in tags.items()]
        more = {"TagSpecifications": [{"ResourceType": "instance", "Tags": labels}]} if labels else {}
        return str(ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)["Instances"][0]["InstanceId"])

    return make


def alive(aws: Aws) -> set[str]:
    return {each["InstanceId"] for each in aws.instances()}


def in_(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_is_past_its_deadline_goes_and_nothing_else_and_twice_is_once(aws: Aws, made: Callable[..., str]) -> None:
    past, soon = (
        made(trellis__environment="a", trellis__hard_deadline=in_(1)),
        made(trellis__environment="b", trellis__hard_deadline=in_(3)),
    )
    others = {made(), made(Name="db", trellis__hard_deadline=in_(-9)), made(environment="a", AutoDestroy="true")}
    assert reap(NOW)["taken_down"] == []
    dry = reap(NOW + timedelta(hours=2), is_dry=True)
    assert (dry["past"], dry["taken_down"]) == ([past], [])
    assert alive(aws) == {past, soon, *others}
    done = reap(NOW + timedelta(hours=2))
    assert (done["looked_at"], done["taken_down"], done["malformed"]) == (2, [past], [])
    assert reap(NOW + timedelta(hours=2))["taken_down"] == []
    assert alive(aws) == {soon, *others}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "48",
        "9999-99-99T00:00:00Z",
        "2026-11-30",
        "2026-11-30T10:00:00",
        "９-",
        "-1",
        "null",
        "2026-11-30T10:00:00Z; x",
        "T",
        "Z" * 250,
    ],
)
def test_a_malformed_deadline_stops_nothing_and_saves_nobody(aws: Aws, made: Callable[..., str], text: str) -> None:
    bad, past = made(trellis__environment="a", trellis__hard_deadline=text), made(trellis__environment="b", trellis__hard_deadline=in_(1))
    done = reap(NOW + timedelta(hours=2))
    assert (done["taken_down"], done["malformed"]) == ([past], [bad])
    assert alive(aws) == {bad}, "it may be young: it has as long as anything may have"
    assert reap(NOW + timedelta(hours=15 * 24 + 1))["taken_down"] == [bad]


def test_a_deadline_in_the_far_future_is_no_life_for_ever(aws: Aws, made: Callable[..., str]) -> None:
    kept = made(
        trellis__environment="a", trellis__hard_deadline="9998-01-01T00:00:00Z", AWSBOX_NOKILL="1", AutoDestroy="false", TTLHours="0"
    )
    missing = made(trellis__environment="b")
    assert reap(NOW + timedelta(days=14))["taken_down"] == []
    assert set(reap(NOW + timedelta(days=16))["taken_down"]) == {kept, missing}


def test_the_longest_life_is_a_setting(aws: Aws, made: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(trellis__environment="a")
    monkeypatch.setenv("LONGEST_LIFE_HOURS", "5")
    assert reap(NOW + timedelta(hours=4))["taken_down"] == []
    assert reap(NOW + timedelta(hours=6))["taken_down"] == [one]


def test_one_that_cannot_be_taken_down_is_told_and_keeps_no_other(
    aws: Aws, made: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [made(trellis__environment=str(number), trellis__hard_deadline=in_(-1)) for number in range(3)]
    aws.client("ec2").modify_instance_attribute(InstanceId=ids[1], DisableApiTermination={"Value": True})
    with pytest.raises(RuntimeError, match=f"1 of 3 could not be taken down.*{ids[1]}"):
        reap(NOW)
    assert alive(aws) == {ids[1]}
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], sorted(last["taken_down"])) == ("reaper.done", sorted([ids[0], ids[2]]))


def test_what_is_stopped_goes_too(aws: Aws, made: Callable[..., str]) -> None:
    one = made(trellis__environment="a", trellis__hard_deadline=in_(-1))
    aws.client("ec2").stop_instances(InstanceIds=[one])
    assert reap(NOW)["taken_down"] == [one]
    assert alive(aws) == set()


def test_it_sees_every_page(aws: Aws, made: Callable[..., str]) -> None:
    ids = {made(trellis__environment="a", trellis__hard_deadline=in_(-1))}
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    labels = [{"Key": "trellis:environment", "Value": "x"}, {"Key": "trellis:hard-deadline", "Value": in_(-1)}]
    tagged = [{"ResourceType": "instance", "Tags": labels}]
    many = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=505, MaxCount=505, TagSpecifications=tagged)["Instances"]
    ids |= {each["InstanceId"] for each in many}
    assert set(reap(NOW, is_dry=True)["past"]) == ids
