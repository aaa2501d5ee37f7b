"""Budgets: what is spent this month stops what is new, and says until when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.world import a_world

PRICES = {"currency": "€", "small": 1.0, "large": 10.0}


@pytest.mark.parametrize(
    ("budgets", "sentence"),
    [
        ({"month": 30}, "All environments together have cost €30.00 this month, and the budget month is €30.00."),
        ({"projects": {"lab": 30}}, "This project has cost €30.00 this month, and the budget projects.lab is €30.00."),
        ({"per_person": 30}, "You have spent €30.00 this month, and the budget per_person is €30.00."),
    ],
)
async def test_a_budget_that_is_spent_stops_creates_until_the_month_is_over(tmp_path: Path, budgets: dict[str, Any], sentence: str) -> None:
    async with a_world(tmp_path, prices=PRICES, budgets=budgets, time_zone="UTC") as world:
        world.clock.at = 1_796_083_200.0  # the first of a month
        await world.types("/ivy create lab:demo --size large --ttl 96h")
        assert (await world.types("/ivy create lab:main --dry-run"))[0].startswith("•")
        await world.pass_time(hours=3)
        said = " ".join((await world.types("/ivy create lab:main"))[0].split())
        assert sentence in said
        assert "Nothing new is made before 2027-01-01 00:00 UTC." in said
        assert "reason: over_budget" in said
        assert (await world.types("/ivy create lab:main --dry-run"))[0].startswith("✗"), "what could not be made is said beforehand"
        assert len(world.engine.running) == 1, "what runs goes on"
        world.clock.at = 1_798_761_600.0 + 60  # the next month; what there was is long gone
        await world.settle()
        [*_, said] = await world.types("/ivy create lab:main")
        assert said.startswith("✓")


async def test_what_others_and_other_projects_cost_stops_nobody(tmp_path: Path) -> None:
    budgets = {"projects": {"shop": 1}, "per_person": 1}
    async with a_world(tmp_path, prices=PRICES, budgets=budgets) as world:
        await world.types("/ivy create lab:demo", by="eve")
        await world.pass_time(hours=3)
        assert (await world.types("/ivy create lab:main", by="dana"))[0].startswith("✓")
        assert "over_budget" in (await world.types("/ivy create lab:main --name x", by="eve"))[0]


async def test_spares_cost_until_they_are_claimed_and_stop_before_people_do(tmp_path: Path) -> None:
    more: dict[str, Any] = {"prices": PRICES, "budgets": {"month": 10}, "spares": {"projects": {"lab": {"small": "1"}}}}
    async with a_world(tmp_path, **more) as world:
        await world.stock()
        await world.pass_time(hours=8)
        [said] = await world.types("/ivy cost --team lab")
        assert "lab: €8.00 so far this month" in said
        assert "warm spares" in said
        assert (await world.types("/ivy create lab:demo"))[0].startswith("✓")
        await world.stock()
        assert world.engine.prepared == {}, "80% of the budget is spent: none is made any more"
        await world.pass_time(hours=2)
        assert "over_budget" in (await world.types("/ivy create lab:main"))[0]
