"""A request all the way: by the configuration that Trellis serves to the machine, and there by the file that set-up lays down, to what answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest

from bot.web.console import token_in
from provisioner.traefik.names import proof_of
from tests.browser import signed_in
from tests.traefik.machine import Machine, Machines, machines
from tests.traefik.reader import Answered, Forwarded, Reader
from tests.traefik.rules import Asked
from tests.traefik.stand import TWO, Visitor, configuration
from tests.world import World

pytestmark = pytest.mark.long  # each visits a product of its own


class Through(Visitor):
    """What is handed on goes over the wire."""

    async def _answered(self, taken: Forwarded | Answered, jar: dict[str, str]) -> httpx.Response:
        if isinstance(taken, Answered) or not taken.url.startswith("http://127.0.0.1:"):
            return await super()._answered(taken, jar)
        asked = taken.asked
        url = f"{taken.url}{asked.path}" + (f"?{asked.query}" if asked.query else "")
        async with httpx.AsyncClient() as wire:
            return await wire.request(asked.method, url, headers={**asked.headers, "host": asked.host})

    async def hears(self, url: str, word: str) -> str:
        """The answer on a websocket, which the central Traefik lets through as any request."""
        parts = urlsplit(url)
        jar = self.cookies.get(parts.hostname or "", {})
        sent = {"connection": "Upgrade", "upgrade": "websocket"} | ({"cookie": "; ".join(map("=".join, jar.items()))} if jar else {})
        taken = await Reader(await configuration(self._world), self._world.web, "http").take(Asked(parts.netloc, parts.path, headers=sent))
        if isinstance(taken, Answered):
            return f"{taken.status}"
        headers = {name: value for name, value in taken.asked.headers.items() if name not in {"connection", "upgrade"}}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(taken.url + taken.asked.path, headers={**headers, "Host": taken.asked.host}) as socket,
        ):
            await socket.send_str(word)
            return str(await socket.receive_str(timeout=60))


@pytest.fixture
async def here() -> AsyncIterator[Machines]:
    async with machines() as made:
        yield made


async def made(world: World, here: Machines, branch: str = "demo") -> tuple[str, Machine]:
    """An environment whose machine stands on loopback, set up for what was made."""
    world.repositories.files["b" * 40] = {".dev-env.yaml": TWO}
    await world.types(f"/ivy create lab:{branch}", by="dana")
    [environment] = [each for each in await world.environments() if each.branch == branch]
    proof = proof_of(token_in(world.settings.data_dir).encode(), environment.id)
    machine = await here.stand(world.engine.applied[-1], proof)
    world.engine.upstream = machine.url
    world.lab[branch] = "e" * 40
    world.repositories.files["e" * 40] = {".dev-env.yaml": TWO}
    await world.types(f"/ivy update {environment.slug}")
    return environment.slug, machine


async def test_each_service_is_reached_under_its_name_and_asked_by_the_one_that_the_cluster_knows(traefik: World, here: Machines) -> None:
    slug, machine = await made(traefik, here)
    visitor = Through(traefik)
    assert (await visitor.asks(f"http://{slug}.localhost/a?b=c")).text == "ingress GET /a?b=c"
    assert (await visitor.asks(f"http://api--{slug}.localhost/form", "POST")).text == "ingress POST /form"
    assert [each.host for each in machine.ingress.heard] == ["web.localhost", "api.localhost"]
    assert machine.ingress.heard[0].headers["x-forwarded-host"].endswith(".localhost")
    assert "x-trellis-proof" not in str([each.headers for each in machine.ingress.heard]).lower()


async def test_names_that_there_are_not_are_404_before_the_machine_and_on_it(traefik: World, here: Machines) -> None:
    slug, machine = await made(traefik, here)
    visitor = Through(traefik)
    for host in ("nobody-abcdef", f"other--{slug}"):
        assert (await visitor.asks(f"http://{host}.localhost/")).status_code == 404
    async with httpx.AsyncClient() as neighbour:  # past the central Traefik, as from the VPN
        for host in (f"other--{slug}.localhost", "127.0.0.1", "web.localhost", f"tilt--{slug}.localhost"):
            assert (await neighbour.get(machine.url, headers={"host": host})).status_code == 404
    assert machine.ingress.heard == machine.tilt.heard == []


async def test_behind_the_login_a_visitor_is_handed_over_and_a_websocket_too(guarded: World, here: Machines) -> None:
    slug, machine = await made(guarded, here)
    url = f"http://{slug}.localhost"
    assert await Through(guarded).hears(f"{url}/ws", "hello") == "401"
    assert (await Through(guarded).asks(f"{url}/")).status_code == 303
    assert machine.ingress.heard == []
    async with signed_in(guarded, "dana") as dashboard:
        visitor = Through(guarded, dashboard)
        assert (await visitor.follows(f"{url}/a")).text == "ingress GET /a"
        assert await visitor.hears(f"{url}/ws", "hello") == "ingress heard hello"
    assert machine.ingress.heard[-1].host == "web.localhost"


async def test_tilts_page_opens_to_whoever_was_handed_over_and_to_nobody_else(traefik: World, here: Machines) -> None:
    slug, machine = await made(traefik, here)
    url = f"http://tilt--{slug}.localhost/overview"
    assert (await Through(traefik).asks(url)).status_code == 303
    async with signed_in(traefik, "dana") as dashboard:
        visitor = Through(traefik, dashboard)
        assert (await visitor.follows(url)).text == "tilt GET /overview"
        assert await visitor.hears(f"http://tilt--{slug}.localhost/ws/view", "look") == "tilt heard look"
    assert {each.host for each in machine.tilt.heard} == {"localhost:10350"}, "tilt answers to no other name"
    assert "x-trellis-proof" not in str([each.headers for each in machine.tilt.heard]).lower()
    async with httpx.AsyncClient() as neighbour:
        lied = await neighbour.get(machine.url, headers={"host": f"tilt--{slug}.localhost", "x-trellis-proof": "0" * 64})
    assert lied.status_code == 404


async def test_each_environment_leads_to_its_own_machine(traefik: World, here: Machines) -> None:
    slug, first = await made(traefik, here)
    traefik.lab["second"] = "b" * 40
    second, machine = await made(traefik, here, "second")
    assert (await Through(traefik).asks(f"http://{second}.localhost/x")).text == "ingress GET /x"
    assert [each.path for each in machine.ingress.heard] == ["/x"]
    assert (await Through(traefik).asks(f"http://{slug}.localhost/y")).text == "ingress GET /y"
    assert ([each.path for each in first.ingress.heard], len(machine.ingress.heard)) == (["/y"], 1)
