"""deploy and status: services are brought somewhere, from every platform, and each is told how that ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.domain.deployment import DeploymentState
from tests.conversations.talk import Talk, words
from tests.deploys import built, deployments, slot

if TYPE_CHECKING:
    from tests.conversations.slack import Slack
    from tests.world import World

_PATIENCE_S = 60


async def _held(world: World) -> None:
    """Until a run stands at the gate, and all that is to be said of it is said."""
    await asyncio.wait_for(world.runner.reached.wait(), _PATIENCE_S)
    await world.desks["hear"].idle()
    await world.desks["say"].idle()


async def test_a_service_is_brought_to_an_environment_and_its_card_tells_how(shop: Talk) -> None:
    artifact = await built(shop.world, "pay", "4fd1c0e9", title="Round the cents")
    card, answer = await shop.says("/sled deploy pay --to dev --reason the new tariff")
    assert answer == words(
        """
        ✅ @dana **pay** runs `4fd1c0e9` in **dev** after 0.0 s: 2 created.

        Deploy `1`, plan `6bad6741e276`
        """
    )
    assert shop.card == card
    assert card.startswith("### ✅ **pay@\u200b4fd1c0e9** · `dev` · done in 0.0 s\n\n✓ pay 0 s\n\n**deploy** `1`")
    assert "**artifact** `4fd1c0e9` Round the cents" in card
    assert "**reason** the new tariff" in card
    assert shop.signs == ["eyes", "+1"]
    there = await slot(shop.world, "pay", "dev")
    assert there is not None
    assert (there.artifact_id, there.claimed_by) == (artifact.id, "")


async def test_deployed_again_it_changes_nothing_and_has_the_same_plan(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await shop.says("/sled deploy pay --to dev")
    answer = (await shop.says("/sled deploy pay --to dev"))[-1]
    assert answer == words(
        """
        ✅ @dana **pay** runs `4fd1c0e9` in **dev** already: nothing changed, in 0.0 s.

        Deploy `2`, plan `6bad6741e276`
        """
    )
    first, second = await deployments(shop.world, "pay")
    assert first.plan_hash == second.plan_hash


async def test_a_group_goes_stage_by_stage_and_its_card_counts_changes(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "5fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy core --to dev", settle=False)
    await _held(shop.world)
    assert shop.title == "⏳ **core** · `dev` · 0 of 2 services"
    assert "| **pay** | `4fd1c0e9` | 1 of 2 changes |" in shop.card
    assert "| **web** | `5fd1c0e9` | waits for deploy 2 of pay |" in shop.card
    shop.world.runner.gate.set()
    [answer] = await shop.news()
    assert answer == words(
        """
        ✅ @dana **core** is in **dev** after 0.0 s: 2 services.

        | service | artifact | how |
        | --- | --- | --- |
        | **pay** | `4fd1c0e9` | 1 created |
        | **web** | `5fd1c0e9` | 2 created |
        """
    )
    assert [id_.partition("-")[0] for id_ in shop.world.runner.applied] == [
        (await deployments(shop.world, service))[0].id for service in ("pay", "web")
    ]


async def test_what_cannot_be_rendered_stops_all_of_it_before_anything_changes(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "5fd1c0e9", program="cannot render")
    answer = (await shop.says("/sled deploy core --to dev"))[-1]
    assert answer.startswith("❌ @dana **web** was not brought to **dev**: The configuration has no size.\n\n```\nTraceback: line 7\n```")
    assert "| **pay** | `4fd1c0e9` | not begun |" in answer
    assert answer.endswith("<sub>reason: `bad_config`</sub>")
    assert shop.world.runner.live == {}
    assert shop.signs == ["eyes", "confused"]


async def test_what_does_not_become_healthy_is_taken_back_and_what_comes_after_does_not_begin(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "5fd1c0e9")
    await shop.says("/sled deploy pay --to dev")
    good = dict(shop.world.runner.live["pay", "dev"])
    await built(shop.world, "pay", "6fd1c0e9", program="never healthy")
    answer = (await shop.says("/sled deploy core --to dev"))[-1]
    assert answer == words(
        """
        ❌ @dana **pay** was not brought to **dev**: program is not healthy: it exited with code 1. What ran before runs again.

        ```
        waiting for program
        program exited with code 1
        ```

        | service | artifact | how |
        | --- | --- | --- |
        | **pay** | `6fd1c0e9` | failed, and what ran before runs again |
        | **web** | `5fd1c0e9` | not begun |

        Deploy `2`, plan `cd6dda84f0ce`

        <sub>reason: `not_healthy`</sub>
        """
    )
    assert shop.world.runner.live["pay", "dev"] == good
    assert [each.state for each in await deployments(shop.world, "pay")] == [DeploymentState.SUCCEEDED, DeploymentState.ROLLED_BACK]
    there = await slot(shop.world, "pay", "dev")
    assert there is not None
    assert there.deployment_id == (await deployments(shop.world, "pay"))[0].id


async def test_two_of_one_service_go_one_after_the_other(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "pay", "5fd1c0e9", is_merged=False)
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await _held(shop.world)
    await shop.says("/sled deploy pay@latest --to dev", settle=False)
    await shop.hears()
    await shop.world.desks["say"].idle()
    assert [each.began_at is None for each in await deployments(shop.world, "pay")] == [False, True]
    shop.world.runner.gate.set()
    await shop.news()
    first, second = await deployments(shop.world, "pay")
    assert (first.state, second.state) == (DeploymentState.SUCCEEDED, DeploymentState.SUCCEEDED)
    assert shop.world.runner.applied == [f"{each.id}-apply-1" for each in (first, second)]


async def test_asked_for_twice_while_it_goes_it_is_one(shop: Talk, slack: Slack) -> None:
    await built(shop.world, "hello", "4fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.world.deliver(
        "slack", shop.world.slack.slash(slack.person("dana"), slack.lab, "/sled", "deploy hello --to dev"), settle=False
    )
    await _held(shop.world)
    await shop.world.deliver(
        "slack", shop.world.slack.slash(slack.person("ada"), slack.lab, "/sled", "deploy hello --to dev"), settle=False
    )
    await shop.hears()
    shop.world.runner.gate.set()
    await shop.world.settle()
    assert len(await deployments(shop.world, "hello")) == 1
    assert sum("*hello* runs `4fd1c0e9` in *dev*" in each.shown for each in slack.said) == 2
    assert await shop.world.command_states() == ["done", "done"]


@pytest.mark.parametrize("line", ["deploy tool --to dev", "deploy core --to prod --reason now"])
async def test_nothing_is_told_of_services_where_one_is_nobody(shop: Talk, tools: Talk, line: str) -> None:
    eve = shop.world.github.user("eve", id=66, right="read")
    await built(shop.world, "pay", "4fd1c0e9")
    answer = await shop.answer(f"/sled {line}", by=eve)
    assert answer.startswith("❌ @eve You may not run `/sled deploy`: ")
    assert await deployments(shop.world, "pay") == []


async def test_a_service_of_another_project_is_not_there(shop: Talk) -> None:
    await built(shop.world, "tool", "4fd1c0e9")
    assert await shop.answer("/sled deploy pay tool --to dev") == words(
        """
        ❌ @dana There is no service and no deploy group `tool`. There is:

        - `core`
        - `pay`
        - `web`

        <sub>reason: `unknown_target`</sub>
        """
    )


async def test_force_is_for_few(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    assert await shop.answer("/sled deploy pay --to dev --force") == words(
        """
        ❌ @dana You may not run `/sled deploy`: it needs the role admin here, and yours is developer.

        Rule: `forcing`, about `--force`. Who may: admin.

        <sub>reason: `not_allowed`</sub>
        """
    )


REFUSED = {
    "deploy --to dev": "which_target",
    "deploy pay": "which_environment",
    "deploy pya --to dev": "unknown_target",
    "deploy pay --to deve": "unknown_environment",
    "deploy pay@7654321 --to dev": "unknown_artifact",
    "deploy pay@!99 --to dev": "unknown_artifact",
    "deploy web --to dev": "no_artifact",
    "deploy pay@4fd1c0e core --to dev": "two_artifacts",
    "deploy pay@4fd1c0e --to staging": "order",
}


@pytest.mark.parametrize("line", REFUSED)
async def test_what_cannot_be_is_refused_at_once_with_what_can(tmp_path: object, line: str) -> None:
    from pathlib import Path

    from tests.world import ENVIRONMENTS, a_world

    deploy = {"environments": {**ENVIRONMENTS, "staging": {"after": "dev"}}, "groups": {"core": [["pay"], ["web"]]}}
    async with a_world(Path(str(tmp_path)), deploy=deploy) as world:
        await built(world, "pay", "4fd1c0e9")
        [answer] = await world.types(f"/sled {line}")
        assert answer.endswith(f"reason: {REFUSED[line]}")
        assert world.runner.runs == {}


async def test_a_worker_that_dies_is_followed_by_another_and_the_run_goes_on(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await _held(shop.world)
    await shop.world.worker_dies()
    shop.world.runner.gate.set()
    [answer] = await shop.news()
    assert answer.startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")
    [deployment] = await deployments(shop.world, "pay")
    assert shop.world.runner.applied == [f"{deployment.id}-apply-1"]
    assert shop.world.runner.runs[f"{deployment.id}-apply-1"].tries == 1


async def test_a_run_that_is_lost_is_started_again_under_its_id(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.lose_next()
    assert (await shop.says("/sled deploy pay --to dev"))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")
    [deployment] = await deployments(shop.world, "pay")
    assert shop.world.runner.runs[f"{deployment.id}-apply-1"].tries == 2


async def test_a_runner_that_is_away_is_waited_for(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.be_away(2)
    await shop.says("/sled deploy pay --to dev")
    held = "planning, held up and tried again"
    assert held in shop.card
    assert f"| **dev** | nothing |  | deploy 1: {held} |" in (await shop.says("/sled status pay"))[-1]
    await shop.after(seconds=1)
    assert (await shop.after(seconds=2))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")


async def test_on_gitlab_and_in_slack_and_in_a_terminal_it_is_the_same(tools: Talk, slack: Slack) -> None:
    await built(tools.world, "tool", "4fd1c0e9")
    await built(tools.world, "hello", "5fd1c0e9")
    assert (await tools.says("/sled deploy tool --to dev"))[-1].startswith("✅ @gina **tool** runs `4fd1c0e9` in **dev**")
    said = await slack.slash("deploy hello --to dev", command="/sled")
    assert any("*hello* runs `5fd1c0e9` in *dev*" in each.shown for each in said)
    [answer] = await tools.world.types("/sled deploy hello --to staging")
    assert answer == "✓ dana: hello runs 5fd1c0e9 in staging after 0.0 s: 2 created.\n  Deploy 3, plan 50a600083916"


async def test_status_says_what_runs_where(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9", title="Round the cents")
    await shop.says("/sled deploy pay --to dev")
    assert await shop.answer("/sled status") == words(
        """
        2 services:

        | service | dev | staging | prod |
        | --- | --- | --- | --- |
        | **pay** | `4fd1c0e9` | nothing | nothing |
        | **web** | nothing | nothing | nothing |
        """
    )
    await shop.after(hours=2)
    assert await shop.answer("/sled status pay --in dev") == words(
        """
        **pay**:

        | environment | runs | since | now |
        | --- | --- | --- | --- |
        | **dev** | `4fd1c0e9` Round the cents | 2 h ago |  |
        """
    )
