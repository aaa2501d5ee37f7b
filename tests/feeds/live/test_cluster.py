"""The cluster of NATS that modules/platform makes: its own configuration, by three real servers that speak TLS only, one of which goes away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import nats.errors
import pytest
from nats.js.errors import Error as JetStreamError

from bot.doctor_feeds import certificates
from bot.feeds import feeds
from bot.settings import Settings
from bot.settings.trading import FeedsSettings
from feeds import house as rooms
from feeds.credentials import authorization
from feeds.encryption import NOBODYS, Trust
from feeds.interest import Interest
from feeds.lease import win
from feeds.server import binary
from feeds.settings import FeedsCannotStart
from feeds.visiting import is_let_in
from processes import free_port
from provisioner.terraform.settings import MODULES
from tests.feeds.live.certificates import Signer
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


def begin(folder: Path, host: str, ports: dict[str, tuple[int, int]], shown: tuple[Path, Path], ca: Path) -> subprocess.Popen[bytes]:
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
        (f"{host}.trellis.internal:4222", f"127.0.0.1:{client}"),
        (f"{host}.trellis.internal:6222", f"127.0.0.1:{route}"),
        ("/etc/trellis-nats/certificate.pem", str(shown[0])),
        ("/etc/trellis-nats/key.pem", str(shown[1])),
        ("/etc/trellis-nats/ca.pem", str(ca)),
    ):
        assert before in text
        text = text.replace(before, after)
    (folder / "nats.conf").write_text(text)
    (folder / "authorization.conf").write_text(authorization({}, ("trellis", PASSWORD)))
    log = (folder / "nats.log").open("wb")
    return subprocess.Popen([str(binary()), "-c", str(folder / "nats.conf")], stdout=log, stderr=log)


@dataclass(frozen=True)
class Cluster:
    running: list[subprocess.Popen[bytes]]
    routes: dict[str, tuple[int, int]]
    signer: Signer

    @property
    def ports(self) -> list[int]:
        return [self.routes[host][0] for host in HOSTS]

    @property
    def url(self) -> str:
        return ",".join(f"tls://127.0.0.1:{port}" for port in self.ports)

    @property
    def trust(self) -> Trust:
        return Trust(self.signer.ca)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    signer = Signer(tmp_path / "certificates")
    ports = {host: (free_port(), free_port()) for host in HOSTS}
    running = [begin(tmp_path / host, host, ports, signer.signs(host), signer.ca) for host in HOSTS]
    try:
        yield Cluster(running, ports, signer)
    finally:
        for each in running:
            each.kill()
            each.wait()


async def test_two_of_three_hosts_keep_the_interest_the_lease_and_the_recording(cluster: Cluster) -> None:
    running = cluster.running
    async with asyncio.timeout(PATIENCE_S):
        made = await _furnished(cluster)
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


async def _furnished(cluster: Cluster) -> rooms.House:
    """Once they have found each other."""
    client = None
    while True:
        with contextlib.suppress(nats.errors.Error, JetStreamError, OSError, TimeoutError):
            client = client or await rooms.connect(cluster.url, "trellis", PASSWORD, trust=cluster.trust)
            return await rooms.furnish(client, 1, 64, 3)
        await asyncio.sleep(0.1)


async def test_who_does_not_trust_who_signed_and_who_speaks_plain_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        made = await _furnished(cluster)
    await made.leases._js._nc.close()
    at = cluster.url.partition(",")[0]
    assert await is_let_in(at, "trellis", PASSWORD, cluster.trust)
    assert not await is_let_in(at, "trellis", "another", cluster.trust)
    stranger = Signer(tmp_path / "strange", "stranger")
    for trust in (NOBODYS, Trust(stranger.ca)):
        with pytest.raises(FeedsCannotStart, match="CERTIFICATE_VERIFY_FAILED"):
            await is_let_in(at, "trellis", PASSWORD, trust)
    port = cluster.ports[0]
    assert not await is_let_in(f"nats://127.0.0.1:{port}", "trellis", PASSWORD)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'CONNECT {"user": "trellis", "pass": "of-the-owner", "verbose": true}\r\nPING\r\n')
    async with asyncio.timeout(PATIENCE_S):
        assert b"PONG" not in await reader.read()
    writer.close()


async def test_a_host_of_another_signer_is_no_part_of_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    """It has all passwords and none of the certificates."""
    async with asyncio.timeout(PATIENCE_S):
        made = await _furnished(cluster)
    await made.leases._js._nc.close()
    stranger = Signer(tmp_path / "strange", "stranger")
    ports = {**cluster.routes, "nats-0": (free_port(), free_port())}
    here = begin(tmp_path / "nats-9", "nats-0", ports, stranger.signs("nats-9"), stranger.ca)
    try:
        log = tmp_path / "nats-9" / "nats.log"
        async with asyncio.timeout(PATIENCE_S):
            while b"TLS route handshake error" not in log.read_bytes():
                await asyncio.sleep(0.05)
    finally:
        here.kill()
        here.wait()


def test_a_host_fetches_its_certificate_and_has_nats_take_one_that_is_new(tmp_path: Path) -> None:
    """The module's own script, with stand-ins for AWS and systemd."""
    secret, reloads, here = tmp_path / "secret.json", tmp_path / "reloads", tmp_path / "etc"
    here.mkdir()
    text = (MODULES / "platform" / "feeds" / "certify.sh").read_text()
    for before, after in (("/etc/trellis-nats", str(here)), ("/opt/trellis/bin/python", sys.executable)):
        assert before in text
        text = text.replace(before, after)
    programs = {"certify": text, "aws": f"#!/bin/sh\ncat {secret}\n", "systemctl": f'#!/bin/sh\necho "$@" >> {reloads}\n'}
    for name, content in programs.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)

    def certify(word: str, certificate: str) -> list[str]:
        secret.write_text(json.dumps({"certificate": certificate, "key": "a key\n"}))
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        subprocess.run([str(tmp_path / "certify"), word, "trellis/nats-tls", "eu-west-1"], env=env, check=True)
        return reloads.read_text().splitlines() if reloads.exists() else []

    assert certify("first", "one\n") == []
    assert certify("again", "one\n") == []
    assert certify("again", "another\n") == ["reload trellis-nats.service"]
    assert {each.name: each.read_text() for each in here.glob("*.pem")} == {"certificate.pem": "another\n", "key.pem": "a key\n"}
    assert {each.stat().st_mode & 0o777 for each in here.glob("*.pem")} == {0o600}
    assert not (here / "certificates.json").exists()


