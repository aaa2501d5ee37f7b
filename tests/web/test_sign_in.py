"""Signing in by a link of this machine, staying signed in, and out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select

from bot.app.engines import Place
from bot.app.web import web_app
from bot.store.web_tables import sign_in_codes, web_sessions
from bot.web.session import User, Visitor, csrf_of, form_of, local_path
from tests.browser import browser, link_for, signed_in

if TYPE_CHECKING:
    from tests.world import World


def _app(world: World) -> FastAPI:
    app = web_app(world.settings, world.store, Place(world.engine, world.repositories))

    @app.get("/whoami")
    async def whoami(user: User) -> str:
        return f"{user.person.platform}:{user.person.id}:{user.person.name}:{user.method}"

    @app.post("/change")
    async def change(request: Request, user: User) -> str:
        return f"{user.person.id} said {(await form_of(request)).get('text', '')}"

    @app.post("/perhaps")
    async def perhaps(visitor: Visitor) -> bool:
        return visitor is not None

    @app.get("/api/whoami")
    async def api_whoami(user: User) -> str:
        return user.person.id

    return app


@pytest.fixture
def world_with_pages(world: World) -> World:
    """The product with some pages of the test's."""
    world.web._transport = httpx.ASGITransport(_app(world))
    return world


async def test_a_link_signs_in_once(world_with_pages: World) -> None:
    world = world_with_pages
    path = await link_for(world, "Dana")
    async with browser(world) as web:
        answer = await web.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("trellis-local=")
        assert cookie.split("; ", 1)[1] == "HttpOnly; Max-Age=604800; Path=/; SameSite=lax"
        assert (await web.get("/whoami")).json() == "console:dana:Dana:local"
        assert (await web.get("/login?next=/whoami")).headers["location"] == "/whoami"
        async with browser(world) as other:
            again = await other.get(path)
            assert again.status_code == 403
            assert "set-cookie" not in again.headers
            assert (await other.get("/whoami")).status_code == 303


async def test_a_link_is_for_this_machine_and_for_some_minutes(world_with_pages: World) -> None:
    world = world_with_pages
    path = await link_for(world, "dana")
    for headers in ({"x-forwarded-for": "192.0.2.1"}, {"forwarded": "for=192.0.2.1"}):
        assert (await world.web.get(path, headers=headers)).status_code == 403
    world.clock.advance(seconds=15 * 60 + 1)
    assert (await world.web.get(path)).status_code == 403
    assert (await world.web.get("/login/link/guessed")).status_code == 403


async def test_only_the_owner_of_the_data_folder_gets_a_link(world: World) -> None:
    answer = await world.web.post("/console/sign-in", json={"person": "dana"}, headers={"authorization": "Bearer guessed"})
    assert answer.status_code == 401
    token = (world.settings.data_dir / "console.token").read_text()
    for name in ("", "../x", "a b", "x" * 41):
        bad = await world.web.post("/console/sign-in", json={"person": name}, headers={"authorization": f"Bearer {token}"})
        assert bad.status_code == 422


async def test_whoever_is_not_signed_in_is_led_to_the_page_for_it_and_back(world_with_pages: World) -> None:
    async with browser(world_with_pages) as web:
        assert (await web.get("/whoami?a=b&c=d")).headers["location"] == "/login?next=%2Fwhoami%3Fa%3Db%26c%3Dd"
        page = await web.get("/login?next=%2Fwhoami")
        assert page.status_code == 200
        assert "<code>trellis open</code>" in page.text
        assert (await web.post("/change", data={"text": "x"})).status_code == 401
        api = await web.get("/api/whoami")
        assert (api.status_code, api.headers["content-type"], api.headers["www-authenticate"]) == (
            401,
            "application/problem+json",
            "Bearer",
        )
        assert api.json()["code"] == "not_signed_in"


async def test_a_session_ends(world_with_pages: World) -> None:
    world = world_with_pages
    async with signed_in(world, "dana") as web:
        kept = dict(web.cookies)
        assert (await web.post("/logout")).status_code == 403  # any page may send that form
        out = await web.sends("/logout")
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        assert not web.cookies
        web.cookies.update(kept)
        assert (await web.get("/whoami")).status_code == 303
    async with signed_in(world, "dana") as web:
        world.clock.advance(hours=167)
        assert (await web.get("/whoami")).status_code == 200
        world.clock.advance(hours=2)
        assert (await web.get("/whoami")).status_code == 303


