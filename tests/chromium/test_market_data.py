"""What an environment heard, drawn: seen on a phone, in the dark, by who hears the page read and by keyboard."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.browser import signed_in
from tests.conversations.talk import Talk
from tests.conversations.test_market_data import an_hour_long
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chromium.conftest import Visit

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser").expect
PATH = "/environments/demo-vn4gah"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as the product draws it, of an environment whose certificate is the test's."""
    with ThreadPoolExecutor(1) as beside:  # playwright has this thread's loop
        return beside.submit(asyncio.run, _page(tmp_path_factory.mktemp("world"))).result()


async def _page(folder: Path) -> str:
    async with a_world(folder) as world:
        dana = world.github.user("dana", id=7, right="write")
        await an_hour_long(Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana)))
        async with signed_in(world, "dana") as web:
            return (await web.get(PATH)).text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_what_was_seen_and_lost_can_be_told_apart(visits: Callable[..., Visit], drawn: str, scheme: str, width: int) -> None:
    visit = visits(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = visit.signs_in("lena")
    page.route(f"**{PATH}", lambda route: route.fulfill(body=drawn, content_type="text/html; charset=utf-8"))
    visit.goes(PATH)
    strip = page.get_by_role("img", name="binance.spot.BTCUSDT: 56 min seen, 3 min lost, 1 min not known")
    strip.scroll_into_view_if_needed()
    visit.picture(f"market-data-{scheme}-{width}")
    box = strip.bounding_box()
    assert box is not None
    assert box["width"] > width / 4
    assert not visit.is_wider_than_its_window()
    looks = {
        kind: (
            strip.locator(f".{kind}").first.evaluate("it => getComputedStyle(it).fill"),
            strip.locator(f".{kind}").first.evaluate("it => it.getBoundingClientRect().height"),
        )
        for kind in ("seen", "lost", "unknown")
    }
    assert len({colour for colour, _ in looks.values()}) == 3
    assert len({height for _, height in looks.values()}) == 3, "who sees no colours tells them by their height"
    assert strip.locator(".lost").evaluate("it => it.getBoundingClientRect().width") >= 2
    summary = page.locator("#feed summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#feed li")).to_contain_text("trade 105 to 109: the exchange's own numbers jumped")
