"""What the world sees: host names, streams, sockets, and a proxy that dies."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
from yarl import URL

from provisioner.engine import EngineUnavailable, Service
from provisioner.settings import KeeperSettings
from tests.provisioner.house import WEB, Keeper, Notes, Repository, command, eventually, spec_of
from tests.traefik.requests import REQUESTS, RISING


async def test_an_unknown_host_name_leads_nowhere(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    async with keeper.client() as client:
        assert (await client.get("demo"))[0] == 200
        for label in ("demo2", "web--demo", "x.demo", "..", "*", "%2e%2e", "a/../demo", "demo.evil.com", "../hosts/demo"):
            assert (await client.get(label))[0] in {400, 404}, label


async def test_it_answers_what_traefik_would(keeper: Keeper, repository: Repository) -> None:
    """The same table as tests/traefik/test_alike.py has."""
    sha, url = repository.commit(), f"http://127.0.0.1:{keeper.port}"
    await keeper.engine.apply(spec_of(repository, sha, WEB, replace(WEB, name="api")), 1, Notes())
    await keeper.engine.apply(spec_of(repository, sha, environment="env-2", slug="asleep"), 1, Notes())
    await keeper.engine.pause("env-2", 1)
    slow = spec_of(repository, sha, Service("web", WEB.run, build="sleep 50"), environment="env-3", slug="rising")
    task = asyncio.create_task(keeper.engine.apply(slow, 1, Notes()))
    await eventually(lambda: keeper.runs("sleep"))
    names = {"demo": "demo", "asleep": "asleep", "rising": "rising", "domain": "localhost"}
    async with aiohttp.ClientSession() as session:
        for one in REQUESTS:
            headers = {"Host": one.host.format(**names), **{name: value.format(**names) for name, value in one.headers.items()}}
            path = URL(url + one.path, encoded=True)
            async with session.request(one.method, path, headers=headers) as answer:
                text = await answer.text()
                assert (answer.status, one.words in text, answer.headers.get("Retry-After")) == (
                    one.status,
                    True,
                    "2" if one.words == RISING else None,
                ), (one, text)
                assert answer.headers.get("Cache-Control") == (None if one.status == 200 else "no-store")
    await keeper.engine.abandon("env-3", 1, 1)
    await asyncio.gather(task, return_exceptions=True)


async def test_a_service_that_is_down_for_a_moment_is_waited_for_then_said(keeper: Keeper, repository: Repository) -> None:
    service = Service("web", f"if [ -e $HOME/no ]; then sleep 100; else exec {WEB.run}; fi")
    await keeper.engine.apply(spec_of(repository, repository.commit(), service), 1, Notes())
    (keeper.data / "environments" / "env-1" / "home" / "no").touch()
    async with keeper.client() as client:
        await client.get("demo", "/die")
        assert (await client.get("demo"))[0] == 503


async def test_forwarding_headers_of_clients_are_dropped(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    lies = {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Uri": "/admin",
        "X-Forwarded-Host": "evil",
        "Forwarded": "for=9.9.9.9",
        "X-Real-Ip": "9.9.9.9",
    }
    async with keeper.client() as client:
        heard = {name.lower(): value for name, value in json.loads((await client.get("demo", "/headers", **lies))[1])}
    forwarded = {name: value for name, value in heard.items() if "forward" in name or "real" in name}
    assert forwarded == {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-host": f"demo.localhost:{keeper.port}"}
    assert heard["host"] == f"demo.localhost:{keeper.port}"


async def test_streams_flow_and_big_uploads_arrive(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    data = os.urandom(1 << 20) * 40
    url, host = f"http://127.0.0.1:{keeper.port}", {"Host": "demo.localhost"}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=data, headers=host) as answer:
            assert (answer.status, await answer.text()) == (200, hashlib.sha256(data).hexdigest())
        times: list[float] = []
        async with session.get(f"{url}/events", headers=host) as answer:
            times += [time.monotonic() async for line in answer.content if line.startswith(b"data")]
    assert len(times) == 3
    assert times[2] - times[0] > 0.4


async def test_a_websocket_lives_through_updates_of_others_and_the_drain_of_its_own(keeper: Keeper, repository: Repository) -> None:
    one = repository.commit("one")
    await keeper.engine.apply(spec_of(repository, one), 1, Notes())
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{keeper.port}/", headers={"Host": "demo.localhost"}) as open_socket,
    ):
        for generation in (1, 2):
            await keeper.engine.apply(spec_of(repository, one, environment="env-2", slug="other", generation=generation), 1, Notes())
        await keeper.engine.destroy("env-2", 1)
        await open_socket.send_str("still")
        assert await open_socket.receive_str(timeout=60) == "one still"

        await keeper.engine.apply(spec_of(repository, repository.commit("two"), generation=2), 1, Notes())
        await open_socket.send_str("there")
        assert await open_socket.receive_str(timeout=60) == "one there"
        async with session.ws_connect(f"http://127.0.0.1:{keeper.port}/", headers={"Host": "demo.localhost"}) as new_socket:
            await new_socket.send_str("hello")
            assert await new_socket.receive_str(timeout=60) == "two hello"
        closed = await open_socket.receive(timeout=60)
        assert closed.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_the_proxy_that_dies_comes_back_and_knows_all(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    [caddy] = [pid for pid in keeper.left() if b"caddy" in command(pid)]
    os.kill(caddy, signal.SIGKILL)

    async def is_back() -> bool:
        try:
            async with keeper.client() as client:
                return await client.get("demo") == (200, "one /")
        except aiohttp.ClientError:
            return False

    await eventually(is_back)
    await eventually(keeper.is_ready)


async def test_the_proxy_listens_here_only_and_leaves_no_files_elsewhere(keeper: Keeper) -> None:
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    hosts = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[1].endswith(f":{keeper.port:04X}")}
    assert hosts <= {"0100007F", "00000000000000000000000001000000"}
    config = json.loads((keeper.known.folder / "proxy" / "caddy.json").read_text())
    assert config["admin"] == {"disabled": True, "config": {"persist": False}}


async def test_a_taken_port_is_said(tmp_path: object, keeper: Keeper) -> None:
    await keeper.stop()
    await eventually(lambda: keeper.left() == [])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", keeper.port))
        other.listen()
        keeper.begin()

        async def says() -> tuple[str, ...]:
            try:
                return (await keeper.engine.health()).problems
            except EngineUnavailable:
                return ()

        await eventually(says, within_s=60)
        assert await says() == (f"the proxy is not up on port {keeper.port}",)
    await eventually(keeper.is_ready)


def test_addresses_leave_the_usual_port_out(tmp_path: object) -> None:
    assert KeeperSettings(Path("x"), proxy_port=80, domain="env.example.org").url("demo") == "http://demo.env.example.org"
    assert KeeperSettings(Path("x"), proxy_port=8780).url("web--demo") == "http://web--demo.localhost:8780"


async def test_who_visits_is_seen_and_nothing_else_of_them(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit("one")), 1, Notes())
    assert [each.quiet_s for each in await keeper.engine.observe()] == [None]
    async with keeper.client() as client:
        await client.get("demo", "/secret?token=1")

    async def is_seen() -> bool:
        [seen] = await keeper.engine.observe()
        return seen.quiet_s is not None and seen.quiet_s < 600

    await eventually(is_seen)
    [log] = keeper.data.rglob("visits.log")
    assert "secret" not in log.read_text()
    assert "127.0.0.1" not in log.read_text()


async def test_a_paused_one_says_so_and_comes_back_without_a_build(keeper: Keeper, repository: Repository) -> None:
    spec = spec_of(repository, repository.commit("one"), Service("web", WEB.run, build="echo built >> ../home/builds"))
    await keeper.engine.apply(spec, 1, Notes())
    await keeper.engine.pause("env-1", 1)
    await keeper.engine.pause("env-1", 1)
    assert len(keeper.left()) == 1, "only the proxy runs"
    async with keeper.client() as client:
        status, page = await client.get("demo")
        assert (status, "<h1>Paused</h1>" in page) == (503, True)
        await keeper.engine.apply(spec, 1, Notes())
        assert await client.get("demo") == (200, "one /")
    assert len(list(keeper.data.glob("environments/env-1/home/builds"))) == 1
    assert [file.read_text() for file in keeper.data.glob("environments/env-1/home/builds")] == ["built\n"]
