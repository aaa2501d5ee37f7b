"""Data: an environment is filled with a dataset, once for each time that somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.environment import State
from provisioner.engine import Dataset, EngineFailed, EngineUnavailable, StageName
from tests.conversations.talk import words
from tests.world import LOCAL, World, a_world

FILE = b"""version: 1
services: {web: {run: python3 app.py}}
seeds:
  orders: {run: ./seed.sh 300, description: 300 orders, within: 5m}
  empty: {run: ./seed.sh 0}
"""
ORDERS = Dataset("orders", "./seed.sh 300", within_s=300)


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """A project whose branches offer two datasets, and its operator a third."""
    lab = {"forge": "local", "clone_url": LOCAL, "seeds": {"big": {"archive": "/srv/seeds/big.tar", "description": "all of March"}}}
    async with a_world(tmp_path, database_url=database_url, projects={"lab": lab}) as world:
        for sha in ("a" * 40, "b" * 40, "c" * 40):
            world.repositories.files[sha] = {".dev-env.yaml": FILE}
        yield world


def loaded(world: World) -> list[str]:
    return [dataset.name for _, dataset in world.engine.seeded]


async def test_who_asks_for_data_hears_of_it_when_it_is_there(world: World) -> None:
    [said] = await world.types("/ivy create demo --seed orders")
    environment = await world.environment()
    assert said.splitlines()[:2] == [
        f"✓ dana: {environment.slug} is ready and has the data orders, loaded in 0.0 s: demo at bbbbbbbb",
        f"  http://{environment.slug}.localhost:8780",
    ]
    assert world.engine.seeded == [(environment.id, ORDERS)]
    card = " ".join((await world.card()).split())
    assert "✓ seeding 0 s" in card
    assert "data orders" in card


async def test_a_push_a_restart_and_a_pause_load_nothing_again(world: World) -> None:
    await world.types("/ivy create demo --seed orders")
    slug = (await world.environment()).slug
    world.lab["demo"] = "c" * 40
    for line in ("/ivy update", "/ivy restart", "/ivy pause", "/ivy resume", "/ivy create demo --seed orders"):
        await world.types(line if "create" in line else f"{line} {slug}")
    assert loaded(world) == ["orders"]
    await world.types(f"/ivy update {slug} --seed orders")
    assert loaded(world) == ["orders", "orders"]


async def test_data_alone_leaves_the_commit_as_it_is(world: World) -> None:
    await world.types("/ivy create demo")
    before = await world.environment()
    await world.types(f"/ivy update {before.slug} --sha {'b' * 40}")
    world.lab["demo"] = "c" * 40
    applied = len(world.engine.applied)
    [said] = await world.types(f"/ivy update {before.slug} --seed empty")
    assert "has the data empty" in said
    after = await world.environment()
    assert (after.running_sha, after.is_pinned, len(world.engine.applied)) == ("b" * 40, True, applied)


async def test_what_is_not_offered_is_refused_with_the_nearest_and_the_list(world: World) -> None:
    assert await world.types("/ivy create demo --seed ordrs") == [
        words(
            """
            ✗ dana: There is no dataset ordrs here; there is:
              - orders: 300 orders
              - empty
              - big: all of March
              Try: /ivy create lab:demo --seed orders
              reason: unknown_dataset
            """
        )
    ]
    assert await world.environments() == []


async def test_the_operators_is_offered_where_the_repository_has_none(world: World) -> None:
    world.repositories.files["b" * 40] = {".dev-env.yaml": b"version: 1\nservices: {web: {run: a}}\n"}
    [said] = await world.types("/ivy create demo --seed orders")
    assert "big: all of March" in said
    assert "reason: unknown_dataset" in said


async def test_one_that_fails_is_told_with_its_last_lines_and_its_services_go_on(world: World) -> None:
    world.engine.seed_failures.append(
        EngineFailed(StageName.STARTING, "loading orders exited with code 3", ("no such table: orders",), "seed_failed")
    )
    [said] = await world.types("/ivy create demo --seed orders")
    environment = await world.environment()
    assert said == words(
        f"""
        ✗ dana: {environment.slug} runs, but the data orders is not in it: loading orders exited with code 3
            no such table: orders
          http://{environment.slug}.localhost:8780
          Its log: /ivy logs {environment.slug} --service seed · again: /ivy update {environment.slug} --seed orders
          reason: seed_failed
        """
    )
    assert (environment.state, environment.failure.stage if environment.failure else "") == (State.READY, "seeding")
    assert "ready, but without the data orders" in await world.card()
    await world.types(f"/ivy retry {environment.slug}")
    after = await world.environment()
    assert (loaded(world), after.failure, after.generation) == (["orders"], None, 1)


async def test_loading_is_stopped_on_request_and_the_rest_goes_on(world: World) -> None:
    world.engine.seed_gate.clear()
    saying = asyncio.create_task(world.types("/ivy create demo --seed orders"))
    while not (there := await world.environments()) or not there[0].is_seeding:
        await asyncio.sleep(0)
    while "ready, its data orders is being loaded" not in await world.card():
        await asyncio.sleep(0)
    slug = there[0].slug
    stopping = asyncio.create_task(world.types(f"/ivy cancel {slug}", thread="other"))
    said = "\n".join([*await saying, *await stopping])
    assert f"{slug} runs, the data orders is not, or only in part, in it: stopped, as asked." in said
    environment = await world.environment()
    assert (environment.state, environment.seeds.is_due, environment.failure) == (State.READY, False, None)
    assert world.engine.unseeded
    assert loaded(world) == []


async def test_an_engine_that_is_away_loads_it_later(world: World) -> None:
    world.engine.seed_failures.extend(EngineUnavailable("the keeper does not answer") for _ in range(2))
    await world.types("/ivy create demo --seed orders")
    for _ in range(3):
        await world.pass_time(seconds=4)
    assert loaded(world) == ["orders"]
    assert (await world.environment()).seeds.loaded == "orders"


async def test_data_that_was_to_be_loaded_waits_for_a_commit_that_runs(world: World) -> None:
    world.engine.fail_next("web exited with code 1")
    [said] = await world.types("/ivy create demo --seed orders")
    assert "did not become ready" in said
    assert loaded(world) == []
    await world.types(f"/ivy retry {(await world.environment()).slug}")
    assert loaded(world) == ["orders"]


async def test_what_is_restored_has_its_data_again(world: World) -> None:
    await world.types("/ivy create demo --seed orders")
    slug = (await world.environment()).slug
    await world.types(f"/ivy terminate {slug}")
    await world.types(f"/ivy restore {slug}")
    assert loaded(world) == ["orders", "orders"]


async def test_a_worker_that_dies_meanwhile_leaves_it_to_the_next(world: World) -> None:
    world.engine.seed_gate.clear()
    saying = asyncio.create_task(world.types("/ivy create demo --seed orders"))
    while not (there := await world.environments()) or not there[0].is_seeding:
        await asyncio.sleep(0)
    saying.cancel()
    await asyncio.wait({saying})
    await world.worker_dies()
    world.engine.seed_gate.set()
    await world.settle()
    assert loaded(world) == ["orders"]
    assert (await world.environment()).seeds.loaded == "orders"


async def test_a_dry_run_says_which_data_there_is(world: World) -> None:
    [said] = await world.types("/ivy create demo --dry-run")
    assert "none; there is orders, empty, big" in said
    [said] = await world.types("/ivy create demo --seed big --dry-run")
    assert "big: all of March" in said


async def test_a_snapshot_is_a_disk_that_is_paid_for_from_then_on(tmp_path: Path) -> None:
    march = {"snapshot": "snap-0123456789abcdef0", "gigabytes": 100, "description": "all of March"}
    lab = {"forge": "local", "clone_url": LOCAL, "seeds": {"march": march}}
    async with a_world(tmp_path, projects={"lab": lab}, prices={"small": 1.0, "gigabyte": 0.01}) as world:
        [said] = await world.types("/ivy create demo --seed march --ttl 10h --dry-run")
        assert "€2.00 per hour" in said
        assert "Its whole time would cost €20.00." in said
        await world.types("/ivy create demo")
        slug = (await world.environment()).slug
        assert "costs €1.00 an hour" in " ".join((await world.card()).split())
        [said] = await world.types(f"/ivy update {slug} --seed march")
        assert "has the data march" in said
        [(_, dataset)] = world.engine.seeded
        assert (dataset.snapshot, dataset.gigabytes, dataset.archive, dataset.run) == ("snap-0123456789abcdef0", 100, "", "")
        assert "costs €2.00 an hour" in " ".join((await world.card()).split())
        await world.pass_time(hours=3)
        [said] = await world.types(f"/ivy cost {slug}")
        assert f"{slug} has cost €6.00: 3 h at €2.00 an hour" in " ".join(said.split())

        world.engine.seed_failures.append(EngineFailed(StageName.STARTING, "loading march: there is no such snapshot", (), "seed_failed"))
        await world.types(f"/ivy update {slug} --seed march")
        [said] = await world.types(f"/ivy cost {slug}")
        assert "at €1.00 an hour" in " ".join(said.split()), "the one that there was is gone, too"