async def test_signing_in_begins_a_new_session_and_ends_the_one_before(world_with_pages: World) -> None:
    world = world_with_pages
    async with signed_in(world, "dana") as web:
        before = dict(web.cookies)
        await web.get(await link_for(world, "erin"))
        assert dict(web.cookies) != before
        assert (await web.get("/whoami")).json() == "console:erin:erin:local"
        async with browser(world) as other:
            other.cookies.update(before)
            assert (await other.get("/whoami")).status_code == 303
        async with browser(world) as fixed:  # a cookie that somebody else planted is never taken up
            fixed.cookies.set("trellis-local", "planted")
            await fixed.get(await link_for(world, "dana"))
            assert fixed.cookies.get("trellis-local", domain="trellis.localhost") != "planted"


async def test_nothing_that_opens_a_door_is_in_the_tables(world_with_pages: World) -> None:
    world = world_with_pages
    path = await link_for(world, "dana")
    async with signed_in(world, "erin") as web:
        secrets = {path.rpartition("/")[2], *dict(web.cookies).values(), web.csrf}
    async with world.store.look() as look:
        rows = [str(row) for table in (web_sessions, sign_in_codes) for row in await look.connection.execute(select(table))]
    assert len(rows) == 2
    assert not [secret for secret in secrets if any(secret in row for row in rows)]


async def test_a_change_comes_from_a_page_of_ours(world_with_pages: World) -> None:
    ours = "http://trellis.localhost"
    async with signed_in(world_with_pages, "dana") as web, signed_in(world_with_pages, "erin") as other:
        good = {"text": "hi", "csrf": web.csrf}
        assert (await web.post("/change", data=good, headers={"origin": ours})).json() == "dana said hi"
        by_script = {"origin": ours, "x-csrf-token": web.csrf}
        assert (await web.post("/change", json={"text": "hi"}, headers=by_script)).json() == "dana said hi"
        for fields in (
            {**good, "csrf": ""},
            {"text": "hi"},
            {**good, "csrf": other.csrf},
            {**good, "csrf": "ü"},
            {**good, "csrf": web.csrf[:-1]},
        ):
            assert (await web.post("/change", data=fields, headers={"origin": ours})).status_code == 403
        for origin in (
            "http://demo-abc.localhost:8780",
            "http://evil.example",
            "null",
            "https://trellis.localhost",
            "http://trellis.localhost:8780",
        ):
            assert (await web.post("/change", data=good, headers={"origin": origin})).status_code == 403
            assert (await web.post("/perhaps", data=good, headers={"origin": origin})).status_code == 403
        assert (await web.post("/change", data=good)).status_code == 403
        assert (await web.post("/change", content=b"text=hi", headers={"origin": ours, "content-type": "text/plain"})).status_code == 415


async def test_under_https_the_cookie_is_bound_to_the_host(world: World) -> None:
    settings = world.settings.model_copy(update={"public_url": "https://trellis.example.com"})
    app = web_app(settings, world.store, Place(world.engine, world.repositories))
    path = await link_for(world, "dana")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://trellis.example.com") as web:
        answer = await web.get(path)
        assert answer.headers["set-cookie"].startswith("__Host-trellis=")
        assert answer.headers["set-cookie"].split("; ", 1)[1] == "HttpOnly; Max-Age=604800; Path=/; SameSite=lax; Secure"
        assert "domain" not in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        out = await web.post(
            "/logout", data={"csrf": csrf_of(web.cookies["__Host-trellis"])}, headers={"origin": "https://trellis.example.com"}
        )
        assert out.status_code == 303
        assert "Secure" in out.headers["set-cookie"]


@pytest.mark.parametrize(
    "given",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/a\nb",
        "/\x00",
        "/\\/evil",
        "javascript:1",
        "/" + "x" * 2000,
    ],
)
def test_signing_in_leads_nowhere_else(given: str) -> None:
    assert local_path(given) == "/"


def test_signing_in_leads_back() -> None:
    assert local_path("/environments/demo-abc?tab=logs") == "/environments/demo-abc?tab=logs"
