"""A service deployed, followed and taken back by presses alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.chromium.test_life import IS_MARKED, MARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.chromium.conftest import Visit

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser").expect


def press(where: Locator, opens: str, button: str) -> None:
    where.locator("summary", has_text=opens).first.click()
    with where.page.expect_navigation():
        where.get_by_role("button", name=button, exact=True).first.click()


def test_a_service_is_planned_deployed_and_followed_and_goes_on_to_the_next_environment(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.signs_in("dana")
    visit.goes("/services")
    page.get_by_role("link", name="hello", exact=True).first.click()
    press(page.locator("#artifacts"), "Deploy", "Plan for dev")
    expect(page.locator("#past tbody tr").first).to_contain_text("planned")
    expect(page.locator("#where tbody tr").first).to_contain_text("nothing yet")

    press(page.locator("#artifacts"), "Deploy", "Deploy to dev")
    page.evaluate(MARK)
    expect(page.locator("#past tbody tr").first).to_contain_text("succeeded")
    expect(page.locator("#where tbody tr").first).not_to_contain_text("nothing yet")
    assert page.evaluate(IS_MARKED)
    visit.picture("service")

    page.locator("#past .slug").first.click()
    expect(page.locator("#head .badge")).to_have_text("succeeded")
    expect(page.locator("#services")).to_contain_text(re.compile("plan [0-9a-f]{12}"))
    expect(page.locator("#timeline li").first).to_be_visible()
    visit.picture("deploy")

    page.locator("#services h3 a").click()
    press(page.locator("#where"), "Promote", "Promote to staging")
    expect(page.locator("#where tbody tr").nth(1)).not_to_contain_text("nothing yet")
    visit.goes("/services")
    expect(page.locator("main table")).to_contain_text("hello")
    visit.picture("services")


def test_what_prod_gets_waits_for_somebody_else_with_its_plan(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.signs_in("dana")
    visit.goes("/services/s/hello")
    press(page.locator("#artifacts tbody tr").filter(has_not_text="not merged").first, "Deploy", "Deploy to prod")
    expect(page.locator("#past tbody tr").first).to_contain_text("prod")
    page.locator("#past .slug").first.click()
    expect(page.locator("#asking")).to_contain_text("Somebody else who is admin here has to answer")
    expect(page.locator("#asking")).to_be_visible()
    expect(page.locator("#services .changes")).to_be_visible()
    visit.picture("asking")
    visit.goes("/approvals")
    expect(page.locator("main")).to_contain_text("hello")
    visit.picture("approvals")
    page.go_back()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("#head .badge")).to_have_text("cancelled")
