"""Warm spares: claimed by who asks next, made behind everybody's requests, replaced when they are stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from bot.domain.environment import Size, State
from bot.domain.spares import Spare, SpareState
from bot.meters import REGISTRY
from bot.store.rows import struct_of
from bot.store.spare_tables import spares as table
from bot.store.tables import environments
from provisioner.engine import EngineUnavailable
from tests.world import World, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, spares={"projects": {"lab": {"small": "2"}}}) as one:
        one.lab |= {f"b{number}": f"{number:x}" * 40 for number in range(3, 9)}
        yield one


async def rows(world: World) -> list[Spare]:
    async with world.store.look() as look:
        found = (await look.connection.execute(select(table).order_by(table.c.created_at, table.c.id))).mappings()
        return [struct_of(each, Spare) for each in found]


async def states(world: World) -> list[str]:
    return [each.state.value for each in await rows(world)]


async def stocked(world: World, rounds: int = 2) -> list[Spare]:
    for _ in range(rounds):
        await world.stock()
    return await rows(world)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_who_asks_next_gets_the_oldest_spare_and_it_is_replaced(world: World) -> None:
    first, second = await stocked(world)
    before = counted("trellis_spare_claims_total", size="small", outcome="spare")
    [said] = await world.types("/ivy create lab:demo")
    assert said.startswith("✓ dana: demo-")
    row = await world.environment()
    assert (row.id, row.state, row.branch) == (first.id, State.READY, "demo")
    assert world.engine.from_spares == [first.id]
    assert await states(world) == ["claimed", "ready"]
    assert counted("trellis_spare_claims_total", size="small", outcome="spare") == before + 1
    assert "from a machine that was ready" in "\n".join(await world.types(f"/ivy why {row.slug}"))
    await world.stock()
    assert await states(world) == ["claimed", "ready", "ready"]
    assert second.id in world.engine.prepared


async def test_without_a_spare_a_fresh_one_is_made_as_ever(world: World) -> None:
    before = counted("trellis_spare_claims_total", size="small", outcome="dry")
    [said] = await world.types("/ivy create lab:demo")
    assert said.startswith("✓ dana: demo-")
    assert world.engine.from_spares == []
    assert counted("trellis_spare_claims_total", size="small", outcome="dry") == before + 1


async def test_of_another_size_or_project_none_is_claimed(world: World) -> None:
    await stocked(world)
    await world.types("/ivy create lab:demo --size large")
    dana = world.github.user("dana", id=7, right="write")
    await world.says("/ivy create", by=dana, on=world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
    world.repositories.files["3" * 40] = {".dev-env.yaml": b"version: 1\nsize: medium\nservices:\n  web:\n    run: ./web\n"}
    await world.types("/ivy create lab:b3")
    assert await states(world) == ["ready", "ready"]
    assert len(world.engine.running) == 3


async def test_what_is_only_looked_at_and_what_is_refused_claims_nothing(world: World) -> None:
    await stocked(world)
    await world.types("/ivy create lab:demo --dry-run")
    await world.types("/ivy create lab:nothing")
    await world.types("/ivy create lab:demo")
    await world.types("/ivy create lab:demo")  # the one there is
    assert (await states(world)).count("claimed") == 1


async def test_a_restored_one_is_made_of_a_spare_too(world: World) -> None:
    await world.types("/ivy create lab:demo")
    slug = (await world.environment()).slug
    await world.types(f"/ivy terminate {slug}")
    [spare, _] = await stocked(world)
    await world.types(f"/ivy restore {slug}")
    assert (await world.environment()).id == spare.id


async def test_what_is_old_or_of_another_image_is_taken_down_and_made_anew(world: World) -> None:
    old = await stocked(world)
    world.engine.made_of = "image-2"
    await stocked(world)
    assert sorted(world.engine.destroyed) == sorted(each.id for each in old)
    assert [each.image for each in await rows(world) if each.state is SpareState.READY] == ["image-2"] * 2
    await world.pass_time(hours=12)
    await world.types("/ivy create lab:demo")
    assert world.engine.from_spares == [], "it had run out, though nobody had looked"
    await stocked(world, 3)
    ended = [(each.state.value, each.why) for each in await rows(world)]
    assert ended == [("gone", "image")] * 2 + [("gone", "old")] * 2 + [("ready", "")] * 2


async def test_none_is_begun_while_somebody_waits_for_a_place(world: World) -> None:
    await world.types("/ivy create lab:demo")
    world.store.ringer = _nobody  # no worker hears of what follows
    async with world.store.transaction() as transaction:
        [row] = await transaction.environments.live()
        await transaction.edit(msgspec.structs.replace(row, generation=row.generation + 1))
    assert world.parts.spares is not None
    await world.parts.spares.look()
    assert await states(world) == []
    await world.settle()
    await world.stock()
    assert await states(world) == ["ready"]


async def _nobody(_: object) -> None:
    return None


async def test_spares_are_made_beside_what_somebody_has_in_hand(world: World) -> None:
    """Ten can be made at once: one that is being made stops nobody."""
    world.engine.gate.clear()
    typing = asyncio.create_task(world.types("/ivy create lab:demo"))
    await world.engine.reached.wait()
    assert world.parts.spares is not None
    await world.parts.spares.look()
    assert await states(world) == ["ready"]
    world.engine.gate.set()
    await typing


async def test_one_that_cannot_be_made_is_tried_again_later(world: World) -> None:
    world.engine.failures.extend([EngineUnavailable("no capacity")] * 2)
    await world.stock()
    await world.stock()
    assert [(each.state.value, each.troubles) for each in await rows(world)] == [("making", 1), ("making", 1)]
    assert (await world.environments(), world.engine.prepared) == ([], {})
    world.clock.advance(seconds=2)
    [a, b] = await stocked(world)
    assert (a.state, b.state, a.troubles) == (SpareState.READY, SpareState.READY, 0)


async def test_what_a_dead_worker_has_begun_is_taken_up_by_the_next(world: World) -> None:
    async with world.store.transaction() as transaction:
        for id_, state in (("half", SpareState.MAKING), ("going", SpareState.RETIRING)):
            known = {"project": "lab", "engine": "local", "size": Size.SMALL, "image": "image-1"}
            await transaction.spares.add(Spare(id=id_, state=state, created_at=transaction.now, **known))  # type: ignore[arg-type]
    await stocked(world)
    assert "half" in world.engine.prepared
    assert world.engine.destroyed == ["going"]
    assert sorted(await states(world)) == ["gone", "ready", "ready"]


async def test_one_that_was_half_made_when_a_new_image_came_is_none_of_it_and_made_anew(world: World) -> None:
    world.engine.failures.extend([EngineUnavailable("no capacity")] * 2)
    await stocked(world)
    half = await rows(world)
    assert [(each.state, each.image) for each in half] == [(SpareState.MAKING, "image-1")] * 2
    world.engine.made_of = "image-2"
    world.clock.advance(seconds=2)
    await stocked(world)
    assert sorted(world.engine.destroyed) == sorted(each.id for each in half)
    ended = sorted((each.state.value, each.image, each.why) for each in await rows(world))
    assert ended == [("gone", "image-1", "image")] * 2 + [("ready", "image-2", "")] * 2


async def test_spares_count_for_no_quota_and_stand_in_no_list(tmp_path: Path) -> None:
    async with a_world(tmp_path, spares={"projects": {"lab": {"small": "2"}}}, limits={"environments": 1}) as world:
        await stocked(world)
        assert await world.environments() == []
        assert (await world.types("/ivy create lab:demo"))[0].startswith("✓")


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_spare_is_never_taken_for_an_environment_that_nobody_knows(world: World, is_known: bool) -> None:
    """Not when a database from before does not know it either: then it gets a row, and goes as what is stale."""
    ids = [each.id for each in await stocked(world)]
    if not is_known:
        async with world.store.transaction() as transaction:
            await transaction.connection.execute(table.delete())
    for _ in range(3):
        await world.reconcile()
    assert await world.environments() == []
    assert world.engine.destroyed == []
    assert await states(world) == ["ready", "ready"]
    await stocked(world, 3)
    assert sorted(world.engine.destroyed) == ([] if is_known else sorted(ids))
    assert len(world.engine.prepared) == 2


async def test_one_that_was_claimed_after_the_backup_is_adopted_and_not_claimed_again(world: World) -> None:
    await stocked(world)
    await world.types("/ivy create lab:demo")
    row = await world.environment()
    async with world.store.transaction() as transaction:
        await transaction.connection.execute(environments.delete())
        await transaction.connection.execute(table.update().where(table.c.id == row.id).values(state="ready", claimed_at=None))
    await world.reconcile()
    assert (await states(world)).count("claimed") == 1
    await world.reconcile()
    assert (await world.environment()).id == row.id
    assert world.engine.destroyed == []


async def test_one_that_should_be_gone_and_is_not_is_removed_after_two_looks(world: World) -> None:
    [one, _] = await stocked(world)
    async with world.store.transaction() as transaction:
        await transaction.spares.move(one.id, SpareState.READY, SpareState.GONE, gone_at=transaction.now)
    await world.reconcile()
    assert world.engine.destroyed == []
    await world.reconcile()
    assert world.engine.destroyed == [one.id]
