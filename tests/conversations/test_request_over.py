"""A merge or pull request is over: what follows it and waits does not begin, wherever it waits, and its betas end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.deployment import DeploymentState
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy import _held
from tests.conversations.test_deploy_approvals import _ada, _asked
from tests.conversations.test_rollback import erin, ran, runs
from tests.deploys import built, deployments, slot
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World

HEAD, MAIN = "4fd1c0e9", "1fd1c0e9"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """`qa` asks, and takes what is not merged; web waits for its checks."""
    services = {"pay": {"project": "shop"}, "web": {"project": "shop", "gates": ["ci"]}, "tool": {"project": "tools"}}
    environments = {"dev": {}, "qa": {"asks": True}}
    deploy = {"environments": environments, "groups": {"core": [["pay"], ["web"]]}}
    async with a_world(tmp_path, services=services, deploy=deploy) as made:
        yield made


async def _built(talk: Talk, service: str = "pay") -> None:
    talk.forge.move_head(talk.on.project, "demo", HEAD.ljust(40, "0"))
    await built(talk.world, service, HEAD, is_merged=False, request=talk.on.number)


async def _closes(talk: Talk, *, is_merged: bool = False) -> list[str]:
    before = len(talk.heard)
    await talk.world.deliver(talk.platform, talk.forge.closes(talk.on, is_merged=is_merged))
    return talk.heard[before:]


async def _loses_its_branch(talk: Talk) -> list[str]:
    before = len(talk.heard)
    for told in talk.forge.deletes_branch(talk.on.project, "demo"):
        await talk.world.deliver(talk.platform, told)
    return talk.heard[before:]


async def _state(talk: Talk, service: str = "pay", place: str = "dev") -> DeploymentState:
    return (await deployments(talk.world, service, place))[-1].state


async def _waits_for_a_lock(talk: Talk) -> None:
    await _built(talk)
    await erin(talk).says("/sled lock pay:dev --reason a demo")
    assert "waits for the lock" in (await talk.says(f"/sled deploy pay@!{talk.on.number} --to dev"))[-1]


async def test_what_waits_for_a_lock_is_not_deployed_and_that_is_said(shop: Talk) -> None:
    await _waits_for_a_lock(shop)
    assert await _closes(shop) == [
        words(
            """
            ⚠️ @dana **pay@\u200b4fd1c0e9** to **dev** is not deployed: \\!\u200b12 was closed.

            If it is to go there all the same: `/sled deploy pay@4fd1c0e9 --to dev`

            <sub>reason: `request_closed`</sub>
            """
        )
    ]
    assert await _state(shop) is DeploymentState.CANCELLED
    assert shop.title.endswith("· `dev` · its request is over")
    assert "!12 was closed: nothing of this begins" in (await shop.says("/sled why 1"))[-1].replace("\\!\u200b", "!")
    assert await _closes(shop) == [], "told again it does nothing"
    await erin(shop).says("/sled unlock pay:dev")
    assert ("pay", "dev") not in shop.world.runner.live
    assert await shop.world.is_all_answered()


async def test_what_waits_for_a_word_or_for_checks_is_not_either(shop: Talk) -> None:
    await _built(shop)
    await _built(shop, "web")
    await _asked(shop, "/sled deploy pay@!12 --to qa")
    shop.world.github.checks.say(HEAD.ljust(40, "0"), "unit", "in_progress")
    await shop.says("/sled deploy web@!12 --to dev")
    assert (await deployments(shop.world, "web"))[-1].state is DeploymentState.WAITING
    told = await _closes(shop)
    assert [" is not deployed: !12 was closed." in each.replace("\\!\u200b", "!") for each in told] == [True, True]
    assert await _state(shop, "pay", "qa") is await _state(shop, "web") is DeploymentState.CANCELLED


@pytest.mark.parametrize(
    ("ahead", "ends"), [(MAIN, [DeploymentState.SUCCEEDED, DeploymentState.CANCELLED]), ("", [DeploymentState.SUCCEEDED])]
)
async def test_what_waits_for_its_turn_is_not_and_what_has_begun_is(shop: Talk, ahead: str, ends: list[DeploymentState]) -> None:
    await ran(shop, "pay", MAIN, to="dev")
    await _built(shop)
    shop.world.runner.gate.clear()
    lines = [f"/sled deploy pay@{wish} --to dev" for wish in (ahead, "!12") if wish]
    for line in lines:
        await shop.says(line, settle=False)
        await _held(shop.world)
    await shop.hears()
    await shop.world.deliver("github", shop.forge.closes(shop.on), settle=False)
    await shop.hears()
    shop.world.runner.gate.set()
    await shop.news()
    assert [each.state for each in await deployments(shop.world, "pay")][1:] == ends


async def test_what_is_merged_is_deployed_all_the_same(shop: Talk) -> None:
    await _waits_for_a_lock(shop)
    assert await _closes(shop, is_merged=True) == []
    await erin(shop).says("/sled unlock pay:dev")
    assert await runs(shop, "pay", "dev") == HEAD


async def test_what_was_named_by_its_commit_goes_on(shop: Talk) -> None:
    await _built(shop)
    await erin(shop).says("/sled lock pay:dev --reason a demo")
    await shop.says(f"/sled deploy pay@{HEAD} --to dev")
    assert await _closes(shop) == []
    await erin(shop).says("/sled unlock pay:dev")
    assert await runs(shop, "pay", "dev") == HEAD


async def test_one_that_is_open_again_by_then_is_not_over(shop: Talk) -> None:
    await _waits_for_a_lock(shop)
    told = shop.forge.closes(shop.on)
    shop.on.state = "open"
    await shop.world.deliver("github", told)
    assert await _state(shop) is DeploymentState.WAITING


async def test_on_gitlab_it_is_over_with_its_branch_too(tools: Talk) -> None:
    await _built(tools, "tool")
    await _asked(tools, "/sled deploy tool@!5 --to qa")
    [told] = await _loses_its_branch(tools)
    assert "is not deployed: the branch of" in told
    assert await _state(tools, "tool", "qa") is DeploymentState.CANCELLED


async def test_a_beta_is_released_with_the_branch_of_its_request_too(tools: Talk) -> None:
    await ran(tools, "tool", MAIN, to="dev")
    await _built(tools, "tool")
    await tools.says("/sled beta tool --to dev")
    assert await runs(tools, "tool", "dev") == HEAD
    [*_, told] = await _loses_its_branch(tools)
    assert "The beta there has ended: the branch of" in told
    assert await runs(tools, "tool", "dev") == MAIN
    there = await slot(tools.world, "tool", "dev")
    assert there is not None
    assert not there.is_beta


@pytest.mark.parametrize("is_merged", [True, False])
async def test_a_beta_that_waits_is_none_any_more(shop: Talk, is_merged: bool) -> None:
    await _built(shop)
    await erin(shop).says("/sled lock pay:dev --reason a demo")
    await shop.says("/sled beta pay --to dev")
    [told] = await _closes(shop, is_merged=is_merged)
    assert f"is not deployed: !12 was {'merged' if is_merged else 'closed'}." in told.replace("\\!\u200b", "!")
    assert await _state(shop) is DeploymentState.CANCELLED


async def test_nobody_approves_what_is_of_a_closed_request_of_which_no_word_came(shop: Talk) -> None:
    await _built(shop)
    id_ = await _asked(shop, "/sled deploy pay@!12 --to qa")
    shop.on.state = "closed"
    told = [each.replace("\\!\u200b", "!") for each in await shop.says(f"/sled approve {id_}", by=_ada(shop))]
    assert "is over: !12 was closed. So this counts for nothing." in told[0]
    assert "is not deployed: !12 was closed." in told[1]
    assert ("pay", "qa") not in shop.world.runner.live


@pytest.mark.long  # a forge is asked several times before it is believed that it knows no such request
async def test_one_that_was_deleted_is_noticed_at_its_turn(shop: Talk) -> None:
    """No forge tells of that."""
    await _waits_for_a_lock(shop)
    shop.forge.requests_open.remove(shop.on)
    await erin(shop).says("/sled unlock pay:dev")
    [part] = await deployments(shop.world, "pay")
    assert (part.state, part.reason) == (DeploymentState.CANCELLED, "!12 is not there any more")
    assert ("pay", "dev") not in shop.world.runner.live


async def test_a_forge_that_is_away_at_its_turn_stops_nothing(shop: Talk) -> None:
    await _waits_for_a_lock(shop)
    shop.forge.fail_next("GET request", 502, times=9)
    await erin(shop).says("/sled unlock pay:dev")
    assert await runs(shop, "pay", "dev") == HEAD


async def test_what_is_said_of_a_request_that_is_over_does_not_begin(shop: Talk) -> None:
    await _built(shop)
    await _closes(shop)
    told = (await shop.says(f"/sled deploy pay@!{shop.on.number} --to dev"))[-1]
    assert "is not deployed: \\!\u200b12 was closed" in told
    assert "`/sled deploy pay@4fd1c0e9 --to dev`" in told
    assert await _state(shop) is DeploymentState.CANCELLED
