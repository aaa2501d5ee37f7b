"""Under which names there is a dashboard, and what browsers are told of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bot.app.engines import Place
from bot.app.web import web_app

if TYPE_CHECKING:
    from tests.world import World


async def _get(world: World, path: str, host: str, **more: str) -> httpx.Response:
    app = web_app(world.settings.model_copy(update=more), world.store, Place(world.engine, world.repositories))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://trellis.localhost") as web:
        return await web.get(path, headers={"host": host})


ELSEWHERE = (
    "demo-abc.localhost:8780",
    "evil.example",
    "trellis.localhost.evil.example",
    "localhost.evil.example",
    "",
    "trellis",
    "[::ffff:7f00:1]",
)


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_no_page_is_shown_under_another_name(world: World, host: str) -> None:
    for path in ("/", "/login", "/api/v1/environments", "/static/x", "/login/link/x"):
        assert (await _get(world, path, host)).status_code == 421
    assert (await _get(world, "/healthz", host)).status_code == 200


@pytest.mark.parametrize("host", ["trellis.localhost", "trellis.localhost:8700", "TRELLIS.localhost.", "trellis.localhost.:1"])
async def test_pages_are_shown_under_the_own_name(world: World, host: str) -> None:
    assert (await _get(world, "/login", host)).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8700", "localhost:8700", "[::1]:8700"])
async def test_this_machine_leads_to_the_own_name(world: World, host: str) -> None:
    answer = await _get(world, "/login?next=%2Fx", host)
    assert (answer.status_code, answer.headers["location"]) == (307, "http://trellis.localhost:8700/login?next=%2Fx")
    assert (await _get(world, "/api/none", host)).status_code == 404


async def test_with_a_public_address_pages_are_there(world: World) -> None:
    public = "https://trellis.example.com"
    assert (await _get(world, "/login", "trellis.example.com", public_url=public)).status_code == 200
    assert (await _get(world, "/login", "trellis.localhost", public_url=public)).status_code == 200
    assert (await _get(world, "/login", "x.trellis.example.com", public_url=public)).status_code == 421


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/healthz", "/api/v1/nothing"])
async def test_every_answer_says_how_it_may_be_shown(world: World, path: str) -> None:
    headers = (await _get(world, path, "trellis.localhost")).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
