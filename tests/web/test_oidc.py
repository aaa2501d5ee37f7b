"""Signing in with a provider: a round trip that nobody else can end, and tokens that must be right in everything."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from bot.app.engines import Place
from bot.app.web import web_app
from bot.domain.message import Person, Platform
from bot.settings import OidcSettings
from tests.browser import Browser
from tests.fakes.oidc import CLIENT_ID, CLIENT_SECRET, FakeOidc, Wrong

if TYPE_CHECKING:
    from tests.world import World

pytestmark = pytest.mark.long

HOME = "http://trellis.localhost:8700"


@pytest.fixture
def provider() -> Iterator[FakeOidc]:
    with FakeOidc() as made:
        yield made


@asynccontextmanager
async def browsing(world: World, provider: FakeOidc, public_url: str = "", **more: Any) -> AsyncIterator[Browser]:
    """A browser of a Trellis where one signs in with the provider; nobody is signed in."""
    values = {"issuer": provider.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "label": "Work", **more}
    sign_in = world.settings.sign_in.model_copy(update={"oidc": {"work": OidcSettings(**values)}})
    settings = world.settings.model_copy(update={"sign_in": sign_in, "public_url": public_url})
    app = web_app(settings, world.store, Place(world.engine, world.repositories))
    async with app.router.lifespan_context(app), Browser(transport=httpx.ASGITransport(app), base_url=public_url or HOME) as made:
        yield made


async def _sets_out(web: Browser, next_: str = "/") -> str:
    answer = await web.get("/login/with/work", params={"next": next_})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def _comes_back(web: Browser, back: str) -> httpx.Response:
    return await web.get(back)


async def test_a_round_trip_signs_in_and_leads_back(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider, role="developer") as web:
        page = await web.get("/login?next=/chat")
        assert "Sign in with Work" in page.text
        back = provider.signs_in(await _sets_out(web, "/chat"), email="dana@acme.example", email_verified=True)
        answer = await _comes_back(web, back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/chat")
        who = (await web.get("/api/v1/whoami")).json()
        assert who["person"]["platform"] == "web"
        assert who["person"]["id"].startswith("oidc~")
        assert who["person"]["name"] == "Dana"
        assert who["projects"] == ["lab", "shop", "tools"]
        assert "trellis-local-sign-in" not in web.cookies


async def test_who_somebody_is_follows_from_issuer_and_subject_alone(world: World, provider: FakeOidc) -> None:
    ids = []
    for claims in (
        {"sub": "1", "email": "a@x.example"},
        {"sub": "1", "name": "Renamed", "email": "b@x.example"},
        {"sub": "2", "email": "a@x.example"},
    ):
        async with browsing(world, provider) as web:
            await _comes_back(web, provider.signs_in(await _sets_out(web), **claims))
            ids.append((await web.get("/api/v1/whoami")).json()["person"]["id"])
    assert ids[0] == ids[1] != ids[2]


async def test_a_stranger_who_signs_in_sees_nothing(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider) as web:
        await _comes_back(web, provider.signs_in(await _sets_out(web)))
        assert (await web.get("/api/v1/whoami")).json()["projects"] == []


async def test_groups_give_roles(world: World, provider: FakeOidc) -> None:
    more: dict[str, Any] = {"groups": {"platform": "admin", "dev": "developer"}, "role": "nobody", "groups_claim": "teams"}
    for groups, role, projects in (
        (["dev"], "developer", 3),
        (["dev", "platform"], "admin", 3),
        (["other"], "nobody", 0),
        ("dev", "nobody", 0),
    ):
        async with browsing(world, provider, **more) as web:
            await _comes_back(web, provider.signs_in(await _sets_out(web), sub=str(groups), teams=groups))
            who = (await web.get("/api/v1/whoami")).json()
            assert len(who["projects"]) == projects
            async with world.store.look() as look:
                assert await look.web_role(who["person"]["id"]) == role


async def test_configuration_and_forges_give_roles_too(world: World, provider: FakeOidc) -> None:
    """A person by id, as `whoami` tells it, and an account on a forge that was joined: each by what it may do there."""
    world.github.user("dana", id=7, right="write")
    async with browsing(world, provider) as web:
        await _comes_back(web, provider.signs_in(await _sets_out(web), sub="named"))
        named = (await web.get("/api/v1/whoami")).json()["person"]["id"]
        await _comes_back(web, provider.signs_in(await _sets_out(web), sub="joined"))
        joined = (await web.get("/api/v1/whoami")).json()["person"]["id"]
    async with world.store.transaction() as transaction:
        await transaction.people.join(Person(Platform.GITHUB, "7", "dana"), Person(Platform.WEB, joined, "Dana"))
    world.settings.people[f"web:{named}"] = "viewer"
    for subject, projects in (("named", ["lab", "shop", "tools"]), ("joined", ["shop"])):
        async with browsing(world, provider) as web:
            await _comes_back(web, provider.signs_in(await _sets_out(web), sub=subject))
            assert (await web.get("/api/v1/whoami")).json()["projects"] == projects


async def test_only_hosted_domains_that_are_listed(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider, domains="acme.example, other.example") as web:
        for claims in ({}, {"hd": "evil.example"}, {"email": "x@acme.example"}):
            answer = await _comes_back(web, provider.signs_in(await _sets_out(web), **claims))
            assert answer.status_code == 403
            assert "not of a domain" in answer.text
        assert (await _comes_back(web, provider.signs_in(await _sets_out(web), hd="ACME.example"))).status_code == 303


async def test_a_way_back_works_once_and_for_the_browser_that_set_out(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider) as web:
        back = provider.signs_in(await _sets_out(web))
        jar = dict(web.cookies)
        web.cookies.clear()
        assert (await _comes_back(web, back)).status_code == 403  # somebody else's browser is led there
        web.cookies.update(jar)
        assert (await _comes_back(web, back)).status_code == 403  # and then it is worth nothing
        web.cookies.clear()
        back = provider.signs_in(await _sets_out(web))
        jar = dict(web.cookies)
        assert (await _comes_back(web, back)).status_code == 303
        web.cookies.update(jar)
        assert (await _comes_back(web, back)).status_code == 403
        web.cookies.clear()
        back = provider.signs_in(await _sets_out(web))
        world.clock.advance(seconds=601)
        assert (await _comes_back(web, back)).status_code == 403
        for query in ("", "?state=x", "?code=x", "?state=x&code=x", "?error=access_denied"):
            assert (await web.get(f"/login/back/work{query}")).status_code == 403
        assert (await web.get("/login/with/other")).status_code == 404
        assert (await web.get("/login/back/other?state=x&code=x")).status_code == 403


async def test_a_way_back_that_names_another_issuer_or_an_error_is_refused(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider) as web:
        for more in ("&iss=https://evil.example", "&error=access_denied"):
            assert (await _comes_back(web, provider.signs_in(await _sets_out(web)) + more)).status_code == 403
        assert (await _comes_back(web, provider.signs_in(await _sets_out(web)) + f"&iss={provider.url}")).status_code == 303


async def test_it_leads_nowhere_else(world: World, provider: FakeOidc) -> None:
    for given in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"):
        async with browsing(world, provider) as web:
            answer = await _comes_back(web, provider.signs_in(await _sets_out(web, given)))
            assert answer.headers["location"] == "/"


def _unsigned(issuer: str) -> str:
    def part(text: str) -> str:
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    claims = f'{{"iss":"{issuer}","aud":"{CLIENT_ID}","sub":"1","iat":1,"exp":9999999999}}'
    header = part('{"alg":"none"}')
    return f"{header}.{part(claims)}."


WRONG = {
    "another issuer": Wrong({"iss": "https://evil.example"}),
    "another audience": Wrong({"aud": "another-client"}),
    "several audiences, for another": Wrong({"aud": [CLIENT_ID, "x"], "azp": "x"}),
    "over": Wrong({"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}),
    "of tomorrow": Wrong({"iat": int(time.time()) + 86_400}),
    "another nonce": Wrong({"nonce": "replayed"}),
    "no nonce": Wrong(left_out=("nonce",)),
    "no subject": Wrong(left_out=("sub",)),
    "an empty subject": Wrong({"sub": ""}),
    "a subject that is no text": Wrong({"sub": 7}),
    "no end": Wrong(left_out=("exp",)),
    "no audience": Wrong(left_out=("aud",)),
    "another key": Wrong(key=RSAKey.generate_key(2048, {"kid": "first"})),
    "no token": Wrong(raw="x"),
    "another access token": Wrong({"at_hash": "x"}),
}


@pytest.mark.parametrize("name", [*WRONG, "unsigned"])
async def test_a_token_that_is_wrong_in_anything_is_refused(world: World, provider: FakeOidc, name: str) -> None:
    provider.wrong = WRONG[name] if name in WRONG else Wrong(raw=_unsigned(provider.url))
    async with browsing(world, provider) as web:
        assert (await _comes_back(web, provider.signs_in(await _sets_out(web)))).status_code == 403
        assert (await web.get("/api/v1/whoami")).status_code == 401


async def test_keys_may_change(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider) as web:
        await _comes_back(web, provider.signs_in(await _sets_out(web)))
        provider.rotate("second")
        assert (await _comes_back(web, provider.signs_in(await _sets_out(web)))).status_code == 303


async def test_a_provider_that_is_away_or_calls_itself_otherwise_is_said(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider) as web:
        provider.fail_next("description", 500)
        answer = await web.get("/login/with/work")
        assert answer.status_code == 503
        assert "Work does not answer now" in answer.text
        provider.issuer_says = "https://evil.example"
        assert (await web.get("/login/with/work")).status_code == 503
        provider.issuer_says = None
        back = provider.signs_in(await _sets_out(web))
        provider.fail_next("token", 500)
        assert (await _comes_back(web, back)).status_code == 403


async def test_under_https_the_cookie_of_the_round_trip_is_bound_to_the_host(world: World, provider: FakeOidc) -> None:
    async with browsing(world, provider, "https://trellis.example.com") as web:
        answer = await web.get("/login/with/work")
        assert answer.headers["set-cookie"].startswith("__Host-trellis-sign-in=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "redirect_uri=https%3A%2F%2Ftrellis.example.com%2Flogin%2Fback%2Fwork" in answer.headers["location"]
        assert (await _comes_back(web, provider.signs_in(answer.headers["location"]))).headers["set-cookie"]
        elsewhere = await web.get("/login/with/work", headers={"host": "trellis.localhost"})
        assert elsewhere.headers["location"] == "https://trellis.example.com/login"
