"""`trellis spares`, as an operator uses it: on a database that has a past."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app.spares import targets
from bot.cli import parser
from bot.settings import Settings, SettingsError, check
from bot.spares import carry_out
from tests.world import World, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    more: dict[str, Any] = {"spares": {"projects": {"lab": {"small": "1"}}}, "prices": {"currency": "€", "small": 0.5}}
    async with a_world(tmp_path, **more) as one:
        yield one


async def run(world: World, *line: str) -> int:
    return await carry_out(world.settings, world.store, parser().parse_args(["spares", *line]))


async def test_what_is_there_is_listed_and_their_making_stopped_and_begun_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(world, "pause", "--as", "dana", "--reason", "the account is full") == 0
    await world.stock()
    capsys.readouterr()
    await run(world, "list")
    said = capsys.readouterr().out
    assert "dana has stopped their making: the account is full. Again: trellis spares resume" in said
    assert said.splitlines()[2].split() == ["lab", "small", "1", "0", "0", "0"]
    await run(world, "resume")
    await run(world, "resume")
    assert capsys.readouterr().out == "They are made again.\nThey were not stopped.\n"
    await world.stock()
    await run(world, "list")
    assert capsys.readouterr().out.splitlines()[-1].split() == ["lab", "small", "1", "1", "0", "0"]


async def test_past_demand_is_replayed_for_each_target(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3, 6):
        world.lab[f"b{number}"] = f"{number}" * 40
        await world.types(f"/ivy create lab:b{number}")
        world.clock.advance(hours=1)
    line = ("simulate", "--project", "lab", "--days", "1", "--target", "0", "--target", "1", "--fresh-s", "240", "--claim-s", "20")
    await run(world, *line, "--make-s", "60")
    head, _, _, none, one = capsys.readouterr().out.splitlines()[:5]
    assert head == "lab, small: 3 asked for in 1 days. Without a spare 240 s, from one 20 s; one is made in 60 s."
    assert none.split()[:8] == ["0", "0", "of", "3", "240", "s", "240", "s"]
    assert one.split()[:8] == ["1", "3", "of", "3", "20", "s", "20", "s"]
    assert one.split()[-1] == "€12.00", "one or another was paid for all day"


async def test_what_was_never_measured_has_to_be_said(world: World) -> None:
    with pytest.raises(SettingsError, match="--fresh-s: nothing of the kind was measured here"):
        await run(world, "simulate", "--project", "lab")
    with pytest.raises(SettingsError, match="--project: which one\\? shop, tools, lab"):
        await run(world, "simulate")
    with pytest.raises(SettingsError, match="--target: 'x' names no number"):
        await run(world, "simulate", "--project", "lab", "--target", "x")


async def test_what_was_measured_is_gone_by(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.types("/ivy create lab:main")
    await world.stock()
    await world.types("/ivy create lab:demo")
    world.clock.advance(hours=1)
    capsys.readouterr()
    await run(world, "simulate", "--project", "lab")
    said = capsys.readouterr().out
    assert said.startswith("lab, small: 2 asked for in 30 days. Without a spare 0 s, from one 0 s; one is made in 0 s.\n")
    assert len([line for line in said.splitlines() if " of 2  " in line]) == 6


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"engine": "local", "spares": {"projects": {"lab": {"small": "1"}}}}, "warm spares need TRELLIS_ENGINE=terraform"),
        ({"engine": "terraform", "spares": {"projects": {"x": {"small": "1"}}}}, "TRELLIS_SPARES__PROJECTS__X: there is no project x"),
        (
            {"engine": "terraform", "spares": {"projects": {"lab": {"small": "many"}}}},
            "TRELLIS_SPARES__PROJECTS__LAB__SMALL: 'many' names no number",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(more: dict[str, Any], why: str) -> None:
    projects: Any = {"lab": {"forge": "local", "clone_url": "/srv/lab"}}
    settings = Settings(projects=projects, **more)
    with pytest.raises(SettingsError, match=why):
        check(settings)
        targets(settings)
