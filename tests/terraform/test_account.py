"""The look at the account against moto: every page, labels that anybody may have written, throttling, what is gone already; states in a bucket."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from provisioner.ec2 import MARK, Ec2Machines, client
from provisioner.engine import EngineUnavailable
from provisioner.terraform.states import BucketStates, LocalStates
from tests.terraform.aws import REGION, Aws
from tests.terraform.stand import Stand, spec
from tests.terraform.test_locks import BUCKET, in_bucket

IMAGE = "ami-0123456789abcdef0"


@pytest.fixture
def make(aws: Aws) -> Callable[..., list[str]]:
    """Make instances with these labels; their ids."""

    def run(count: int = 1, **labels: str) -> list[str]:
        tags = [{"Key": f"trellis:{key}", "Value": value} for key, value in labels.items()]
        tagged = {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]} if tags else {}
        made = aws.client("ec2").run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=count, MaxCount=count, **tagged)
        return [each["InstanceId"] for each in made["Instances"]]

    return run


@pytest.fixture
def machines(aws: Aws) -> Ec2Machines:
    return Ec2Machines(client("ec2", region=REGION, endpoint_url=aws.url))


async def test_every_page_is_seen_and_only_what_bears_our_mark_and_is_not_gone(
    aws: Aws, make: Callable[..., list[str]], machines: Ec2Machines
) -> None:
    many = make(505, environment="env-1", slug="demo", project="shop")
    make()
    make(Name="db")
    gone, stopped = make(2, environment="env-2")
    await machines.remove(gone)
    await machines.remove(gone)
    await machines.remove("i-0123456789abcdef0")
    aws.client("ec2").stop_instances(InstanceIds=[stopped])
    found = await machines.all()
    assert {each.id for each in found} == {*many, stopped}
    assert {(each.environment, each.slug, each.project) for each in found if each.id in many} == {("env-1", "demo", "shop")}


@pytest.mark.parametrize("text", ["", " ", "../up", "a/b", "-chdir=x", "${x}", "x" * 200, "ümlaut", "a;b", "a b"])
async def test_a_label_that_is_no_word_of_ours_is_none(make: Callable[..., list[str]], machines: Ec2Machines, text: str) -> None:
    make(environment=text, slug=text, project=text)
    (found,) = await machines.all()
    assert (found.environment, found.slug, found.project) == ("", "", "")


async def test_what_is_throttled_is_asked_again_and_at_last_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By AWS's own answers, in botocore: two refusals and then a page, then nothing but refusals."""
    from botocore.awsrequest import AWSResponse

    refusal = b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>"
    page = b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet/></DescribeInstancesResponse>'
    answers = [(503, refusal)] * 2 + [(200, page)]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    ec2 = client("ec2", region=REGION, endpoint_url="http://127.0.0.1:9", tries=3)

    class Raw:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def stream(self, *_: object, **__: object) -> list[bytes]:
            return [self.body]

    def answer(request: object, **_: object) -> AWSResponse:
        status, body = answers.pop(0) if answers else (503, refusal)
        return AWSResponse("http://127.0.0.1:9", status, {"content-type": "text/xml"}, Raw(body))

    ec2.meta.events.register("before-send.ec2.DescribeInstances", answer)
    assert await Ec2Machines(ec2).all() == ()
    assert answers == []
    with pytest.raises(EngineUnavailable, match=r"listing instances: .*RequestLimitExceeded"):
        await Ec2Machines(ec2).all()


async def test_states_are_found_where_terraform_keeps_them_with_the_machines_in_them(stand: Stand, aws: Aws) -> None:
    local = LocalStates(stand.settings.states)
    assert await local.all() == frozenset()
    await stand.apply(spec())
    assert await local.all() == {"env-1"}
    assert await local.machines("env-1") == frozenset(), "modules/local-env has none"
    path = stand.settings.states / "env-1" / "terraform.tfstate"
    state = json.loads(path.read_bytes())
    instance = {"type": "aws_instance", "name": "this", "instances": [{"attributes": {"id": "i-1"}}]}
    path.write_text(json.dumps({**state, "resources": [*state["resources"], instance]}))
    assert await local.machines("env-1") == {"i-1"}
    path.write_text('{"resources": [')
    assert await local.machines("env-1") == frozenset()
    assert await local.machines("env-9") == frozenset()

    bucket = Stand(stand.settings.data.parent / "other", program=stand.settings.program)
    in_bucket(bucket, aws)
    await bucket.apply(spec("env-2"))
    s3 = aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="trellis/env-3/terraform.tfstate.tflock", Body=b"{}")
    states = BucketStates(s3, BUCKET, "trellis")
    assert await states.all() == {"env-2"}
    s3.put_object(Bucket=BUCKET, Key="trellis/env-4/terraform.tfstate", Body=json.dumps({"resources": [instance]}).encode())
    assert await states.machines("env-4") == {"i-1"}
    assert await states.machines("env-9") == frozenset()


async def test_the_engine_remembers_what_ran(stand: Stand) -> None:
    assert await stand.engine.remembered("env-1") is None
    await stand.apply(spec(generation=3))
    known = await stand.engine.remembered("env-1")
    assert known is not None
    assert (known.generation, known.ref, known.sha, known.project, known.fence) == (3, "refs/heads/main", "a" * 40, "demo", 1)


def test_the_mark_is_the_one_that_the_module_sets() -> None:
    from provisioner.terraform.settings import MODULES

    assert f'"{MARK}"' in (MODULES / "branch-env" / "main.tf").read_text()
