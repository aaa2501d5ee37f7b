"""An approval is void as soon as what it is for has moved: the head of a request, the newest artifact, what runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.deployment import DeploymentState
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy_approvals import _ada, _asked, _id, _staged
from tests.deploys import built, deployments
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World

OLD, NEW = "4fd1c0e9", "5fd1c0e9"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """`qa` asks, and takes what is not merged."""
    environments = {"staging": {}, "qa": {"asks": True}, "prod": {"after": "staging"}}
    async with a_world(tmp_path, deploy={"environments": environments, "groups": {"core": [["pay"], ["web"]]}}) as made:
        yield made


async def _of_the_head(talk: Talk, service: str = "pay") -> str:
    """The id of a request for what was built of this merge or pull request."""
    talk.forge.move_head(talk.on.project, "demo", OLD.ljust(40, "0"))
    await built(talk.world, service, OLD, is_merged=False, request=talk.on.number)
    return await _asked(talk, f"/sled deploy {service}@!{talk.on.number} --to qa")


async def test_a_push_to_its_request_voids_it_at_once_and_says_so(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    assert await shop.pushes(NEW.ljust(40, "0")) == [
        words(
            """
            ⚠️ @dana **pay@\u200b4fd1c0e9** to **qa** is not deployed: request 12 has another head by now, 5fd1c0e9.

            When that is built: `/sled deploy pay@!12 --to qa`

            <sub>reason: `stale_head`</sub>
            """
        )
    ]
    assert shop.title.endswith("· `qa` · its request has another head")
    assert "`decided`" in await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    assert [each.state for each in await deployments(shop.world, "pay", "qa")] == [DeploymentState.CANCELLED]
    assert "request 12 has another head, 5fd1c0e9: nothing of this begins" in (await shop.says("/sled why 1"))[-1]


async def test_where_the_new_head_is_built_already_that_is_asked_for_instead(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    await built(shop.world, "pay", NEW, is_merged=False, request=12)
    told = await shop.pushes(NEW.ljust(40, "0"))
    assert "**pay@\u200b4fd1c0e9** to **qa** was asked for, but `5fd1c0e9` of pay has come since." in told[0]
    assert _id(told[1]) != id_
    await shop.says(f"/sled approve {_id(told[1])}", by=_ada(shop))
    assert ("pay", "qa") in shop.world.runner.live


async def test_on_gitlab_and_where_its_projects_are_polled_it_is_the_same(tools: Talk) -> None:
    await _of_the_head(tools, "tool")
    [told] = await tools.pushes(NEW.ljust(40, "0"))
    assert "is not deployed: request 5 has another head by now, 5fd1c0e9." in told
    id_ = await _asked(tools, "/sled deploy tool@!5 --to qa")
    await tools.world.poll()
    tools.forge.move_head(tools.world.tools, "demo", "6fd1c0e9".ljust(40, "0"))
    tools.world.clock.advance(hours=1)
    before = len(tools.heard)
    await tools.world.poll()
    assert ["request 5 has another head by now, 6fd1c0e9" in each for each in tools.heard[before:]] == [True]
    mia = tools.world.gitlab.user("mia", id=71, right="admin")
    assert "`decided`" in await tools.answer(f"/sled approve {id_}", by=mia)


async def test_one_that_was_approved_and_waits_for_a_lock_is_void_too(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    await shop.says("/sled lock pay:qa --reason audit --for 1h", by=_ada(shop))
    await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert "request 12 has another head" in (await shop.pushes(NEW.ljust(40, "0")))[-1]
    await shop.after(hours=2)
    assert ("pay", "qa") not in shop.world.runner.live


async def test_a_push_to_another_branch_and_a_merged_request_void_nothing(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    assert await shop.pushes("d" * 40, "other") == []
    shop.on.state = "merged"
    assert await shop.pushes(NEW.ljust(40, "0")) == []
    assert "may begin" in (await shop.says(f"/sled approve {id_}", by=_ada(shop)))[0]


async def test_a_push_of_which_no_word_came_is_noticed_when_somebody_approves(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    shop.forge.move_head(shop.world.shop, "demo", NEW.ljust(40, "0"))
    told = await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert "So this counts for nothing, and nothing of it begins." in told[0]
    assert "request 12 has another head by now, 5fd1c0e9" in told[1]
    assert ("pay", "qa") not in shop.world.runner.live


async def test_a_forge_that_is_away_is_no_yes(shop: Talk) -> None:
    id_ = await _of_the_head(shop)
    shop.world.github.fail_next("GET request", 502, times=3)
    await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert ("pay", "qa") not in shop.world.runner.live


async def test_a_newer_artifact_is_noticed_without_anybody_and_the_card_says_so(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    told = [each for each in await _staged_then(shop, NEW) if "to **prod**" in each]
    assert "**pay@\u200b4fd1c0e9** to **prod** was asked for, but `5fd1c0e9` of pay has come since." in told[0]
    assert _id(told[1]) != id_
    cards = [each for each in shop.heard if each.startswith("### ") and "`prod`" in each]
    assert [each.partition("\n")[0] for each in cards] == [
        "### ⚠️ **pay@\u200b5fd1c0e9** · `prod` · waits for another person's word (admin)"
    ]


async def test_what_was_brought_there_meanwhile_is_noticed_too(shop: Talk) -> None:
    await _staged(shop)
    first = await _asked(shop, f"/sled deploy pay@{OLD} --to prod")
    await _staged(shop, NEW)
    second = await _asked(shop, f"/sled deploy pay@{NEW} --to prod")
    told = await shop.says(f"/sled approve {first}", by=_ada(shop))
    assert any("**pay** in **prod** is not as it was when this was planned" in each for each in told)
    assert "`decided`" in await shop.answer(f"/sled approve {second}", by=_ada(shop))
    again = next(_id(each) for each in told if "/sled approve" in each)
    assert "runs `5fd1c0e9` in **prod**" in (await shop.says(f"/sled approve {again}", by=_ada(shop)))[-1]


async def _staged_then(shop: Talk, commit: str) -> list[str]:
    before = len(shop.heard)
    await _staged(shop, commit)
    return shop.heard[before:]
