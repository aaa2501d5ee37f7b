"""How it looks and is handled: on a phone, in the dark, by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.chromium.conftest import Visit
    from tests.running import Running

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser").expect

PAGES = (
    "/",
    "/?show=all",
    "/?show=past",
    "/create",
    "/chat",
    "/approvals",
    "/audit",
    "/cost",
    "/uptimes",
    "/services",
    "/services/groups",
    "/services/environments",
    "/deploys",
    "/system",
    "/environments/main-{hash}",
    "/nowhere",
)


@pytest.fixture(scope="module")
def slug(product: Running) -> Iterator[str]:
    """An environment to look at."""
    said = product.trellis("say", "/ivy create main --name a-rather-long-name-for-one", "--as", "lena", "--wait")
    yield said.stdout.split(": ", 1)[1].split(" ", 1)[0]
    product.trellis("say", "/ivy terminate", "--as", "lena", "--wait")


def pages(slug: str) -> list[str]:
    return [f"/environments/{slug}" if "{hash}" in each else each for each in PAGES] + [f"/environments/{slug}/logs"]


def test_no_page_is_wider_than_a_phone(visits: Callable[..., Visit], slug: str) -> None:
    visit = visits(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    visit.signs_in("lena")
    for path in pages(slug):
        visit.goes(path)
        visit.page.wait_for_timeout(100)
        assert not visit.is_wider_than_its_window(), path
        visit.picture("phone" + path.replace("/", "-").replace("?", "-"))


def _paper(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def _lightness(colour: str) -> float:
    numbers = [float(each) for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(numbers) / 3


def test_it_is_dark_where_dark_is_wanted_and_a_press_changes_that_for_good(visits: Callable[..., Visit], slug: str) -> None:
    visit = visits(color_scheme="dark")
    page = visit.signs_in("lena")
    assert _lightness(_paper(page)) < 60
    for path in pages(slug)[:13]:
        visit.goes(path)
        visit.picture("dark" + path.replace("/", "-").replace("?", "-"))
    page.locator("#theme").click()
    assert _lightness(_paper(page)) > 200
    page.reload()
    assert _lightness(_paper(page)) > 200


def test_everything_is_reached_by_keyboard(visits: Callable[..., Visit], slug: str) -> None:
    visit = visits()
    page = visit.signs_in("lena")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    expect(page.locator("main a.slug").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/environments/{slug}")
    page.keyboard.press("t")
    page.wait_for_url("**/chat")
    page.keyboard.type("/ivy status")
    page.keyboard.press("Enter")
    expect(page.locator("#talk .heard").last).to_contain_text("One environment here")
    page.keyboard.press("ArrowUp")
    expect(page.locator("input[name=line]")).to_have_value("/ivy status")
    visit.picture("chat")
    visit.goes("/")
    page.keyboard.press("/")
    expect(page.locator("input[type=search]")).to_be_focused()
    page.keyboard.type("nothing-like-it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()


def test_a_line_to_try_is_typed_already_and_waits_to_be_read(visits: Callable[..., Visit], slug: str) -> None:
    visit = visits()
    page = visit.signs_in("lena")
    visit.goes(f"/environments/{slug}")
    page.locator("#progress a.say").first.click()
    page.wait_for_url("**/chat?text=*")
    expect(page.locator("input[name=line]")).to_have_value(f"/ivy extend {slug}")
    assert "has 24 h more" not in page.locator("#talk").inner_text()


def test_the_chat_follows_what_goes_on(visits: Callable[..., Visit], slug: str) -> None:
    visit = visits()
    page = visit.signs_in("carl")
    visit.goes("/chat")
    expect(page.locator("#live")).to_have_text("live")
    page.locator("input[name=line]").fill("/ivy create demo --name carls")
    page.keyboard.press("Enter")
    expect(page.locator("#talk .said").last).to_have_text("/ivy create demo --name carls")
    expect(page.locator("#talk")).to_contain_text("is ready after")
    page.locator("input[name=line]").fill("/ivy crate demo")
    page.keyboard.press("Enter")
    expect(page.locator("#talk")).to_contain_text("That was not understood")
    visit.picture("chat-talk")
    visit.product.trellis("say", "/ivy terminate", "--as", "carl", "--wait")
    page.locator("input[name=line]").fill("/ivy terminate")
    page.keyboard.press("Enter")
    expect(page.locator("#talk")).to_contain_text("is gone")
    for path in ("/system", "/uptimes", "/audit"):
        visit.goes(path)
        visit.picture("page" + path.replace("/", "-"))
