"""Behind the login: a visitor is handed over by the dashboard, once, to the browser that asked, for one host name."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.web.traefik.hand_over import TICKET_S
from tests.browser import Browser, browser, signed_in, signed_in_elsewhere
from tests.traefik.stand import Visitor
from tests.world import World

pytestmark = pytest.mark.long  # each visits a product of its own


async def one(world: World, branch: str = "demo") -> str:
    await world.types(f"/ivy create lab:{branch}", by="dana")
    return next(each.slug for each in await world.environments() if each.branch == branch)


async def ticket_for(visitor: Visitor, url: str) -> str:
    """The address with the ticket, as the dashboard gives it; it was not opened yet."""
    asked = await visitor.asks(url)
    led = await visitor.asks(asked.headers["location"])
    assert led.status_code == 303, led.text
    return str(led.headers["location"])


async def test_whoever_is_signed_in_passes_without_noticing_and_stays(guarded: World) -> None:
    slug = await one(guarded)
    async with signed_in(guarded, "dana") as dashboard:
        visitor = Visitor(guarded, dashboard)
        assert (await visitor.follows(f"http://{slug}.localhost/a?b=c")).text == "one /a?b=c"
        assert set(visitor.cookies[f"{slug}.localhost"]) == {"trellis-env"}
        again = await visitor.asks(f"http://{slug}.localhost/form", "POST")
        assert (again.status_code, again.text) == (200, "one /form")


async def test_who_is_not_signed_in_is_asked_to_and_nothing_reaches_the_environment(guarded: World) -> None:
    slug = await one(guarded)
    async with browser(guarded) as nobody:
        visitor = Visitor(guarded, nobody)
        answer = await visitor.asks((await visitor.asks(f"http://{slug}.localhost/")).headers["location"])
        assert answer.headers["location"].startswith("/login?next=")
    assert visitor.machine.heard == []


async def test_what_is_no_page_is_refused_and_not_led_anywhere(guarded: World) -> None:
    slug, visitor = await one(guarded), Visitor(guarded)
    url = f"http://{slug}.localhost/"
    assert (await visitor.asks(url, "POST")).status_code == 401
    assert (await visitor.asks(url, sec_fetch_mode="cors")).status_code == 401
    assert (await visitor.asks(url, connection="Upgrade", upgrade="websocket")).status_code == 401
    assert visitor.machine.heard == []


async def test_a_ticket_opens_once_for_the_browser_that_asked_and_for_its_host_name(guarded: World) -> None:
    slug = await one(guarded)
    guarded.lab["other"] = "c" * 40
    other = await one(guarded, "other")
    async with signed_in(guarded, "dana") as dashboard:
        visitor, thief = Visitor(guarded, dashboard), Visitor(guarded)
        ticket = await ticket_for(visitor, f"http://{slug}.localhost/")
        await thief.asks(f"http://{slug}.localhost/")  # it has asked, too
        assert (await thief.asks(ticket)).status_code == 403
        await visitor.asks(f"http://{other}.localhost/")
        elsewhere = ticket.replace(slug, other)
        visitor.cookies[f"{other}.localhost"] = dict(visitor.cookies[f"{slug}.localhost"])
        assert (await visitor.asks(elsewhere)).status_code == 403
        assert (await visitor.asks(ticket)).headers["location"] == "/"
        visitor.cookies[f"{slug}.localhost"]["trellis-env-asked"] = "x"
        assert (await visitor.asks(ticket)).status_code == 403, "it is used"
        session = visitor.cookies[f"{slug}.localhost"]["trellis-env"]
        visitor.cookies[f"{other}.localhost"] = {"trellis-env": session}
        assert (await visitor.asks(f"http://{other}.localhost/")).status_code == 303, "one environment's cookie opens no other"


async def test_a_ticket_is_soon_worth_nothing(guarded: World) -> None:
    slug = await one(guarded)
    async with signed_in(guarded, "dana") as dashboard:
        visitor = Visitor(guarded, dashboard)
        ticket = await ticket_for(visitor, f"http://{slug}.localhost/")
        guarded.clock.advance(seconds=TICKET_S + 1)
        assert (await visitor.asks(ticket)).status_code == 403
    assert visitor.machine.heard == []


async def test_no_ticket_signs_in_to_the_dashboard_and_no_sign_in_is_a_ticket(guarded: World) -> None:
    slug = await one(guarded)
    async with signed_in(guarded, "dana") as dashboard, browser(guarded) as nobody:
        ticket = await ticket_for(Visitor(guarded, dashboard), f"http://{slug}.localhost/")
        code = parse_qs(urlsplit(ticket).query)["ticket"][0]
        assert (await nobody.get(f"/login/link/{code}")).status_code == 403


async def test_what_we_did_not_seal_opens_nothing(guarded: World) -> None:
    slug, visitor = await one(guarded), Visitor(guarded)
    for forged in ("", "x", "gAAAAABqAAAA" + "A" * 100, "%00", "%C3%A9", "a&ticket=b"):
        assert (await visitor.asks(f"http://{slug}.localhost/_trellis/enter?ticket={forged}")).status_code == 403
        visitor.cookies[f"{slug}.localhost"] = {"trellis-env": forged}
        assert (await visitor.asks(f"http://{slug}.localhost/")).status_code == 303
    assert visitor.machine.heard == []


async def test_who_may_not_see_it_is_not_handed_over(guarded: World) -> None:
    slug = await one(guarded)

    async def enters(who: Browser, label: str) -> int:
        return (await who.get("/enter", params={"label": label, "to": "/", "asked": "x"})).status_code

    async with signed_in_elsewhere(guarded, "vera", "viewer") as vera, signed_in_elsewhere(guarded, "eve", "nobody") as eve:
        assert await enters(vera, slug) == 303
        assert await enters(vera, f"tilt--{slug}") == 404, "who only looks may not restart things"
        assert await enters(eve, slug) == 404
        for label in ("nobody-abcdef", "", "..", f"{slug}.evil.example", f"{slug}:9999", f"{slug}@evil.example", "a" * 64):
            assert await enters(vera, label) == 404, label


async def test_nobody_is_led_to_another_site(guarded: World) -> None:
    slug = await one(guarded)
    async with signed_in(guarded, "dana") as dashboard:
        for path in ("//evil.example/", "/\\evil.example"):
            visitor = Visitor(guarded, dashboard)
            assert (await visitor.follows(f"http://{slug}.localhost{path}")).text == "one /"


async def test_under_https_cookies_are_of_one_host_and_secure(tmp_path: object, guarded: World) -> None:
    from bot.store.hand_overs import HandOvers
    from bot.web.traefik.hand_over import Gate, LedTo, Place

    place = Place("https", "env.example.net", 0, "https://trellis.example.com")
    gate = Gate(place, HandOvers(guarded.store), b"key", 3600)
    led = await gate.decide({"x-forwarded-host": "demo.env.example.net", "x-forwarded-uri": "/"}, {})
    assert isinstance(led, LedTo)
    assert [name for name, _, _ in led.cookies] == ["__Host-trellis-env-asked"]
    assert led.url.startswith("https://trellis.example.com/enter?label=demo&")
    assert place.url("demo") == "https://demo.env.example.net"
