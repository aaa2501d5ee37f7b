"""Requests and commits are a press away from where they are named."""

from __future__ import annotations

import pytest

from bot.domain.forge_pages import ForgePages, github_base
from bot.domain.project import ForgeKind, Project

SHOP = Project("shop", ForgeKind.GITHUB, "42", "acme/shop", "")
TOOLS = Project("tools", ForgeKind.GITLAB, "77", "acme/deep/tools", "")
LAB = Project("lab", ForgeKind.LOCAL, "", "", "/srv/lab.git")
PAGES = ForgePages(
    {each.key: each for each in (SHOP, TOOLS, LAB)}, {ForgeKind.GITHUB: "https://hub.example", ForgeKind.GITLAB: "https://lab.example"}
)


def test_each_forge_has_addresses_of_its_own() -> None:
    assert PAGES.request("shop", 7) == "https://hub.example/acme/shop/pull/7"
    assert PAGES.commit("shop", "4fd1c0e9") == "https://hub.example/acme/shop/commit/4fd1c0e9"
    assert PAGES.request("tools", 9) == "https://lab.example/acme/deep/tools/-/merge_requests/9"
    assert PAGES.commit("tools", "4fd1c0e9") == "https://lab.example/acme/deep/tools/-/commit/4fd1c0e9"


@pytest.mark.parametrize(("project", "number"), [("lab", 7), ("nobody", 7), ("shop", None)])
def test_what_has_no_page_has_no_address(project: str, number: int | None) -> None:
    assert PAGES.request(project, number) == ""


@pytest.mark.parametrize(
    ("api", "people"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://hub.example/api/v3", "https://hub.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_for_people_is_known_by_that_of_the_api(api: str, people: str) -> None:
    assert github_base(api) == people
