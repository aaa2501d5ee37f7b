"""The Traefik on a machine: names become what the cluster's ingress knows, tilt's page opens to a proof, everything else is 404."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from provisioner.setup.command import ROLES
from provisioner.traefik import instance
from provisioner.traefik.instance import Machine
from provisioner.traefik.names import PROOF
from tests.traefik.reader import Answered, Forwarded, Reader
from tests.traefik.rules import Asked

GOLDEN = Path(__file__).parent / "golden"
PROOF_HERE = "0f" * 32
ONE = Machine("demo-1", "env.example.net", {"demo-1": "web.localhost", "api--demo-1": "api.localhost"}, 8080, PROOF_HERE)


def reader() -> Reader:
    return Reader(instance.dynamic(ONE), httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500))), "http")


def test_what_it_is_told_is_as_it_was_read_over_by_somebody() -> None:
    assert instance.dynamic(ONE) == json.loads((GOLDEN / "instance.json").read_text())
    assert instance.static() == json.loads((ROLES / "roles/traefik/files/traefik.yaml").read_text())
    assert instance.static()["api"] == {"dashboard": False, "insecure": False}


@pytest.mark.parametrize(("host", "known_as"), [("demo-1", "web.localhost"), ("api--demo-1", "api.localhost")])
async def test_a_service_is_asked_by_the_name_that_the_ingress_knows(host: str, known_as: str) -> None:
    taken = await reader().take(Asked(f"{host}.env.example.net", "/a", headers={PROOF.lower(): PROOF_HERE}))
    assert isinstance(taken, Forwarded)
    assert (taken.url, taken.asked.host, taken.asked.path) == ("http://127.0.0.1:8080", known_as, "/a")
    assert PROOF.lower() not in taken.asked.headers, "no service learns it from us"


async def test_tilts_page_opens_to_the_proof_only() -> None:
    tilt = "tilt--demo-1.env.example.net"
    taken = await reader().take(Asked(tilt, "/overview", headers={PROOF.lower(): PROOF_HERE}))
    assert isinstance(taken, Forwarded)
    assert taken.url == "http://127.0.0.1:10350"
    for headers in ({}, {PROOF.lower(): ""}, {PROOF.lower(): "0f" * 31 + "00"}):
        assert await reader().take(Asked(tilt, headers=headers)) == Answered(404, "404 page not found")


@pytest.mark.parametrize("host", ["other.env.example.net", "10.20.1.7", "localhost:10350", "web.localhost", "traefik.env.example.net", ""])
async def test_any_other_name_is_404(host: str) -> None:
    assert await reader().take(Asked(host, headers={PROOF.lower(): PROOF_HERE})) == Answered(404, "404 page not found")


def test_a_service_that_calls_itself_tilt_is_not_reached_under_tilts_name() -> None:
    one = Machine("demo-1", "env.example.net", {"demo-1": "web.localhost", "tilt--demo-1": "tilt.localhost"}, 8080, "")
    assert set(instance.dynamic(one)["http"]["routers"]) == {"demo-1"}
