"""The image that machines are made of: baked each night, taken up where a dead worker left it, told when it fails, pruned when it is spent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.bake import Bake, BakeState
from bot.domain.strays import Kind
from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.images import Image
from tests.conversations.slack import Slack, shown
from tests.fakes.bakery import FakeBakery
from tests.world import World, a_world

NIGHT_S = 24 * 3600.0
REGION = {"region": "eu-west-1", "image_id": "ami-0000aaaa"}


@pytest.fixture
def bakery() -> FakeBakery:
    return FakeBakery()


@pytest.fixture
async def world(tmp_path: Path, bakery: FakeBakery) -> AsyncIterator[World]:
    more: dict[str, Any] = {"terraform": {"variables": REGION}, "image": {"kept": 2, "channel": "C0LAB"}, "sweep": {"region": "eu-west-1"}}
    async with a_world(tmp_path, bakery=bakery, **more) as one:
        bakery.clock = lambda: one.clock.at
        yield one


async def rows(world: World) -> list[Bake]:
    async with world.store.look() as look:
        return list(await look.bakes.recent(100))


async def states(world: World) -> list[str]:
    return [each.state.value for each in await rows(world)]


async def current(world: World) -> str:
    async with world.store.look() as look:
        found = await look.bakes.current()
    return found.image if found else ""


async def night(world: World) -> None:
    world.clock.advance(seconds=NIGHT_S)
    await world.bake()


def failed(why: str = "kind: make the cluster: no space left on device") -> EngineFailed:
    return EngineFailed(StageName.CONFIGURING, why, code="setup_failed")


async def test_the_first_is_baked_at_once_and_then_one_a_night(world: World, bakery: FakeBakery) -> None:
    await world.bake()
    [first] = await rows(world)
    assert (first.state, first.image, first.version) == (BakeState.READY, "ami-00000001", "version1")
    assert bakery.builders == {}, "its builder is gone"
    await world.bake()
    assert len(bakery.started) == 1
    await night(world)
    assert await current(world) == "ami-00000002"
    assert len(bakery.images) == 2


async def test_a_bake_that_fails_keeps_the_last_good_image_and_is_told_until_one_is_good(
    slack: Slack, world: World, bakery: FakeBakery
) -> None:
    await world.bake()
    bakery.failures.append(failed())
    await night(world)
    assert await states(world) == ["failed", "ready"]
    assert (await current(world), bakery.builders, len(bakery.images)) == ("ami-00000001", {}, 1)
    await world.bake()
    [told] = shown(slack.said)
    assert "*The image that machines are made of could not be baked*, seen from eu-west-1: kind: make the cluster: no space left" in told
    assert "Machines are made of the last good one meanwhile. Try again now: trellis image bake" in told
    assert "Alarm: The image that machines are made of could not be baked" in "".join(await world.types("/ivy status"))
    await night(world)
    await world.settle()
    assert "is baked again" in shown(slack.said)[-1]
    assert "Alarm" not in "".join(await world.types("/ivy status"))


async def test_what_was_half_packed_by_a_bake_that_failed_is_taken_away(world: World, bakery: FakeBakery) -> None:
    bakery.fails_at = "packing"
    bakery.failures.append(failed("AWS could not make the image"))
    await world.bake()
    assert (await states(world), bakery.images, bakery.builders) == (["failed"], {}, {})


async def test_a_worker_that_dies_half_way_is_followed_by_one_that_goes_on(world: World, bakery: FakeBakery) -> None:
    for step in ("setting up", "packing"):
        bakery.fails_at = step
        bakery.gate.clear()
        bakery.reached.clear()
        world.clock.advance(seconds=NIGHT_S)
        dying = asyncio.create_task(world.bake())
        async with asyncio.timeout(60):
            await bakery.reached.wait()
        assert await states(world) == ["baking", *["ready"] * (len(bakery.started) - 1)]
        dying.cancel()
        await asyncio.wait({dying})
        bakery.gate.set()
        await world.worker_dies()
        await world.bake()
        assert set(await states(world)) == {"ready"}
        assert bakery.builders == {}
    assert len(bakery.started) == 2, "none was begun anew"


async def test_what_cannot_be_had_now_is_gone_on_with_until_its_time_is_over(world: World, bakery: FakeBakery) -> None:
    bakery.failures.extend([EngineUnavailable("AWS, starting a builder: InsufficientInstanceCapacity")] * 2)
    await world.bake()
    [row] = await rows(world)
    assert (row.state, row.why) == (BakeState.BAKING, "AWS, starting a builder: InsufficientInstanceCapacity")
    await world.bake()
    world.clock.advance(hours=2)
    await world.bake()
    [row] = await rows(world)
    assert (row.state, bakery.builders) == (BakeState.FAILED, {})
    assert row.why == "it was not done in its time (AWS, starting a builder: InsufficientInstanceCapacity)"


async def test_an_account_that_cannot_be_seen_begins_nothing_and_forgets_nothing(world: World, bakery: FakeBakery) -> None:
    await world.bake()
    bakery.is_down = True
    with pytest.raises(EngineUnavailable):
        await night(world)
    assert await states(world) == ["ready"]


async def test_images_beyond_the_kept_go_but_none_that_anything_is_made_of(world: World, bakery: FakeBakery) -> None:
    await world.bake()
    bakery.used = {"ami-00000001"}  # a machine of an environment or a spare
    bakery.images["ami-0000aaaa"] = Image("ami-0000aaaa", "byhand", "version0", 1.0, is_usable=True)  # the one that the settings name
    for _ in range(4):
        await night(world)
    assert sorted(bakery.images) == ["ami-00000001", "ami-00000004", "ami-00000005", "ami-0000aaaa"]
    assert await current(world) == "ami-00000005"
    bakery.used = set()
    await night(world)
    assert sorted(bakery.images) == ["ami-00000005", "ami-00000006", "ami-0000aaaa"]


async def test_an_image_of_after_the_copy_of_the_database_is_adopted_and_one_that_is_gone_is_used_no_more(
    world: World, bakery: FakeBakery
) -> None:
    await world.bake()
    bakery.images["ami-0000bbbb"] = Image("ami-0000bbbb", "later", "version2", world.clock.at + 60, is_usable=True)
    bakery.images["ami-0000cccc"] = Image("ami-0000cccc", "", "", 0.0, is_usable=True)
    await world.bake()
    assert await current(world) == "ami-0000bbbb"
    del bakery.images["ami-0000bbbb"]
    world.clock.advance(hours=1)
    await world.bake()
    assert await current(world) == "ami-00000001"
    assert "ami-0000cccc" in bakery.images, "what has no label of ours is nobody's to take away"


async def test_a_builder_is_known_to_the_look_at_the_account_and_left_over_once_its_bake_is_done(world: World, bakery: FakeBakery) -> None:
    bakery.failures.append(EngineUnavailable("AWS, listing images: RequestLimitExceeded"))
    await world.bake()
    [bake] = await rows(world)
    world.cloud.put("i-builder", bake.id, "image", "")
    await world.sweep_account()
    async with world.store.look() as look:
        assert await look.strays.all() == []
    await world.bake()
    await world.sweep_account()
    async with world.store.look() as look:
        assert [(each.kind, each.subject) for each in await look.strays.all()] == [(Kind.LEFT, "i-builder")]
    for _ in range(5):
        await world.sweep_account()
    assert world.cloud.removed == ["i-builder"]


async def test_many_workers_bake_one(world: World, bakery: FakeBakery) -> None:
    baking = world.parts.baking
    assert baking is not None
    bakery.gate.clear()
    first = asyncio.create_task(baking.look())
    async with asyncio.timeout(60):
        await bakery.reached.wait()
    await world.hire("worker-2", 0.0)
    assert world.parts.baking is not None
    assert await world.parts.baking.look(is_asked=True) is None
    bakery.gate.set()
    await first
    assert len(bakery.started) == 1
