"""The host of a trading environment is set up by the very commands that AWS would send it, and runs the sample's strategy and its orders."""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot import sample
from provisioner.engine import EngineFailed, EngineUnavailable, LogLine, Service, Source, Spec, Trading
from provisioner.setup.hosts import Hosts
from provisioner.setup.machines import Instance
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from tests.provisioner.house import Notes
from tests.terraform.aws import REGION, Aws
from tests.terraform.host import TOLD, FakeHost
from tests.terraform.machine import FakeSsm, is_there

ID = "01jd0000000000000000000001"
MACHINE = Instance("i-0123456789abcdef0", "10.20.1.7")
FEED, KEY, NEWER = "trl_feed_never-to-be-seen", "trl_key_never-to-be-seen", "trl_key_made-anew"
TRADING = json.dumps(
    {
        "exchanges": [{"name": "binance", "type": "spot", "sandbox": True, "instruments": ["BTCUSDT"]}],
        "market_data": {"mode": "live"},
        "risk_config": {"max_position_usd": 10000, "max_drawdown_pct": 5, "max_order_rate": 10},
    }
)


class SampleCode:
    """The sample's branch `trading`, as a file that the host can fetch."""

    def __init__(self, folder: Path) -> None:
        self.repository, self._folder = sample.make(folder / "sample"), folder
        self.sha = sample.git(self.repository, "rev-parse", "trading").decode().strip()

    async def offer(self, environment: str, source: Source) -> str:
        path = self._folder / f"{source.sha}.tar.gz"
        content = sample.git(self.repository, "archive", "--format=tar", "trading")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive, tarfile.open(path, "w:gz") as packed:
            for each in archive:
                packed.addfile(each, archive.extractfile(each) if each.isfile() else None)
        return path.as_uri()

    async def forget(self, environment: str) -> None:
        raise AssertionError("nothing is taken down here")