async def test_the_doctor_says_when_a_certificate_ends_and_that_it_has(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "certificates")
    for ends_in, words in (
        (timedelta(days=90), "of 1 hosts are trusted, until 20"),
        (timedelta(days=3), "is over on 20"),
        (timedelta(days=-1), "its certificate is not trusted: certificate has expired"),
    ):
        port = free_port()
        name = f"alone-{ends_in.days}"
        certificate, key = signer.signs(name, ends_in=ends_in)
        tls = f'tls: {{cert_file: "{certificate}", key_file: "{key}", handshake_first: true}}\n'
        (tmp_path / f"{name}.conf").write_text(f'listen: "127.0.0.1:{port}"\n{tls}')
        server = subprocess.Popen([str(binary()), "-c", str(tmp_path / f"{name}.conf")], stderr=subprocess.DEVNULL)
        said = FeedsSettings(nats_url=f"tls://127.0.0.1:{port}", nats_ca=signer.ca)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while "onnect call failed" in (found := await certificates(said)).words:
                    await asyncio.sleep(0.05)
        finally:
            server.kill()
            server.wait()
        assert words in found.words


async def test_of_files_that_are_no_certificates_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("rubbish")
    for ca in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        found = await certificates(FeedsSettings(nats_url="tls://nats.example:4222", nats_ca=ca))
        assert f"no certificates can be read from {ca}" in found.words


async def test_a_host_lets_in_its_owner_before_there_is_any_interest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"nats_url": "nats://127.0.0.1:1", "nats_password": PASSWORD}
    assert await feeds(Settings(data_dir=tmp_path, feeds=given), ["authorization", "owner"]) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().out == authorization({}, ("trellis", PASSWORD))
