"""Freezes: announced before they begin, told to who deploys shortly before, waited for by who deploys then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.deployment import DeploymentState, Waits
from tests.conversations.talk import Talk
from tests.deploys import built, deployments
from tests.world import SERVICES, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conversations.slack import Slack
    from tests.world import World

import pytest

_PLACES = {"dev": {"freezes": ["the review: mon 14:00 - mon 16:00"]}, "prod": {"asks": False}}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """It is Monday, 12:00 UTC."""
    services = {**SERVICES, "hello": {"project": "lab"}}
    async with a_world(tmp_path, services=services, deploy={"environments": _PLACES}) as made:
        yield made


def in_channel(slack: Slack) -> list[str]:
    return [str(each) for each in slack.world.slack.messages(slack.lab)]


async def test_a_freeze_is_announced_twice_before_it_begins(slack: Slack) -> None:
    world = slack.world
    assert await world.parts.announcements.look() == 0
    await world.pass_time(hours=1)
    assert await world.parts.announcements.look() == 1
    assert await world.parts.announcements.look() == 0
    await world.settle()
    [first] = in_channel(slack)
    assert "closes in 1 h: the review" in first
    await world.pass_time(seconds=46 * 60)
    assert await world.parts.announcements.look() == 1
    await world.settle()
    assert "closes in 14 min: the review" in in_channel(slack)[-1]
    await world.pass_time(hours=1)
    assert await world.parts.announcements.look() == 0


async def test_who_deploys_before_is_told_and_who_deploys_then_waits(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.after(hours=1.5)
    said = await shop.says("/sled deploy pay --to dev")
    assert any("**dev** closes in 30 min: the review: until 2026-11-30 16:00 UTC." in each for each in said)
    await shop.after(hours=1)
    said = await shop.says("/sled deploy pay --to dev")
    assert "waits for the freeze the review. It may begin 2026-11-30 16:00 UTC." in said[-1]
    assert "It waits for the freeze the review. It may begin 2026-11-30 16:00 UTC." in shop.card
    assert "Nothing begins now in dev." in await shop.answer("/sled freeze")
    *_, waiting = await deployments(shop.world, "pay")
    assert waiting.waits_for is Waits.FREEZE
    await shop.after(hours=1.5)
    assert [each.state for each in await deployments(shop.world, "pay")] == [DeploymentState.SUCCEEDED] * 2


async def test_what_is_in_flight_when_a_freeze_begins_ends(shop: Talk) -> None:
    await built(shop.world, "pay")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await shop.world.runner.reached.wait()
    shop.world.clock.advance(hours=2.5)
    shop.world.runner.gate.set()
    await shop.world.settle()
    [only] = await deployments(shop.world, "pay")
    assert only.state is DeploymentState.SUCCEEDED


async def test_everybody_is_told_its_end_by_their_own_clock(world: World, slack: Slack) -> None:
    await built(world, "hello")
    await world.pass_time(hours=2.5)
    await slack.slash("deploy hello --to dev", command="/sled")
    told = [each for each in map(str, slack.said) if "waits for the freeze the review" in each]
    assert told
    assert all("<!date^1796054400^" in each for each in told)
