"""The dashboard: what is shown to whom, what a press does, and that it is the same as saying it in chat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Person, Platform
from bot.web.pages.create import Given, quoted
from bot.web.pages.environment import links_of
from grammar.commands import Create
from grammar.parse import Understood, read
from tests.browser import Browser, browser, signed_in
from tests.store.test_overview import one

if TYPE_CHECKING:
    import httpx

    from tests.world import World

EVIL = 'x"><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>'


def words(answer: httpx.Response) -> str:
    """What the page says, without its markup."""
    from html import unescape

    main = answer.text[answer.text.index("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


async def create(web: Browser, **fields: str) -> httpx.Response:
    return await web.sends("/create", **{"project": "lab", "branch": "demo", **fields})


async def test_a_newcomer_is_told_what_to_do(world: World) -> None:
    async with signed_in(world, "dana") as web:
        answer = await web.get("/")
    assert answer.status_code == 200
    assert "No environments yet" in words(answer)
    assert "/ivy create" in words(answer)


async def test_who_is_not_signed_in_sees_nothing(world: World) -> None:
    async with browser(world) as web:
        for path in (
            "/",
            "/create",
            "/chat",
            "/approvals",
            "/audit",
            "/uptimes",
            "/system",
            "/environments/demo",
            "/environments/demo/logs",
            "/events",
        ):
            answer = await web.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login"), path
        assert (await web.post("/say", data={"line": "/ivy list"})).status_code == 401
        assert "Sign in to Trellis" in (await web.get("/login")).text
    assert await world.command_states() == []


async def test_an_environment_is_made_shown_extended_and_taken_down_by_pressing(world: World) -> None:
    async with signed_in(world, "dana") as web:
        made = await create(web)
        await world.settle()
        environment = await world.environment()
        assert made.status_code == 303
        page = await web.get(f"/environments/{environment.slug}")
        assert "ready in" in words(page)
        assert f"http://{environment.slug}.localhost:8780" in page.text
        assert environment.slug in words(await web.get("/"))

        assert f'value="/ivy extend {environment.slug} 24h"' in page.text
        pressed = await web.sends("/say", line=f"/ivy extend {environment.slug} 24h", back=f"/environments/{environment.slug}")
        await world.settle()
        assert (await world.environment()).expires_at == environment.expires_at + 24 * 3600
        back = await web.get(pressed.headers["location"])
        assert f"{environment.slug} has 24 h more and goes" in words(back)
        assert "extended by 24 h console:dana" in words(back)

        await web.sends("/say", line=f"/ivy terminate {environment.slug}", back="/")
        await world.settle()
        assert await world.environments() == []
        assert "dana asked" in words(await web.get("/?show=past"))
        gone = await web.get(f"/environments/{environment.slug}?id={environment.id}")
        assert "/ivy terminate" not in gone.text
        assert "Why dana asked" in words(gone)


async def test_a_refusal_stands_at_the_form_in_chats_own_words(world: World) -> None:
    async with signed_in(world, "dana") as web:
        refused = await create(web, branch="dmeo", ttl="8h", name=EVIL)
        assert refused.status_code == 422
        assert 'value="8h" selected' in refused.text
        refused = await create(web, branch="dmeo")
        assert refused.status_code == 422
        assert "dana : There is no branch dmeo in lab. Try: /ivy create lab:demo" in words(refused)
        assert 'value="dmeo"' in refused.text
    assert await world.environments() == []


async def test_what_it_would_be_is_told_and_nothing_is_made(world: World) -> None:
    async with signed_in(world, "dana") as web:
        told = await create(web, dry="yes")
        assert (told.status_code, 'value="demo"' in told.text) == (200, True)
        assert "Nothing was made. It would be demo-cd7qqd" in words(told)
    assert await world.environments() == []


async def test_what_has_a_price_shows_it_where_somebody_decides(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.world import a_world

    async with a_world(tmp_path_factory.mktemp("prices"), prices={"small": 0.5}) as world, signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        world.clock.advance(hours=3)
        page = await web.get(f"/environments/{(await world.environment()).slug}")
    assert "Cost €1.50 so far, €0.50 an hour" in words(page)
    assert "+24 h (€12.00)" in words(page)


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text))
def test_whatever_is_typed_in_the_form_is_one_word_of_the_line(text: str) -> None:
    line = Given("lab", "demo", "4h", "small").line.replace('"demo"', quoted(text))
    for found in read(line, "line"):
        assert not isinstance(found, Understood) or (isinstance(found.command, Create) and found.command.ttl == 4 * 3600)


async def test_nobody_sees_what_they_may_not_look_at(world: World) -> None:
    async with world.store.transaction() as transaction:
        assert await transaction.environments.add(one(1, project="shop"))
        assert await transaction.environments.add(one(2, project="forgotten"))
    async with signed_in(world, "dana") as web:
        assert (await web.get(f"/environments/{one(1).slug}")).status_code == 200
        assert (await web.get(f"/environments/{one(2).slug}")).status_code == 404
        assert (await web.get(f"/environments/{one(2).slug}/logs")).status_code == 404
        assert one(2).slug not in (await web.get("/?show=all")).text
        assert one(1).slug in (await web.get("/?show=all")).text


async def test_mine_are_those_of_all_my_accounts(world: World) -> None:
    me, myself = Person(Platform.CONSOLE, "dana", "dana"), Person(Platform.GITHUB, "7", "dana")
    async with world.store.transaction() as transaction:
        assert await transaction.environments.add(one(1, project="shop", owner=myself))
    async with signed_in(world, "dana") as web:
        assert one(1).slug not in (await web.get("/")).text
        async with world.store.transaction() as transaction:
            await transaction.people.join(me, myself)
        assert one(1).slug in (await web.get("/")).text


async def test_a_hostile_branch_is_words_on_every_page(world: World) -> None:
    async with world.store.transaction() as transaction:
        assert await transaction.environments.add(one(1, ref=f"refs/heads/{EVIL}", project="shop", tilt_args=(EVIL,), gone_reason=EVIL))
    async with signed_in(world, "dana") as web:
        slug = one(1).slug
        for path in ("/?show=all", f"/?show=all&text={EVIL}", f"/environments/{slug}", f"/environments/{slug}/logs", "/audit", f"/audit?actor={EVIL}",
                     f"/create?branch={EVIL}", f"/chat?text={EVIL}"):  # fmt: skip
            answer = await web.get(path)
            assert answer.status_code == 200, path
            assert "<script>alert" not in answer.text, path
            assert "<img src=//evil" not in answer.text, path
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy


async def test_no_page_has_script_or_style_of_its_own(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        slug = (await world.environment()).slug
        for path in (
            "/",
            "/?show=past",
            "/create",
            "/chat",
            "/audit",
            "/uptimes",
            "/system",
            f"/environments/{slug}",
            f"/environments/{slug}/logs",
        ):
            page = (await web.get(path)).text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page), path
            assert re.findall(r"<script[^>]*>(.*?)</script>", page) == ["", ""], path


async def test_a_press_without_the_token_of_the_session_does_nothing(world: World) -> None:
    async with signed_in(world, "dana") as web:
        origin = {"origin": "http://trellis.localhost"}
        for data, headers in (
            ({"line": "/ivy create lab:demo"}, origin),
            ({"line": "/ivy create lab:demo", "csrf": "guessed"}, origin),
            ({"line": "/ivy create lab:demo", "csrf": web.csrf}, {"origin": "http://demo-5altct.localhost"}),
        ):
            assert (await web.post("/say", data=data, headers=headers)).status_code == 403
            assert (await web.post("/create", data={**data, "project": "lab", "branch": "demo"}, headers=headers)).status_code == 403
    assert await world.command_states() == []


async def test_the_chat_is_the_console_in_a_browser(world: World) -> None:
    async with signed_in(world, "dana") as web:
        assert "Say what you want" in words(await web.get("/chat"))
        await web.sends("/say", line="list", back="/chat", wait="no")
        await world.settle()
        await web.sends("/say", line="/ivy crate demo", back="/chat", wait="no")
        await world.settle()
        page = await web.get("/chat")
    said = words(page)
    assert said.index("list") < said.index("No environments in all") < said.index("/ivy crate demo") < said.index("That was not understood")
    assert "reason: unknown_verb" in said


async def test_the_audit_log_shows_who_did_what(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        assert "console:dana asked for, at bbbbbbbb" in words(await web.get("/audit"))
        assert "Nothing fits" in words(await web.get("/audit?actor=vera"))
        assert "Nothing fits" in words(await web.get("/audit?environment=nope"))


async def test_operators_see_the_machinery(world: World) -> None:
    async with signed_in(world, "dana") as web:
        assert "flowing" in words(await web.get("/system"))


@pytest.mark.parametrize("world_role", ["viewer"])
async def test_a_viewer_does_not(tmp_path_factory: pytest.TempPathFactory, world_role: str) -> None:
    from tests.world import a_world

    async with a_world(tmp_path_factory.mktemp("viewer"), console_role=world_role) as world, signed_in(world, "vera") as web:
        assert (await web.get("/system")).status_code == 403
        assert "/system" not in (await web.get("/")).text
        await create(web)
        await world.settle()
        assert "You may not run" in words(await web.get("/chat"))


def test_a_link_elsewhere_names_the_environment_and_nothing_else() -> None:
    it = one(1, ref="refs/heads/a&b=c/../d")
    assert links_of({"Grafana": "https://g.example/d?slug={slug}&branch={branch}"}, it) == [
        ("Grafana", f"https://g.example/d?slug={it.slug}&branch=a%26b%3Dc%2F..%2Fd")
    ]


async def test_files_of_ours_are_kept_and_pages_are_not(world: World) -> None:
    async with signed_in(world, "dana") as web:
        page = await web.get("/")
        assert page.headers["cache-control"] == "no-store"
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            file = await web.get(address)
            assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
