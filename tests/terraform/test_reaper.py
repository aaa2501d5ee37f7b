"""The reaper of last resort against moto, with the test's own clock: what is past its hard deadline goes, and no tag stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.terraform.aws import Aws
from tests.terraform.reaping import NOW, answers, machine, reap


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
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00Z",  # before it was made: nothing that Trellis ever wrote
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
    ids = [made(trellis__environment=str(number), trellis__hard_deadline=in_(1)) for number in range(3)]
    aws.client("ec2").modify_instance_attribute(InstanceId=ids[1], DisableApiTermination={"Value": True})
    with pytest.raises(RuntimeError, match=f"1 of 3 could not be taken down.*{ids[1]}"):
        reap(NOW + timedelta(hours=2))
    assert alive(aws) == {ids[1]}
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], sorted(last["taken_down"])) == ("reaper.done", sorted([ids[0], ids[2]]))


def test_what_is_stopped_goes_too(aws: Aws, made: Callable[..., str]) -> None:
    one = made(trellis__environment="a", trellis__hard_deadline=in_(1))
    aws.client("ec2").stop_instances(InstanceIds=[one])
    assert reap(NOW + timedelta(hours=2))["taken_down"] == [one]
    assert alive(aws) == set()


def test_it_sees_every_page(aws: Aws, made: Callable[..., str]) -> None:
    ids = {made(trellis__environment="a", trellis__hard_deadline=in_(1))}
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    labels = [{"Key": "trellis:environment", "Value": "x"}, {"Key": "trellis:hard-deadline", "Value": in_(1)}]
    tagged = [{"ResourceType": "instance", "Tags": labels}]
    many = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=505, MaxCount=505, TagSpecifications=tagged)["Instances"]
    ids |= {each["InstanceId"] for each in many}
    assert set(reap(NOW + timedelta(hours=2), is_dry=True)["past"]) == ids


def test_stopped_and_started_again_it_is_not_young_again() -> None:
    made = NOW - timedelta(days=16)
    assert answers(NOW, [machine("i-1", made, deadline="never", started=NOW - timedelta(hours=1))])["taken_down"] == ["i-1"]
    bare = {"InstanceId": "i-2", "LaunchTime": NOW}
    assert answers(NOW, [bare])["taken_down"] == []


def test_a_listing_that_breaks_off_rings_and_what_was_seen_by_then_is_gone() -> None:
    done = answers(NOW, [machine("i-1", NOW - timedelta(days=16))], RuntimeError("RequestLimitExceeded"))
    assert done["asked"] == [["i-1"]]
    assert "RequestLimitExceeded" in done["raised"]


def test_an_instance_that_cannot_be_judged_rings_and_keeps_no_other() -> None:
    done = answers(NOW, [{"InstanceId": "i-odd", "Tags": [{"Key": "trellis:environment"}]}, machine("i-1", NOW - timedelta(days=16))])
    assert done["asked"] == [["i-1"]]
    assert "judging it" in done["raised"]


def test_many_go_together_and_where_one_may_not_the_others_go_by_themselves() -> None:
    old = [machine(f"i-{number}", NOW - timedelta(days=16)) for number in range(120)]
    assert [len(each) for each in answers(NOW, old)["asked"]] == [50, 50, 20]
    done = answers(
        NOW, old[:3], refused=lambda ids: "OperationNotPermitted" if "i-1" in ids else "InvalidInstanceID.NotFound" if "i-2" in ids else ""
    )
    assert done["asked"] == [["i-0", "i-1", "i-2"], ["i-0"], ["i-1"], ["i-2"]]
    assert "1 of 3 could not be taken down" in done["raised"]


def test_the_hour_that_is_there_twice_is_two_hours() -> None:
    """As clocks go back in Berlin: 02:30 is there twice, and only its offset says which."""
    made = datetime(2026, 10, 24, 12, tzinfo=UTC)
    first, second = (
        machine(name, made, deadline=f"2026-10-25T02:30:00{offset}") for name, offset in (("i-first", "+02:00"), ("i-second", "+01:00"))
    )
    for at, gone in (("00:29", []), ("00:30", ["i-first"]), ("01:29", ["i-first"]), ("01:30", ["i-first", "i-second"])):
        moment = datetime.fromisoformat(f"2026-10-25T{at}:00+00:00")
        assert answers(moment, [first, second])["taken_down"] == gone, at


@pytest.mark.parametrize("hours", ["nan", "inf", "-5", "0", "soon", "0.01"])
def test_a_longest_life_that_is_none_takes_down_nothing_and_rings(monkeypatch: pytest.MonkeyPatch, hours: str) -> None:
    monkeypatch.setenv("LONGEST_LIFE_HOURS", hours)
    with pytest.raises(ValueError, match=r"LONGEST_LIFE_HOURS|could not convert"):
        answers(NOW, [machine("i-1", NOW - timedelta(days=400))])