def free_pair() -> int:
    """The first of two ports of 127.0.0.1 that nobody has."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Stood:
    def __init__(self, tmp_path: Path, aws: Aws) -> None:
        self.host, self.code, self.aws = FakeHost(tmp_path / "host", aws), SampleCode(tmp_path), aws
        self.ssm, self.port = FakeSsm({MACHINE.id: self.host}), free_pair()
        shell, power = SsmShell(lambda: self.ssm, (0.0,)), Ec2Power(lambda: None)
        self.hosts = Hosts(
            shell, self.code, Host("env.example.net"), lambda _: "00ff", power, look_s=3600, region=REGION, first_port=self.port
        )
        secrets = aws.client("secretsmanager")
        for name, value in (("feed", FEED), ("key", KEY), ("key-1", NEWER)):
            secrets.create_secret(Name=f"/dev-envs/{ID}/{name}", SecretString=value)

    @property
    def spec(self) -> Spec:
        told = (("TRADING", TRADING),)
        orders = Service("orders", "python3 -m orders", None, "/health", told)
        strategy = Service("strategy", "./bin/strategy strategy.json", None, None, told)
        given = (("FEED_URL", "nats://127.0.0.1:9"), ("FEED_USER", ID), ("TRELLIS_API", "http://127.0.0.1:9/api/v1"))
        kept = (("FEED_PASSWORD", f"/dev-envs/{ID}/feed"), ("TRADING_KEY", f"/dev-envs/{ID}/key"))
        source = Source("demo", "https://forge.example/demo.git", "refs/heads/trading", self.code.sha)
        secrets = (("FEED_PASSWORD", FEED), ("TRADING_KEY", KEY))  # as the engine of this machine would be given them
        return Spec(ID, "trading-1", 1, source, (orders, strategy), secrets=secrets, trading=Trading((), given, kept), ready_within_s=120)

    async def answers(self, path: str, key: str = "none") -> int:
        async with httpx.AsyncClient(timeout=60) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}{path}", headers={"authorization": f"Bearer {key}"})).status_code

    def sent(self) -> str:
        """All that went over SSM, with what it bears inside."""
        inside = [base64.b64decode(each).decode("latin-1") for text in self.ssm.sent for each in re.findall(r"printf %s '([^']+)'", text)]
        return "\n".join([*self.ssm.sent, *inside])


@pytest.fixture
def stood(tmp_path: Path, aws: Aws, record_property: Callable[[str, object], None]) -> Iterator[Stood]:
    if not is_there():
        pytest.skip("Ansible is not installed beside the tests: tools/terraform.sh")
    record_property("told", TOLD)
    one = Stood(tmp_path, aws)
    yield one
    one.host.stop()


async def test_the_samples_strategy_and_orders_run_with_secrets_that_no_command_bore(stood: Stood) -> None:
    hosts, host, wanted = stood.hosts, stood.host, stood.spec
    access = await hosts.apply(MACHINE, wanted, Notes())
    assert [(each.service, each.url) for each in access.addresses] == [("orders", "https://trading-1.env.example.net")]
    assert access.upstream == "http://10.20.1.7:80"
    assert host.units == ["orders", "strategy"]
    assert await stood.answers("/health") == 200
    assert await stood.answers("/book", "wrong") == 401
    assert await stood.answers("/book", KEY) in {200, 503}, "it knows its key, which it can have from its role only"
    routes = json.loads(host.text("etc/traefik/dynamic.yaml"))["http"]
    assert routes["services"]["trading-1"]["loadBalancer"]["servers"] == [{"url": f"http://127.0.0.1:{stood.port}"}]
    assert list(routes["routers"]) == ["trading-1"]
    assert LogLine("orders", f"listening on port {stood.port}") in await hosts.logs(MACHINE, None, 4000)
    assert {each.service for each in await hosts.logs(MACHINE, "strategy", 5)} <= {"strategy"}
    for each in (FEED, KEY):
        assert each not in stood.sent()
        assert each in host.text("run/trellis/secrets.json")
        assert not [path for path in host.root.rglob("*") if path.is_file() and "run/trellis" not in str(path) and each in _read(path)]

    before = host.pid("orders"), host.pid("strategy")
    await hosts.apply(MACHINE, replace(wanted, generation=2), Notes())
    assert (host.pid("orders"), host.pid("strategy")) == before, "what is as it should be goes on"
    await hosts.restart(MACHINE, "orders")
    assert host.pid("orders") != before[0]
    assert host.pid("strategy") == before[1]
    with pytest.raises(EngineFailed, match="there is no service nothing; there are: orders, strategy"):
        await hosts.restart(MACHINE, "nothing")

    alone = replace(wanted, generation=3, services=wanted.services[:1])
    await hosts.apply(MACHINE, alone, Notes())
    assert host.units == ["orders"], "what is not told of any more does not run"


def _read(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


async def test_a_key_that_is_made_anew_opens_and_the_old_one_does_not(stood: Stood) -> None:
    wanted = stood.spec
    assert wanted.trading
    orders = replace(wanted, services=wanted.services[:1])
    await stood.hosts.apply(MACHINE, orders, Notes())
    assert await stood.answers("/book", NEWER) == 401
    kept = (*wanted.trading.kept[:1], ("TRADING_KEY", f"/dev-envs/{ID}/key-1"))
    await stood.hosts.apply(MACHINE, replace(orders, generation=2, trading=replace(wanted.trading, kept=kept)), Notes())
    assert await stood.answers("/book", KEY) == 401
    assert await stood.answers("/book", NEWER) in {200, 503}


async def test_a_strategy_that_dies_a_build_that_fails_and_a_secret_that_is_not_there_are_named(stood: Stood) -> None:
    wanted = stood.spec
    dies = replace(wanted, services=(Service("strategy", "sh -c 'echo no money; exit 3'", None, None),))
    with pytest.raises(EngineFailed) as failed:
        await stood.hosts.apply(MACHINE, dies, Notes())
    assert "strategy exited with code 3" in failed.value.reason
    assert "no money" in failed.value.reason

    unbuilt = replace(
        wanted, source=replace(wanted.source, sha="b" * 40), services=(Service("web", "true", build="echo ${KEY:-none}; exit 4"),)
    )
    with pytest.raises(EngineFailed, match="building web exited with code 4"):
        await stood.hosts.apply(MACHINE, unbuilt, Notes())

    assert wanted.trading
    lost = replace(wanted, trading=replace(wanted.trading, kept=(("FEED_PASSWORD", "/prod/feed"),)))
    with pytest.raises(EngineFailed, match="FEED_PASSWORD cannot be read at /prod/feed: ResourceNotFoundException"):
        await stood.hosts.apply(MACHINE, lost, Notes())


async def test_a_service_that_is_not_well_is_said_to_be_so_and_a_host_out_of_reach_is_nobodys_fault(stood: Stood) -> None:
    quiet = replace(stood.spec, services=(Service("orders", "sleep 1000", None, "/health"),), ready_within_s=1)
    with pytest.raises(EngineFailed, match="orders is not well after 1 s: it does not answer"):
        await stood.hosts.apply(MACHINE, quiet, Notes())
    stood.ssm.status = "Undeliverable"
    with pytest.raises(EngineUnavailable):
        await stood.hosts.apply(MACHINE, quiet, Notes())
