"""Merged main goes by itself to where the operator says so; nobody is overrun by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bot.domain.deployment import DeploymentState, Slot
from bot.domain.message import Person, Platform
from tests.conversations.talk import Talk
from tests.deploys import built, deployments, slot
from tests.world import World, a_world

PLACES = {"dev": {"continuous": ["pay", "web"]}, "staging": {}, "prod": {"after": "staging", "continuous": ["pay"]}}
S = DeploymentState


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, deploy={"environments": PLACES}) as made:
        yield made


@pytest.fixture
def dana(world: World) -> Talk:
    user = world.github.user("dana", id=7, right="write")
    return Talk(world, user, world.github.pull_request("acme/shop", number=12, branch="demo", author=user))


async def _merges(world: World, *commits: str) -> None:
    """They are on main, and GitHub tells of it."""
    for each in commits:
        world.github.merges(world.shop, each.ljust(40, "0"))
        world.clock.advance(seconds=5)
    await world.deliver("github", world.github.pushes(world.shop, "main", commits[-1].ljust(40, "0")))


async def test_what_is_merged_goes_where_it_is_to_go_and_nowhere_else(world: World) -> None:
    artifact = await built(world, "pay", "4fd1", is_merged=False)
    await built(world, "tool", "6fd1")
    await _merges(world, "4fd1")
    there = await slot(world, "pay", "dev")
    assert there is not None
    assert (there.artifact_id, there.claimed_by) == (artifact.id, "")
    for place in ("staging", "prod"):  # prod asks another person, and nobody asked
        assert await deployments(world, "pay", place) == []
    assert await deployments(world, "tool", "dev") == []
    await _merges(world, "4fd1")
    assert len(await deployments(world, "pay")) == 1


@pytest.mark.long
async def test_what_has_run_where_it_must_goes_on_to_the_next(tmp_path: Path, database_url: str) -> None:
    places = {"dev": {"continuous": ["pay"]}, "staging": {"after": "dev", "continuous": ["pay"]}, "late": {"after": "staging"}}
    async with a_world(tmp_path, database_url=database_url, deploy={"environments": places}) as world:
        good = await built(world, "pay", "4fd1", is_merged=False)
        await _merges(world, "4fd1")
        there = await slot(world, "pay", "staging")
        assert there is not None
        assert there.artifact_id == good.id
        assert await deployments(world, "pay", "late") == []
        await built(world, "pay", "5fd1", program="never healthy", is_merged=False)
        await _merges(world, "5fd1")
        assert len(await deployments(world, "pay", "dev")) == 2
        assert [each.artifact_id for each in await deployments(world, "pay", "staging")] == [good.id]


async def test_of_many_the_newest_goes_and_those_that_wait_make_room(world: World) -> None:
    await built(world, "pay", "1fd1", is_merged=False)
    world.runner.gate.clear()
    await world.deliver("github", world.github.pushes(world.shop, "main", "9" * 40), settle=False)
    world.github.merges(world.shop, "1fd1".ljust(40, "0"))
    await world.parts.mains.moved(world.parts.projects["shop"])
    for commit in ("2fd1", "3fd1"):
        world.clock.advance(seconds=5)
        await built(world, "pay", commit, is_merged=False)
        world.github.merges(world.shop, commit.ljust(40, "0"))
        await world.parts.mains.moved(world.parts.projects["shop"])
    world.runner.gate.set()
    await world.settle()
    ended = {each.artifact_id: each.state for each in await deployments(world, "pay")}
    async with world.store.look() as look:
        by_commit = {(await look.artifacts.several([id_]))[id_].commit[:4]: state for id_, state in ended.items()}
    assert by_commit["3fd1"] is S.SUCCEEDED
    assert by_commit["2fd1"] is S.CANCELLED
    assert set(by_commit) == {"1fd1", "2fd1", "3fd1"}


async def test_a_slow_build_of_an_older_commit_does_not_take_main_back(world: World) -> None:
    old = await built(world, "pay", "1fd1", is_merged=False)
    world.github.merges(world.shop, "1fd1".ljust(40, "0"))
    world.clock.advance(seconds=60)
    new = await built(world, "pay", "2fd1", is_merged=False)
    await _merges(world, "2fd1")
    there = await slot(world, "pay", "dev")
    assert there is not None
    assert there.artifact_id == new.id != old.id


async def _has(world: World, **more: object) -> None:
    async with world.store.transaction() as transaction:
        there = await transaction.slots.get("pay", "dev") or Slot(service="pay", environment="dev")
        await transaction.slots.save(msgspec.structs.replace(there, **more))


async def test_a_hold_and_a_beta_are_left_alone(world: World) -> None:
    first = await built(world, "pay", "1fd1", is_merged=False)
    await _merges(world, "1fd1")
    await _has(world, held_by=Person(Platform.GITHUB, "7", "dana"), held_reason="rolled back", held_at=1.0)
    await built(world, "pay", "2fd1", is_merged=False)
    await _merges(world, "2fd1")
    await _has(world, held_by=None, held_reason="", held_at=None, is_beta=True, beta_request=12, beta_project="shop")
    await built(world, "pay", "3fd1", is_merged=False)
    await _merges(world, "3fd1")
    assert [each.artifact_id for each in await deployments(world, "pay")] == [first.id]


async def test_what_failed_is_not_tried_again_by_itself(world: World) -> None:
    await built(world, "pay", "1fd1", program="never healthy", is_merged=False)
    await _merges(world, "1fd1")
    await _merges(world, "1fd1")
    [only] = await deployments(world, "pay")
    assert only.state in {S.FAILED, S.ROLLED_BACK}


async def test_learning_of_a_merge_while_deploying_elsewhere_begins_it_too(world: World, dana: Talk) -> None:
    await built(world, "pay", "1fd1", is_merged=False)
    world.github.merges(world.shop, "1fd1".ljust(40, "0"))
    assert "runs `1fd10000` in **staging**" in (await dana.says("/sled deploy pay --to staging"))[-1]
    assert [each.state for each in await deployments(world, "pay", "dev")] == [S.SUCCEEDED]


async def test_what_was_merged_while_it_was_held_goes_when_it_is_let_go(world: World, dana: Talk) -> None:
    await built(world, "pay", "1fd1", is_merged=False)
    await _merges(world, "1fd1")
    await _has(world, held_by=Person(Platform.GITHUB, "7", "dana"), held_reason="rolled back", held_at=1.0)
    held = await built(world, "pay", "2fd1", is_merged=False)
    await _merges(world, "2fd1")
    await dana.says("/sled resume pay --in dev")
    there = await slot(world, "pay", "dev")
    assert there is not None
    assert (there.artifact_id, there.held_by) == (held.id, None)


async def test_it_waits_for_a_lock_and_goes_when_that_is_released(world: World, dana: Talk) -> None:
    await built(world, "pay", "1fd1", is_merged=False)
    await dana.says("/sled lock pay:dev --reason a demo")
    await _merges(world, "1fd1")
    [only] = await deployments(world, "pay")
    assert (only.state, world.runner.live) == (S.WAITING, {})
    await dana.says("/sled unlock pay:dev")
    assert [each.state for each in await deployments(world, "pay")] == [S.SUCCEEDED]


async def test_a_vetoed_artifact_never_goes(world: World, dana: Talk) -> None:
    await built(world, "pay", "1fd1e0e9", is_merged=False)
    await dana.says("/sled veto pay@1fd1e0e9 --reason it loses cents")
    await _merges(world, "1fd1e0e9")
    assert await deployments(world, "pay") == []
