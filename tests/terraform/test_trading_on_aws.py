"""A trading environment on a host of its own: from a pull request to nothing left, made in moto by real Terraform."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.doctor_engines import ways_out
from bot.doctor_said import Finding
from bot.domain.continuity import Certificate, How, Instrument, Stretch
from bot.domain.environment import State
from bot.settings import Settings, SettingsError, check
from bot.settings.terraform import NEEDED
from provisioner.engine import EngineUnavailable, Service, Source, Spec, Trading
from provisioner.setup.code import S3Code
from provisioner.setup.hosts import STEPS, Hosts
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from provisioner.terraform.images import Newest
from provisioner.terraform.settings import MODULES, TerraformSettings
from provisioner.terraform.trading import NOWHERE
from tests.conversations.talk import Talk
from tests.conversations.test_trading import FILE
from tests.terraform.aws import REGION, Aws
from tests.terraform.machine import FakeSsm, ordered
from tests.terraform.test_branch_env import counted, lasting, mirrors
from tests.terraform.test_on_aws import DOMAIN, AnyMachine, Packed, objects
from tests.traefik.stand import TRAEFIK
from tests.world import World, a_world

NATS, TRELLIS = "nats.example.net", "trellis.example.net"
ADDRESSES = {
    NATS: "192.0.2.10",
    TRELLIS: "192.0.2.11",
    "testnet.binance.vision": "192.0.2.12",
    "stream.testnet.binance.vision": "192.0.2.13",
}
OPENED = f"{FILE}create: {{on: opened}}\nservices: {{orders: {{run: python3 -m orders, health: /health}}}}\n"
ALSO = {"host": "packages.example.net", "port": 443, "addresses": ["192.0.2.20"]}
OWN = {"host": "mirror.example.net", "port": 443, "addresses": ["192.0.2.21"]}
PLAIN = "version: 1\nservices: {web: {run: python3 app.py}}\n"


async def resolve(host: str, port: int) -> tuple[str, ...]:
    return (ADDRESSES[host], "2001:db8::1")


@asynccontextmanager
async def on_hosts(aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]) -> AsyncIterator[tuple[World, FakeSsm, Talk]]:
    mirror = mirrors(tmp_path, "stand-in")
    record_property("told", f"a conversation with trading-env ran with {mirror.told}; SSM and the host were stand-ins")
    module = tmp_path / "trading-env"
    shutil.copytree(MODULES / "trading-env", module)
    (module / ".terraform.lock.hcl").unlink(missing_ok=True)
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": REGION})
    ssm = FakeSsm(AnyMachine(tmp_path / "machine"))
    code = S3Code(Packed(), lambda: aws.client("s3"), "seeds")  # type: ignore[arg-type]
    power = Ec2Power(lambda: aws.client("ec2"), (0.01,))
    hosts = Hosts(SsmShell(lambda: ssm, (0.0,)), code, Host(DOMAIN), lambda _: "00ff", power, look_s=3600, region=REGION)
    variables = {**lasting(aws), "endpoint_cidrs": ["10.20.9.0/24"]}
    terraform: dict[str, Any] = {"program": "wheel", "module": str(module), "variables": variables, "plugins": str(mirror.folder)}
    more: dict[str, Any] = {
        "engine": "terraform",
        "terraform": terraform,
        "traefik": {**TRAEFIK, "scheme": "https", "login": False},
        "domain": DOMAIN,
        "public_url": f"https://{TRELLIS}",
        "vault": {"kind": "aws", "region": REGION, "endpoint_url": aws.url},
        "feeds": {"nats_url": f"tls://{NATS}:4222"},
    }
    async with a_world(tmp_path / "data", hosts=hosts, resolve=resolve, **more) as world:
        world.market.url = f"tls://{NATS}:4222"
        dana = world.github.user("dana", id=7, right="write")
        opened = world.github.pull_request("acme/shop", number=12, branch="demo", author=dana)
        yield world, ssm, Talk(world, dana, opened)


def kept(aws: Aws) -> list[str]:
    return sorted(each["Name"] for each in aws.client("secretsmanager").list_secrets()["SecretList"])


def given(ssm: FakeSsm, step: int) -> dict[str, str]:
    """The files that a command bore."""
    return dict(ordered(ssm.sent[step])["files"])


async def test_from_an_opened_request_to_nothing_left(aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    async with on_hosts(aws, tmp_path, record_property) as (world, ssm, shop):
        before = counted(aws)
        world.repositories.files[shop.on.sha] = {".dev-env.yaml": OPENED.encode()}
        await world.deliver("github", world.github.opens(shop.on))
        it = await world.environment()
        assert it.state == State.READY, shop.heard
        assert (it.engine, it.is_trading) == ("trading-env", True)
        assert [each.url for each in it.addresses] == [f"https://{it.slug}.{DOMAIN}"]
        assert "Its API key is shown once" in shop.heard[-1]

        (instance,) = aws.instances()
        assert it.upstream == f"http://{instance['PrivateIpAddress']}:80"
        groups = [each["GroupId"] for each in instance["NetworkInterfaces"][0]["Groups"]]
        (group,) = aws.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
        out = {(one["CidrIp"], each["FromPort"]) for each in group["IpPermissionsEgress"] for one in each["IpRanges"]}
        ports = {NATS: 4222}
        assert out == {*((f"{address}/32", ports.get(host, 443)) for host, address in ADDRESSES.items()), ("10.20.9.0/24", 443)}

        own = [f"/dev-envs/{it.id}/feed", f"/dev-envs/{it.id}/key"]
        assert kept(aws) == own
        assert len(ssm.sent) == len(STEPS)
        files = given(ssm, -1)
        assert json.loads(files["kept.json"]) == {"region": REGION, "secrets": {"FEED_PASSWORD": own[0], "TRADING_KEY": own[1]}}
        services = json.loads(files["services.json"])
        assert {name: services["shared"][name] for name in ("FEED_URL", "FEED_USER", "TRELLIS_API", "TRELLIS_ORDERS_URL")} == {
            "FEED_URL": f"tls://{NATS}:4222",
            "FEED_USER": it.id,
            "TRELLIS_API": f"https://{TRELLIS}/api/v1",
            "TRELLIS_ORDERS_URL": "http://127.0.0.1:20001",
        }
        assert {each["name"]: "TRADING" in each["env"] for each in services["services"]} == {"orders": True, "strategy": True}
        values = [aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] for name in own]
        told = "\n".join([*ssm.sent, *(str(given(ssm, step)) for step in range(len(STEPS)))])
        assert not [each for each in values if each in told]

        await shop.says(f"/ivy restart {it.slug} --new-key")
        anew = json.loads(given(ssm, -1)["kept.json"])["secrets"]
        assert anew == {"FEED_PASSWORD": f"{own[0]}-1", "TRADING_KEY": f"{own[1]}-1"}
        assert [each["InstanceId"] for each in aws.instances()] == [instance["InstanceId"]]
        values += [aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] for name in anew.values()]
        assert (len(set(values)), world.market.hearing[it.id].password) == (4, values[2])

        heard = Instrument(
            "binance.spot.BTCUSDT", True, (Stretch(How.SEEN, it.created_at, it.created_at + 3600),), (), 0, 90_000, 12.3, 4.6
        )
        world.market.certificates[it.id] = Certificate(it.created_at + 3600, True, has_answered=True, instruments=(heard,))
        assert "`binance.spot.BTCUSDT`: heard, 12.3 events a second" in await shop.answer("/ivy status")
        assert "a host of its own on AWS that reaches only its sandboxes and its feed" in await shop.answer("/ivy config")

        warning = [each for each in await shop.after(hours=44) if "/ivy extend" in each]
        assert len(warning) == 1
        await shop.says("/ivy extend 4h")
        await shop.after(hours=5)
        assert (await world.environment()).state == State.READY

        await shop.says("/ivy terminate")
        assert (await world.past(it.id)).state == State.GONE
        assert counted(aws) == before
        assert (kept(aws), objects(aws), world.market.hearing) == ([], [], {})
        written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert not [path for path in written for each in values if each.encode() in path.read_bytes()]


async def test_what_says_no_strategy_gets_no_host_and_nothing_is_made(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with on_hosts(aws, tmp_path, record_property) as (world, ssm, shop):
        before = counted(aws)
        world.repositories.files[shop.on.sha] = {".dev-env.yaml": PLAIN.encode()}
        said = await shop.answer("/ivy create --dry-run")
        assert "Environments of shop are hosts that reach only sandboxes and their feed" in said
        assert "reason: `no_strategy`" in said
        await shop.says("/ivy create")
        it = await world.environment()
        assert it.failure
        assert (it.state, it.failure.code) == (State.FAILED, "no_strategy")
        assert (counted(aws), ssm.sent, kept(aws)) == (before, [], [])
        await shop.says("/ivy terminate")
        assert counted(aws) == before


def settings(**more: Any) -> Settings:
    variables = {**dict.fromkeys(NEEDED, "x"), "region": REGION, "endpoint_cidrs": ["10.20.9.0/24"]}
    good: dict[str, Any] = {
        "engine": "terraform",
        "terraform": {"module": "trading-env", "variables": variables},
        "traefik": {},
        "domain": DOMAIN,
        "public_url": f"https://{TRELLIS}",
        "vault": {"kind": "aws"},
        "feeds": {"nats_url": f"tls://{NATS}:4222"},
    }
    return Settings(**{**good, **more})


async def test_the_doctor_says_which_host_cannot_be_reached_for_want_of_an_address() -> None:
    async def only_names(host: str, port: int) -> tuple[str, ...]:
        if host == TRELLIS:
            raise OSError("unknown")
        return ("2001:db8::1",) if host == NATS else ("192.0.2.1",)

    async def all_of_them(host: str, port: int) -> tuple[str, ...]:
        return ("192.0.2.1",)

    said = await ways_out(settings(), only_names)
    assert said.finding is Finding.BAD
    assert said.words.startswith(f"{NATS}, {TRELLIS}: no IPv4 address here")
    assert (await ways_out(settings(), all_of_them)).finding is Finding.GOOD


async def test_what_trades_on_paper_is_told_of_no_exchange_and_its_role_of_no_sandbox(tmp_path: Path) -> None:
    told = TerraformSettings(tmp_path, MODULES / "trading-env", variables={"egress": list(NOWHERE)}, also=(ALSO,))
    ways, source = ((NATS, 4222), (TRELLIS, 443)), Source("shop", "https://forge.example/shop.git", "refs/heads/main", "a" * 40)
    spec = Spec("e", "slug", 1, source, (Service("strategy", "./s"),), trading=Trading(ways, is_on_paper=True))
    known = await Newest(told, None, resolve).told_of(spec, 0.0)
    assert known["on_paper"] is True
    assert known["egress"] == [
        {"host": NATS, "port": 4222, "addresses": [ADDRESSES[NATS]]},
        {"host": TRELLIS, "port": 443, "addresses": [ADDRESSES[TRELLIS]]},
        ALSO,
    ]
    of_shop = replace(told, of_projects={"shop": {"egress": [OWN]}})
    assert (await Newest(of_shop, None, resolve).told_of(spec, 0.0))["egress"][2:] == [OWN], "a project's own come before those of all"
    lost = replace(spec, trading=Trading((("gone.example", 443),)))

    async def nobody(host: str, port: int) -> tuple[str, ...]:
        raise OSError(f"{host} has no address here")

    with pytest.raises(EngineUnavailable, match=r"gone\.example has no address here"):
        await Newest(told, None, nobody).told_of(lost, 0.0)


@pytest.mark.parametrize(
    ("wrong", "way_on"),
    [
        ({"vault": {}}, "TRELLIS_TERRAFORM__MODULE=trading-env needs TRELLIS_VAULT__KIND=aws"),
        ({"vault": {"kind": "aws", "region": "us-east-1"}}, "TRELLIS_VAULT__REGION is us-east-1, and hosts are in eu-west-1"),
        ({"feeds": {}}, "needs TRELLIS_FEEDS__NATS_URL"),
        ({"feeds": {"nats_url": "nats://127.0.0.1:4222"}}, "needs TRELLIS_FEEDS__NATS_URL"),
        ({"public_url": ""}, "needs TRELLIS_PUBLIC_URL"),
        ({"public_url": "http://trellis.localhost:8700"}, "needs TRELLIS_PUBLIC_URL"),
        ({"traefik": None}, "TRELLIS_TERRAFORM__MODULE=trading-env needs a Traefik"),
        ({"terraform": {"module": "trading-env", "variables": {**dict.fromkeys(NEEDED, "x")}}}, "ENDPOINT_CIDRS is missing"),
    ],
)
def test_what_hosts_cannot_do_without_is_asked_for_by_its_name(wrong: dict[str, Any], way_on: str) -> None:
    check(settings())
    with pytest.raises(SettingsError, match=way_on):
        check(settings(**wrong))
