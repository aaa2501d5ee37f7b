"""plan and deploy --dry-run: what would change is told, and nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.deployment import DeploymentState
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy import _held
from tests.deploys import built, deployments, slot

if TYPE_CHECKING:
    from tests.conversations.slack import Slack
    from tests.world import World


@pytest.mark.parametrize("line", ["/sled plan pay --to dev", "/sled deploy pay --to dev --dry-run"])
async def test_what_would_change_is_told_and_nothing_changes(shop: Talk, line: str) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.somebody_changes("pay", "dev", config="by hand", leftover=1)
    card, answer = await shop.says(line)
    assert answer == words(
        """
        ✅ @dana **pay@\u200b4fd1c0e9** to **dev** would change this, and has changed nothing:

        **pay** `4fd1c0e9`, plan `6bad6741e276`: 1 created, 1 updated, 1 removed

        - update `fake/config`
        - create `fake/program`
        - remove `fake/leftover`

        Do it: `/sled deploy pay@\u200b4fd1c0e9 --to dev`
        """
    ).replace("pay@\u200b4fd1c0e9 --to", "pay@4fd1c0e9 --to")
    assert shop.card == card
    assert shop.title == "✅ **pay@\u200b4fd1c0e9** · `dev` · planned, nothing is changed"
    assert shop.signs == ["eyes", "+1"]
    assert shop.world.runner.live["pay", "dev"] == {"config": "by hand", "leftover": 1}
    assert shop.world.runner.applied == []
    there = await slot(shop.world, "pay", "dev")
    assert there is None or (there.deployment_id, there.claimed_by) == ("", "")


async def test_where_all_is_as_it_should_be_that_is_said_and_the_plan_is_that_of_the_deploy(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    done = (await shop.says("/sled deploy pay --to dev"))[-1]
    answer = (await shop.says("/sled plan pay --to dev"))[-1]
    assert answer.startswith("✅ @dana **pay@\u200b4fd1c0e9** to **dev** would change nothing.")
    assert "plan `6bad6741e276`" in answer
    assert "plan `6bad6741e276`" in done


async def test_a_plan_is_no_deploy_nothing_waits_for_it_and_it_opens_no_way(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await shop.says("/sled plan pay --to staging")
    assert "reason: `order`" in (await shop.says("/sled deploy pay --to prod"))[-1]
    assert "Nothing was deployed yet" in (await shop.says("/sled history pay"))[-1]
    assert "| **pay** | nothing | nothing | nothing |" in (await shop.says("/sled status"))[-1]
    assert await deployments(shop.world, "pay", "staging") == []


async def test_while_something_goes_there_a_plan_waits_for_nobody(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await _held(shop.world)
    before = len(shop.heard)
    await shop.says("/sled plan pay --to dev", settle=False)
    await shop.hears()
    shop.world.runner.gate.set()
    await shop.world.settle()
    assert any("would change" in each for each in shop.heard[before:])
    assert [each.state for each in await deployments(shop.world, "pay")] == [DeploymentState.SUCCEEDED]


async def test_prod_is_planned_without_a_question_but_never_what_is_not_merged(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    answer = (await shop.says("/sled plan pay --to prod"))[-1]
    assert "would change this" in answer
    assert "/sled approve" not in answer
    await built(shop.world, "pay", "5fd1c0e9", is_merged=False)
    runs = len(shop.world.runner.runs)
    assert "reason: `not_merged`" in await shop.answer("/sled plan pay@5fd1c0e9 --to prod")
    assert len(shop.world.runner.runs) == runs, "not even its deploy.py was run"


async def test_a_group_is_planned_whole_and_what_cannot_be_rendered_says_why(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "5fd1c0e9")
    answer = (await shop.says("/sled plan core --to dev"))[-1]
    assert "**pay** `4fd1c0e9`" in answer
    assert "**web** `5fd1c0e9`" in answer
    await built(shop.world, "web", "6fd1c0e9", program="cannot render")
    assert "The configuration has no size." in (await shop.says("/sled plan core --to dev"))[-1]


async def test_a_viewer_may_plan_but_not_deploy(world: World, shop: Talk, slack: Slack) -> None:
    await built(world, "hello", "4fd1c0e9")
    said = await slack.slash("plan hello --to dev", command="/sled", by="vera")
    assert any("would change this" in each.shown for each in said)
    refused = await slack.slash("deploy hello --to dev --dry-run", command="/sled", by="vera")
    assert any("not_allowed" in each.shown for each in refused)


async def test_on_gitlab_and_in_a_terminal_it_is_the_same(tools: Talk) -> None:
    await built(tools.world, "tool", "4fd1c0e9")
    await built(tools.world, "hello", "5fd1c0e9")
    assert "would change this" in (await tools.says("/sled plan tool --to dev"))[-1]
    [answer] = await tools.world.types("/sled plan hello --to dev")
    assert answer.splitlines()[0] == "✓ dana: hello@5fd1c0e9 to dev would change this, and has changed nothing:"
