"""A worker that takes over from a dead one finds the keeper at work, and lets it go on with that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from provisioner.engine import Service, StaleFence
from tests.provisioner.house import WEB, Keeper, Notes, Repository, eventually, spec_of


def lines(keeper: Keeper, name: str) -> list[str]:
    found: list[Path] = list(keeper.data.glob(f"environments/*/home/{name}"))
    return found[0].read_text().split() if found else []


@pytest.mark.parametrize(
    ("build", "run"),
    [("echo b >> $HOME/begun; sleep 1; echo b >> $HOME/ended", WEB.run), (None, f"sh -c 'echo s >> $HOME/begun; sleep 1; exec {WEB.run}'")],
)
async def test_what_is_under_way_is_not_begun_again(keeper: Keeper, repository: Repository, build: str | None, run: str) -> None:
    spec = spec_of(repository, repository.commit("one"), Service("web", run, build=build))
    first = asyncio.create_task(keeper.engine.apply(spec, 1, Notes()))
    await eventually(lambda: lines(keeper, "begun"))
    access = await keeper.engine.apply(spec, 2, Notes())
    with pytest.raises(StaleFence):
        await first
    assert access.generation == 1
    assert len(lines(keeper, "begun")) == 1
    async with keeper.client() as client:
        assert await client.get("demo") == (200, "one /")


async def test_a_restart_is_made_once_for_each_number(keeper: Keeper, repository: Repository) -> None:
    run = f"sh -c 'echo s >> $HOME/begun; exec {WEB.run}'"
    await keeper.engine.apply(spec_of(repository, repository.commit("one"), Service("web", run)), 1, Notes())
    for number in (1, 1, 2, 1):
        await keeper.engine.restart("env-1", None, 1, number)
    assert len(lines(keeper, "begun")) == 3
    await keeper.engine.restart("env-1", None, 1)
    assert len(lines(keeper, "begun")) == 4
