"""The audit log: who did what and who was denied what, for admins, filtered and a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.domain.command import Event
from tests.api import api_of
from tests.browser import signed_in
from tests.web.test_pages import words
from tests.world import a_world

if TYPE_CHECKING:
    from tests.world import World


@pytest.fixture
async def two_roles(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """dana is an admin; everybody else in a terminal may only look."""
    people = {"console:dana": "admin"}
    async with a_world(tmp_path_factory.mktemp("audit"), console_role="viewer", people=people) as world:
        await world.types("/ivy create lab:demo", by="dana")
        await world.types("/ivy terminate demo-cd7qqd --force", by="vera")
        await world.types("/ivy extend demo-cd7qqd 900h", by="dana")
        yield world


async def test_denied_attempts_are_shown_with_what_was_said_and_the_rule(two_roles: World) -> None:
    async with signed_in(two_roles, "dana") as web:
        denied = words(await web.get("/audit?denied=yes"))
        assert "console:vera refused ivy terminate: not_allowed" in denied
        assert "/ivy terminate demo-cd7qqd --force · rule changing · in a terminal demo-cd7qqd lab" in denied
        assert "over_cap" not in denied  # refused, but for no lack of rights
        assert "over_cap" in words(await web.get("/audit?kind=refused"))


async def test_whoever_calls_themselves_what_the_account_is_told_too(two_roles: World) -> None:
    async with signed_in(two_roles, "dana") as web:
        assert 'title="console:dana">console:dana' in (await web.get("/audit?kind=created")).text
    [created] = (await (await api_of(two_roles)).gets("/audit", kind="created"))["events"]
    assert created["data"]["person"] == "console:dana"


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("", True),
        ("actor=vera", True),
        ("actor=console:vera", True),
        ("actor=dana", False),
        ("project=lab", True),
        ("project=shop", False),
        ("environment=demo-cd7qqd", True),
        ("kind=created", False),
    ],
)
async def test_it_is_filtered(two_roles: World, query: str, is_there: bool) -> None:
    async with signed_in(two_roles, "dana") as web:
        said = words(await web.get(f"/audit?{query}"))
        api = (await (await api_of(two_roles)).gets("/audit", **dict([query.split("=")] if query else [])))["events"]
    assert ("refused ivy terminate: not_allowed" in said) is is_there
    assert any(each["data"].get("code") == "not_allowed" for each in api) is is_there


async def test_it_goes_on_where_the_page_before_ended(two_roles: World) -> None:
    async with two_roles.store.transaction() as transaction:
        for number in range(150):
            data: dict[str, str | int | float | bool | None] = {"words": f"ivy list {number}", "code": "not_allowed", "person": "web:eve"}
            await transaction.note(Event(at=transaction.now, kind="refused", actor="web:eve", data=data))
    async with signed_in(two_roles, "dana") as web:
        first = await web.get("/audit?denied=yes&actor=web:eve")
        assert [first.text.count("refused ivy list"), "ivy list 149" in first.text, "ivy list 49:" in first.text] == [100, True, False]
        [older] = [each.split('"')[0] for each in first.text.split('href="') if each.startswith("/audit?") and "before=" in each]
        rest = await web.get(older.replace("&amp;", "&"))
        assert [rest.text.count("refused ivy list"), "ivy list 49:" in rest.text, "Older" in rest.text] == [50, True, False]
    api = await api_of(two_roles)
    page = await api.gets("/audit", denied=True, actor="web:eve", limit=200)
    assert [len(page["events"]), page["next"]] == [150, 0]


async def test_it_is_for_admins_and_the_timeline_is_for_all(two_roles: World) -> None:
    async with signed_in(two_roles, "vera") as web:
        refused = await web.get("/audit")
        assert (refused.status_code, "This page is for operators" in words(refused)) == (403, True)
        page = await web.get("/environments/demo-cd7qqd")
        assert "/audit" not in page.text
        assert "asked for, at bbbbbbbb console:dana" in words(page)
        assert "not_allowed" not in words(page)
    assert await (await api_of(two_roles, "vera")).refused("GET", "/audit") == (403, "not_allowed")
