"""What it costs, said the same in chat, on the page and by the API, to those who may look there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.domain.message import Person, Platform
from tests.api import api_of
from tests.browser import signed_in
from tests.web.test_pages import words
from tests.world import a_world

if TYPE_CHECKING:
    from tests.world import World

BAN_ON_COST = """
@id("money-is-private")
@reason("the money of shop is not shown")
forbid (principal, action == Action::"ivy cost", resource == Project::"tools");
"""


@pytest.fixture
async def priced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("cost")
    (folder / "more.cedar").write_text(BAN_ON_COST)
    groups = {"payments": {"members": "console:gina", "role": "viewer"}}
    prices = {"small": 0.5}
    async with a_world(folder, prices=prices, groups=groups, policy_more=folder / "more.cedar") as world:
        await world.types("/ivy create lab:demo", by="dana")
        await world.types("/ivy create lab:main", by="gina")
        async with world.store.transaction() as transaction:
            await transaction.people.join(Person(Platform.CONSOLE, "gina", "gina"), Person(Platform.CONSOLE, "gigi", "gigi"))
        await world.pass_time(hours=4)
        await world.types("/ivy create lab:demo --name second", by="gigi")
        await world.pass_time(hours=2)
        yield world


async def test_a_team_hears_what_it_spent(priced: World) -> None:
    [answer] = await priced.types("/ivy cost --team lab")
    assert [" ".join(each.split()) for each in answer.splitlines() if "─" not in each] == [
        "• lab: €7.00 so far this month, €7.25 by its end at the pace of the last seven days. Last month:",
        "€0.00.",
        "project environments last month so far forecast",
        "lab 3 €0.00 €7.00 €7.25",
        "person environments last month so far forecast",
        "gigi 2 €0.00 €4.00 €4.14",
        "dana 1 €0.00 €3.00 €3.11",
    ]


async def test_a_group_is_its_people_under_all_their_accounts(priced: World) -> None:
    [answer] = await priced.types("/ivy cost --team payments")
    assert "payments: €4.00 so far this month" in answer
    assert "dana" not in answer
    [mine] = await priced.types("/ivy cost --mine", by="gigi")
    assert "€4.00 so far for what you own" in mine


async def test_an_unknown_team_is_told_the_nearest(priced: World) -> None:
    [answer] = await priced.types("/ivy cost --team payment")
    assert "There is no group or project payment. Try: /ivy cost --team payments" in " ".join(answer.split())
    [answer] = await priced.types("/ivy cost --team tools")  # there is one, whose money is not shown
    assert "There is no group or project tools." in answer
    [answer] = await priced.types("/ivy cost demo-cd7qqd --team lab")
    assert "reason: conflict" in answer


async def test_the_page_and_the_api_say_the_same(priced: World) -> None:
    async with signed_in(priced, "dana") as web:
        page = await web.get("/cost")
        shown = words(page)
        assert "This month so far €7.00 By its end, at the pace of the last 7 days €7.25 Last month €0.00" in shown
        assert "lab 3 €0.00 €7.00 €7.25" in shown
        assert "gigi 2 €0.00 €4.00 €4.14 dana 1 €0.00 €3.00 €3.11" in shown
        assert page.text.count("<rect") == 30
        assert ">Cost</a>" in page.text
        assert "€7.00" not in words(await web.get("/cost?project=shop"))
    found = await (await api_of(priced)).gets("/costs")
    assert (found["currency"], found["total"]["so_far"], len(found["days"])) == ("€", 7.0, 30)
    assert [(each["name"], each["so_far"]) for each in found["people"]] == [("gigi", 4.0), ("dana", 3.0)]
    assert (await (await api_of(priced)).gets("/costs", project="shop"))["total"]["environments"] == 0


async def test_without_prices_nothing_is_reckoned(world: World) -> None:
    async with signed_in(world, "dana") as web:
        assert "No size has a price" in words(await web.get("/cost"))
    assert await world.types("/ivy cost --team all") == ["• No size has a price here, and so nothing is reckoned."]


async def test_who_may_look_nowhere_sees_no_money(priced: World) -> None:
    found = await (await api_of(priced, Person(Platform.GITHUB, "666", "mallory"))).gets("/costs")
    assert (found["total"]["so_far"], found["projects"], found["people"]) == (0, [], [])
