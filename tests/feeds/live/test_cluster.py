"""The cluster of NATS that modules/platform makes: its own configuration, by three real servers, one of which goes away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import nats.errors
import pytest
from nats.js.errors import Error as JetStreamError

from bot.feeds import feeds
from bot.settings import Settings
from feeds import house as rooms
from feeds.credentials import authorization
from feeds.interest import Interest
from feeds.lease import win
from feeds.server import binary
from processes import free_port
from provisioner.terraform.settings import MODULES
from tests.feeds.live.house import PATIENCE_S, wanted

pytestmark = pytest.mark.feeds
PASSWORD = "of-the-owner"
HOSTS = ("nats-0", "nats-1", "nats-2")


def rendered(host: str) -> str:
    """By Terraform itself."""
    if (program := shutil.which("terraform")) is None:
        pytest.skip("there is no terraform here, which renders the configuration")
    given = json.dumps({"host": host, "hosts": HOSTS, "zone": "trellis.internal", "disk_mb": 256})
    asked = f'jsonencode(templatefile("{MODULES}/platform/feeds/nats.conf.tftpl", {given}))\n'
    ran = subprocess.run([program, "console"], input=asked, capture_output=True, text=True, check=True, cwd="/")
    return str(json.loads(json.loads(ran.stdout)))


def begin(folder: Path, host: str, ports: dict[str, tuple[int, int]]) -> subprocess.Popen[bytes]:
    """The module's own configuration, on this machine: other ports, other folders."""
    folder.mkdir(exist_ok=True)
    text = rendered(host)
    client, route = ports[host]
    for before, after in (
        ('listen: "0.0.0.0:4222"', f'listen: "127.0.0.1:{client}"'),
        ('listen: "0.0.0.0:6222"', f'listen: "127.0.0.1:{route}"'),
        ('http: "127.0.0.1:8222"', f'http: "127.0.0.1:{free_port()}"'),
        ("/run/trellis-nats/nats.pid", f"{folder}/nats.pid"),
        ("/var/lib/trellis-nats", f"{folder}/store"),
        *((f"nats://{each}.trellis.internal:6222", f"nats://127.0.0.1:{ports[each][1]}") for each in HOSTS),
    ):
        assert before in text
        text = text.replace(before, after)
    (folder / "nats.conf").write_text(text)
    (folder / "authorization.conf").write_text(authorization({}, ("trellis", PASSWORD)))
    log = (folder / "nats.log").open("wb")
    return subprocess.Popen([str(binary()), "-c", str(folder / "nats.conf")], stdout=log, stderr=log)


async def test_two_of_three_hosts_keep_the_interest_the_lease_and_the_recording(tmp_path: Path) -> None:
    ports = {host: (free_port(), free_port()) for host in HOSTS}
    running = [begin(tmp_path / host, host, ports) for host in HOSTS]
    url = [f"nats://127.0.0.1:{ports[host][0]}" for host in HOSTS]
    try:
        async with asyncio.timeout(PATIENCE_S):
            made = await _furnished(",".join(url))
            await made.interests.put("demo", Interest(wanted("binance.spot.BTCUSDT")))
            info = await made.jetstream.stream_info(rooms.RECORDING)
        assert info.config.num_replicas == 3
        leader = int(str(info.cluster.leader).removeprefix("nats-"))
        running[leader].kill()
        running[leader].wait()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(nats.errors.Error, JetStreamError, OSError, TimeoutError):
                    await made.interests.has_changed()
                    lease = await win(made.leases, "one", 5.0)
                    await made.jetstream.publish("market.data.binance.spot.BTCUSDT.mark", b"{}")
                    break
                await asyncio.sleep(0.1)
        assert list(made.interests.all) == ["demo"]
        assert lease.is_valid
        await made.leases._js._nc.close()
    finally:
        for each in running:
            each.kill()
            each.wait()


async def _furnished(urls: str) -> rooms.House:
    """Once they have found each other."""
    client = None
    while True:
        with contextlib.suppress(nats.errors.Error, JetStreamError, OSError, TimeoutError):
            client = client or await rooms.connect(urls, "trellis", PASSWORD)
            return await rooms.furnish(client, 1, 64, 3)
        await asyncio.sleep(0.1)


async def test_a_host_lets_in_its_owner_before_there_is_any_interest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"nats_url": "nats://127.0.0.1:1", "nats_password": PASSWORD}
    assert await feeds(Settings(data_dir=tmp_path, feeds=given), ["authorization", "owner"]) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().out == authorization({}, ("trellis", PASSWORD))
