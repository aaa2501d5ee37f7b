"""rollback: what ran there before comes back as one act, going back twice goes back twice, and nothing goes there by itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.domain.deployment import DeploymentState, RolloutKind
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy import _held
from tests.deploys import built, deployments, slot
from tests.world import ENVIRONMENTS, World, a_world

if TYPE_CHECKING:
    from bot.domain.artifact import Artifact

S = DeploymentState
GROUPS = {"core": [["pay"], ["web"]]}


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    places = {**ENVIRONMENTS, "dev": {"continuous": ["pay"]}}
    async with a_world(tmp_path, database_url=database_url, deploy={"environments": places, "groups": GROUPS}) as made:
        yield made


async def ran(shop: Talk, service: str, *commits: str, to: str = "staging", program: str = "import libdeploy as d\n") -> list[Artifact]:
    """Each was built, merged and deployed there, one after the other."""
    made = []
    for each in commits:
        made.append(await built(shop.world, service, each, program=program, title=f"Change {each}"))
        await shop.says(f"/sled deploy {service}@{each} --to {to}")
        shop.world.clock.advance(seconds=60)
    return made


async def runs(shop: Talk, service: str, place: str = "staging") -> str:
    """The commit that runs there, by what the runner keeps and by what the slot says."""
    there = await slot(shop.world, service, place)
    assert there is not None
    async with shop.world.store.look() as look:
        artifact = await look.artifacts.get(there.artifact_id)
    assert artifact is not None
    assert shop.world.runner.live[service, place]["program"] == artifact.sha256
    return artifact.commit[:8]


def erin(shop: Talk) -> Talk:
    """Somebody else, in a request of theirs."""
    user = shop.world.github.user("erin", id=8, right="write")
    return Talk(shop.world, user, shop.world.github.pull_request("acme/shop", number=13, branch="fix", author=user))


async def test_what_ran_before_runs_again_and_is_held_there(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    card, answer = await shop.says("/sled rollback pay --to staging --reason it loses orders")
    assert card.startswith("### ✅ **pay@\u200b1fd1c0e9** · `staging` · rollback · done in 0.0 s")
    assert answer == words(
        """
        ✅ @dana **pay** runs `1fd1c0e9` in **staging** after 0.0 s: 1 updated.

        Nothing goes there by itself until: `/sled resume pay --in staging`

        Deploy `3`, plan `d0c4f8126e55`
        """
    )
    first, _, back = await deployments(shop.world, "pay", "staging")
    assert back.plan_hash == first.plan_hash
    assert await runs(shop, "pay") == "1fd1c0e9"
    there = await slot(shop.world, "pay", "staging")
    assert there is not None
    assert there.held_by is not None
    assert (there.held_by.name, there.held_reason) == ("dana", "rollback 3: it loses orders")


async def test_twice_in_a_row_goes_back_twice_and_then_says_that_there_is_nothing(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9", "3fd1c0e9")
    for commit in ("2fd1c0e9", "1fd1c0e9"):
        await shop.says("/sled rollback pay --to staging")
        assert await runs(shop, "pay") == commit
    assert (await shop.says("/sled rollback pay --to staging"))[-1] == words(
        """
        ❌ @dana Nothing that could come back ran in **staging** before what runs there now of **pay** (`1fd1c0e9`). What was a beta, is vetoed, or is not merged where only that runs does not come back.

        What there was: `/sled history pay --in staging`

        <sub>reason: `nothing_before`</sub>
        """
    )
    await shop.says("/sled deploy pay@3fd1c0e9 --to staging")
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


@pytest.mark.long
async def test_a_replay_is_nothing_to_go_back_from(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await shop.says("/sled deploy pay@2fd1c0e9 --to staging")
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


@pytest.mark.long
@pytest.mark.parametrize("program", ["never healthy", "cannot render"])
async def test_what_failed_and_left_things_as_they_were_is_not_counted(shop: Talk, program: str) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await ran(shop, "pay", "3fd1c0e9", program=program)
    assert await runs(shop, "pay") == "2fd1c0e9"
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


async def test_from_what_was_stopped_half_way_it_goes_back_to_what_ran_then(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await built(shop.world, "pay", "3fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay@3fd1c0e9 --to staging", settle=False)
    await _held(shop.world)
    await shop.says("/sled cancel")
    shop.world.runner.gate.set()
    assert (await deployments(shop.world, "pay", "staging"))[-1].state is S.CANCELLED
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "2fd1c0e9"


async def test_while_a_deploy_goes_it_means_what_ran_before_that(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await built(shop.world, "pay", "3fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay@3fd1c0e9 --to staging", settle=False)
    await _held(shop.world)
    for target in ("pay", "pay", "core"):
        await shop.says(f"/sled rollback {target} --to staging", settle=False)
    await shop.hears()
    assert "Deploy 4 is still going." in shop.heard[-1]
    shop.world.runner.gate.set()
    await shop.news()
    assert await runs(shop, "pay") == "2fd1c0e9"
    ended = await deployments(shop.world, "pay", "staging")
    assert [each.state for each in ended] == [S.SUCCEEDED] * 4, "asked for twice it is one"


@pytest.mark.long
async def test_one_that_fails_can_be_said_again(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    shop.world.runner.be_away(8)
    await shop.says("/sled rollback pay --to staging")
    for _ in range(8):
        await shop.after(hours=1)
    assert (await deployments(shop.world, "pay", "staging"))[-1].state is S.FAILED
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


async def test_a_group_goes_back_in_reverse_to_before_its_last_deploy(shop: Talk) -> None:
    for number in (1, 2):
        await built(shop.world, "pay", f"{number}fd1c0e9")
        await built(shop.world, "web", f"{number}ed1c0e9")
        await shop.says("/sled deploy core --to staging")
        shop.world.clock.advance(seconds=60)
    before = len(shop.world.runner.applied)
    card, answer = await shop.says("/sled rollback core --to staging")
    assert card.startswith("### ✅ **core** · `staging` · rollback · done in 0.0 s")
    assert answer == words(
        """
        ✅ @dana **core** is back in **staging** after 0.0 s: 2 services.

        | service | artifact | how |
        | --- | --- | --- |
        | **web** | `1ed1c0e9` | 1 updated |
        | **pay** | `1fd1c0e9` | 1 updated |

        Nothing goes there by itself until: `/sled resume pay web --in staging`
        """
    )
    back = [(await deployments(shop.world, each, "staging"))[-1] for each in ("web", "pay")]
    assert shop.world.runner.applied[before:] == [f"{each.id}-apply-1" for each in back]
    assert {each.rollout_id for each in back} == {back[0].rollout_id}


@pytest.mark.long
async def test_what_a_groups_last_deploy_left_as_it_was_stays(shop: Talk) -> None:
    """It went half: the second service could not be made healthy."""
    await built(shop.world, "pay", "1fd1c0e9")
    await built(shop.world, "web", "1ed1c0e9")
    await shop.says("/sled deploy core --to staging")
    shop.world.clock.advance(seconds=60)
    await built(shop.world, "pay", "2fd1c0e9")
    await built(shop.world, "web", "2ed1c0e9", program="never healthy")
    await shop.says("/sled deploy core --to staging")
    assert (await runs(shop, "pay"), await runs(shop, "web")) == ("2fd1c0e9", "1ed1c0e9")
    await shop.says("/sled rollback core --to staging")
    assert (await runs(shop, "pay"), await runs(shop, "web")) == ("1fd1c0e9", "1ed1c0e9")
    for service in ("pay", "web"):
        there = await slot(shop.world, service, "staging")
        assert there is not None
        assert there.held_by is not None, "also what stays is held: they were tried together"


@pytest.mark.long
async def test_in_a_group_where_one_has_nothing_before_nothing_goes_back(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9")
    await built(shop.world, "pay", "2fd1c0e9")
    await built(shop.world, "web", "1ed1c0e9")
    await shop.says("/sled deploy core --to staging")
    answer = (await shop.says("/sled rollback core --to staging"))[-1]
    assert "ran in **staging** before what runs there now of **web** (`1ed1c0e9`)." in answer
    assert "The others: `/sled rollback pay --to staging`" in answer
    assert await runs(shop, "pay") == "2fd1c0e9"


async def test_what_continuous_deployment_brought_does_not_come_again(shop: Talk) -> None:
    async def merges(commit: str) -> None:
        await built(shop.world, "pay", commit, is_merged=False)
        shop.world.github.merges(shop.world.shop, commit.ljust(40, "0"))
        shop.world.clock.advance(seconds=60)
        await shop.world.deliver("github", shop.world.github.pushes(shop.world.shop, "main", commit.ljust(40, "0")))

    for commit in ("1fd1c0e9", "2fd1c0e9"):
        await merges(commit)
    await shop.says("/sled rollback pay --to dev --reason it loses orders")
    await merges("3fd1c0e9")
    assert await runs(shop, "pay", "dev") == "1fd1c0e9"
    await shop.says("/sled resume pay --in dev")
    assert await runs(shop, "pay", "dev") == "3fd1c0e9"
    await shop.says("/sled rollback pay --to dev")
    assert await runs(shop, "pay", "dev") == "1fd1c0e9", "what was taken back before is not what ran before"
    await shop.says("/sled resume pay --in dev")
    assert await runs(shop, "pay", "dev") == "1fd1c0e9", "what somebody went back from does not come by itself"


async def test_it_may_veto_what_it_takes_back(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    assert "reason: `missing_value`" in (await shop.says("/sled rollback pay --to staging --veto"))[-1]
    await shop.says("/sled rollback pay --to staging --reason it loses orders --veto")
    answer = (await shop.says("/sled deploy pay@2fd1c0e9 --to staging"))[-1]
    assert "dana vetoed this version: it loses orders" in answer
    assert await runs(shop, "pay") == "1fd1c0e9"


@pytest.mark.long
async def test_what_is_vetoed_is_passed_over(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9", "3fd1c0e9")
    await shop.says("/sled veto pay@2fd1c0e9 --reason it loses orders")
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


@pytest.mark.long
async def test_to_what_a_deploy_of_the_past_brought(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9", "3fd1c0e9")
    await shop.says("/sled rollback pay --to staging --to-deploy 1")
    assert await runs(shop, "pay") == "1fd1c0e9"
    assert "reason: `runs_already`" in (await shop.says("/sled rollback pay --to staging --to-deploy 1"))[-1]
    await shop.says("/sled rollback pay --to staging --to-deploy 3")
    assert await runs(shop, "pay") == "3fd1c0e9"
    await shop.says("/sled rollback pay --to staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


REFUSED = {
    "rollback pay --to dev": "nothing_before",
    "rollback pay --to staging --to-deploy 99": "no_deploy",
    "rollback pay --to staging --to-deploy 2": "no_deploy",
    "rollback web pay --to staging --to-deploy 1": "runs_already",
    "rollback pay@1fd1c0e9 --to staging": "bad_value",
    "rollback --to staging": "which_target",
    "rollback pay": "which_environment",
    "rollback tool --to staging": "unknown_target",
    "rollback pay --to staging --to-deploy soon": "bad_value",
}


async def test_what_cannot_be_is_refused_and_changes_nothing(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9")
    await ran(shop, "pay", "2fd1c0e9", program="cannot render")
    for line, code in REFUSED.items():
        assert f"reason: `{code}`" in (await shop.says(f"/sled {line}"))[-1], line
    assert await runs(shop, "pay") == "1fd1c0e9"
    there = await slot(shop.world, "pay", "staging")
    assert there is not None
    assert there.held_by is None


async def test_who_brought_what_is_taken_back_is_told_where_they_asked(shop: Talk) -> None:
    other = erin(shop)
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await other.says("/sled rollback pay --to staging --reason it loses orders")
    assert shop.heard[-1] == words(
        """
        ⚠️ @dana erin takes back your deploy 2, **pay@\u200b2fd1c0e9** to **staging**:

        **pay** goes back from `2fd1c0e9` to `1fd1c0e9`

        Reason: it loses orders

        All of it: `/sled why 3`

        <sub>reason: `taken_back`</sub>
        """
    )


@pytest.mark.long
async def test_a_lock_of_another_is_waited_for(shop: Talk) -> None:
    other = erin(shop)
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    await other.says("/sled lock pay:staging --reason looking for a leak")
    assert "waits for the lock on pay:staging of erin" in (await shop.says("/sled rollback pay --to staging"))[-1]
    await other.says("/sled unlock pay:staging")
    assert await runs(shop, "pay") == "1fd1c0e9"


@pytest.mark.long
async def test_where_deploys_need_another_persons_word_a_rollback_needs_none(shop: Talk) -> None:
    ada = shop.world.github.user("ada", id=9, right="admin")
    for commit in ("1fd1c0e9", "2fd1c0e9"):
        await ran(shop, "pay", commit)
        asked = re.search(r"/sled approve ([a-z2-7]{8})", (await shop.says("/sled deploy pay --to prod"))[-1])
        assert asked
        await shop.says(f"/sled approve {asked[1]}", by=ada)
        assert await runs(shop, "pay", "prod") == commit
        shop.world.clock.advance(seconds=60)
    await shop.says("/sled rollback pay --to prod")
    assert await runs(shop, "pay", "prod") == "1fd1c0e9"


@pytest.mark.long
async def test_viewers_take_nothing_back(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    eve = shop.world.github.user("eve", id=66, right="read")
    assert "reason: `not_allowed`" in (await shop.says("/sled rollback pay --to staging", by=eve))[-1]
    assert await runs(shop, "pay") == "2fd1c0e9"


@pytest.mark.long
async def test_a_retry_of_one_is_one(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", "2fd1c0e9")
    shop.world.runner.be_away(8)
    await shop.says("/sled rollback pay --to staging")
    for _ in range(8):
        await shop.after(hours=1)
    await shop.says("/sled retry 3")
    assert await runs(shop, "pay") == "1fd1c0e9"
    async with shop.world.store.look() as look:
        last = await look.rollouts.get((await deployments(shop.world, "pay", "staging"))[-1].rollout_id)
    assert last is not None
    assert last.kind is RolloutKind.ROLLBACK
