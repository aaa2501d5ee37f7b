"""Who gets the configuration, what is in it, and that it costs nothing while nothing happens."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.domain.environment import State
from bot.store import routing
from bot.store.routing import Routed
from bot.web.traefik.routes import Routes
from provisioner.traefik.central import Central, Leads, Route, configuration
from tests.traefik.reader import Reader
from tests.traefik.stand import MACHINE, TRAEFIK
from tests.world import World, a_world

_PATH = "/traefik/configuration"
GOLDEN = Path(__file__).parent / "golden"


async def test_without_a_token_it_is_for_this_machine(traefik: World) -> None:
    assert (await traefik.web.get(_PATH)).status_code == 200
    assert (await traefik.web.get(_PATH, headers={"x-forwarded-for": "9.9.9.9"})).status_code == 403
    assert (await traefik.web.get(_PATH, headers={"host": "evil.example"})).status_code == 403


async def test_with_a_token_it_is_for_who_names_it(tmp_path: Path) -> None:
    async with a_world(tmp_path, traefik={**TRAEFIK, "token": "let-me-in"}, is_alone=True) as world:
        assert (await world.web.get(_PATH)).status_code == 403
        assert (await world.web.get(_PATH, headers={"authorization": "Bearer let-me-on"})).status_code == 403
        assert (await world.web.get(_PATH, headers={"authorization": "Bearer let-me-in", "host": "10.0.0.5:8700"})).status_code == 200


async def test_where_no_traefik_is_configured_there_is_nothing(world: World) -> None:
    assert (await world.web.get(_PATH)).status_code == 404
    assert (await world.web.get("/traefik/auth")).status_code == 404


async def test_nothing_is_read_again_while_nothing_happens(traefik: World) -> None:
    await traefik.types("/ivy create lab:demo")
    first = await traefik.web.get(_PATH)
    with patch.object(routing, "routed", side_effect=AssertionError("the rows were read")):
        same = await traefik.web.get(_PATH)
        known = await traefik.web.get(_PATH, headers={"if-none-match": first.headers["etag"]})
    assert (same.content, same.headers["etag"]) == (first.content, first.headers["etag"])
    assert (known.status_code, known.content) == (304, b"")
    await traefik.types("/ivy pause")
    after = await traefik.web.get(_PATH, headers={"if-none-match": first.headers["etag"]})
    assert after.status_code == 200
    assert after.headers["etag"] != first.headers["etag"]


def test_what_is_served_is_as_it_was_read_over_by_somebody() -> None:
    central = Central("env.example.net", "http://10.20.0.5:8700", ("websecure",))
    routes = [
        Route("demo-1", ("demo-1", "api--demo-1"), "http://10.20.1.7:80", proof="00ff"),
        Route("rising-1", ("rising-1",), "http://10.20.0.5:8700", Leads.WAITING),
        Route("asleep-1", ("asleep-1",), "http://10.20.1.9:80", Leads.PAUSED),
    ]
    assert configuration(central, routes) == json.loads((GOLDEN / "central.json").read_text())


@pytest.mark.parametrize("label", ["a`) || Host(`b", "A", "a.b", "-a", "", "a" * 64, "a b", "é", "a\n"])
def test_what_is_no_label_gets_no_route(label: str) -> None:
    central = Central("env.example.net", "http://t")
    assert set(configuration(central, [Route("demo", (label,), MACHINE)])["http"]["routers"]) == {"nobody"}
    assert set(configuration(central, [Route(label, ("demo",), MACHINE)])["http"]["routers"]) == {"nobody"}


@pytest.mark.parametrize(
    "upstream", ["", "10.0.0.1", "file:///etc/passwd", "http://a b", "http://u:p@10.0.0.1", "http://10.0.0.1/path", "http://[::1"]
)
def test_what_is_no_address_gets_no_route(upstream: str) -> None:
    assert set(configuration(Central("d.test", "http://t"), [Route("demo", ("demo",), upstream)])["http"]["routers"]) == {"nobody"}


async def test_addresses_of_other_domains_and_names_of_others_make_no_label(traefik: World) -> None:
    routes = Routes(traefik.store, Central("env.example.net", "http://t"), b"key", "http://127.0.0.1:8780")
    urls = (
        "https://demo.env.example.net",
        "https://api--demo.env.example.net",
        "https://victim.env.example.net",
        "https://api--demo.evil.example",
    )
    assert routes.route(Routed("1", "demo", State.READY, urls, MACHINE)).labels == ("demo", "api--demo")


def test_a_service_that_calls_itself_tilt_does_not_come_in_the_place_of_tilts_page() -> None:
    central = Central("d.test", "http://t", login=False)
    routers = configuration(central, [Route("demo", ("demo", "tilt--demo"), MACHINE, proof="00")])["http"]["routers"]
    assert routers["env-demo"]["rule"] == "Host(`demo.d.test`)"
    assert routers["tilt-demo"]["middlewares"] == ["clean", "login", "proof-demo"]


async def test_each_of_a_thousand_routes_is_one_that_traefik_takes(traefik: World) -> None:
    rows = [Routed(str(n), f"env-{n}", State.READY, (f"http://env-{n}.localhost",), MACHINE) for n in range(1000)]
    routes = Routes(traefik.store, Central("localhost", "http://t"), b"key", "http://127.0.0.1:8780")
    Reader(json.loads(routes.body(rows)), traefik.web)
