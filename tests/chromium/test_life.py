"""The life of an environment, seen and pressed: nothing is loaded anew by hand."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.chromium.conftest import Visit

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser").expect

MARK = "window.marked = true"
IS_MARKED = "window.marked === true"


def make(page: Page, branch: str) -> None:
    page.get_by_role("textbox", name="Branch").or_(page.locator("input[name=branch]")).first.fill(branch)
    page.locator("main button.primary").click()


def take_down(page: Page) -> None:
    page.locator("summary", has_text="Terminate").click()
    page.get_by_role("button", name=re.compile("^Terminate ")).click()


def test_from_a_link_to_an_environment_and_back_without_loading_anew(visits: Callable[..., Visit]) -> None:
    visit = visits()
    link = visit.product.trellis("login", "--as", "dana")
    visit.page.goto(re.findall(r"http\S+", link.stdout)[0])
    page = visit.page
    expect(page.get_by_role("heading", name="No environments yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    visit.picture("empty")
    page.get_by_role("button", name="Create the demo").click()
    expect(page.locator("#list .slug")).to_have_text(re.compile("^demo-"))
    page.evaluate(MARK)
    expect(page.locator("#list .badge")).to_have_text("ready")
    assert page.evaluate(IS_MARKED)
    visit.picture("list")

    page.locator("#list .slug").click()
    expect(page.locator("#services")).to_contain_text("healthy")
    expect(page.locator("#lines pre")).to_contain_text("listening on port")
    page.wait_for_timeout(2_500)  # the log has followed at least once
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()
    page.get_by_role("button", name="+24 h").click()
    expect(page.locator("#flash")).to_contain_text("has 24 h more")
    visit.picture("environment")
    take_down(page)
    page.evaluate(MARK)
    expect(page.locator("#head .badge")).to_have_text("gone")
    expect(page.locator("#timeline")).to_contain_text("dana asked")
    assert page.evaluate(IS_MARKED)


def test_the_form_says_what_is_wrong_and_then_follows_the_making(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.signs_in("gina")
    visit.goes("/create")
    make(page, "dmeo")
    expect(page.get_by_role("alert")).to_contain_text("There is no branch dmeo in sample")
    visit.picture("create-refused")
    make(page, "main")
    page.wait_for_url("**/environments/main-*")
    page.evaluate(MARK)
    expect(page.locator("#progress")).to_contain_text("ready in")
    expect(page.locator("#head .badge")).to_have_text("ready")
    assert page.evaluate(IS_MARKED)
    take_down(page)
    expect(page.locator("#head .badge")).to_have_text("gone")


def test_what_somebody_else_does_is_seen_at_once(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.signs_in("vera")
    visit.goes("/?show=all")
    expect(page.locator("#live")).to_have_text("live")
    page.evaluate(MARK)
    assert visit.product.trellis("say", "/ivy create main --name other", "--as", "rita", "--wait").returncode == 0
    row = page.locator("#list tr", has_text="other-")
    expect(row.locator(".badge")).to_have_text("ready")
    expect(row).to_contain_text("rita")
    assert visit.product.trellis("say", "/ivy terminate", "--as", "rita", "--wait").returncode == 0
    expect(row).to_have_count(0)
    assert page.evaluate(IS_MARKED)


def test_it_works_without_script(visits: Callable[..., Visit]) -> None:
    visit = visits(java_script_enabled=False)
    page = visit.signs_in("nora")
    visit.goes("/create")
    make(page, "main")
    page.wait_for_url("**/environments/main-*")
    for _ in range(60):
        if "ready in" in page.locator("#progress").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#progress")).to_contain_text("ready in")
    page.get_by_role("button", name="+4 h").click()
    expect(page.locator("#flash")).to_contain_text("has 4 h more")
    page.locator("summary", has_text="Terminate").click()
    page.get_by_role("button", name=re.compile("^Terminate ")).click()
    visit.goes("/chat")
    page.locator("input[name=line]").fill("/ivy whoami")
    page.get_by_role("button", name="Say").click()
    expect(page.locator("#talk")).to_contain_text("You are nora")


def test_a_hostile_branch_is_only_words(visits: Callable[..., Visit]) -> None:
    visit = visits()
    hostile = 'x"><img/src=x/onerror=alert(1)><script>alert(2)</script>'
    sample = visit.product.folder / ".trellis" / "sample"
    git = ["git", "-C", str(sample)]
    subprocess.run([*git, "branch", hostile.replace("</", "<"), "main"], check=True, capture_output=True)
    page = visit.signs_in("eve")
    visit.goes("/create")
    make(page, hostile.replace("</", "<"))
    page.wait_for_url("**/environments/*")
    expect(page.locator("#progress")).to_contain_text("ready in")
    for path in ("/", "/chat", "/audit", "/create"):
        visit.goes(path)
        page.wait_for_timeout(150)
    assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
    visit.goes("/")
    page.locator("#list .slug").first.click()
    visit.picture("hostile")
    take_down(page)
    expect(page.locator("#head .badge")).to_have_text("gone")


def test_signing_out_ends_what_is_live(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.signs_in("otto")
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    visit.goes("/audit")
    assert "/login" in page.url
    visit.picture("login")
