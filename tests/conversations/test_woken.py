"""Who waits for checks or an approval is woken by the forge's word of them; asking from time to time stays for where no word comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversations.talk import Talk
from tests.conversations.test_gates import COMMIT, GATES, merged
from tests.deploys import built
from tests.fakes import judged
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, services=GATES) as made:
        yield made


async def _waits(talk: Talk, service: str = "pay") -> None:
    await built(talk.world, service, "4fd1c0e9")
    talk.forge.checks.say(COMMIT, "unit", "in_progress" if talk.platform == "github" else "running")
    assert "waits for its checks to end (unit)" in (await talk.says(f"/sled deploy {service} --to dev"))[-1]


async def test_a_check_that_ends_lets_it_begin_at_once(shop: Talk) -> None:
    await _waits(shop)
    shop.world.github.checks.say(COMMIT, "unit")
    before = len(shop.heard)
    await shop.world.deliver("github", judged.check_run(shop.world.github, shop.world.shop, COMMIT))
    begins, done = shop.heard[before:]
    assert "begins now" in begins
    assert done.startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")


async def test_one_that_fails_ends_it_at_once(shop: Talk) -> None:
    await _waits(shop)
    shop.world.github.checks.say(COMMIT, "unit", "failure")
    await shop.world.deliver("github", judged.check_run(shop.world.github, shop.world.shop, COMMIT))
    assert "the gate ci is shut: checks of its commit did not pass (unit)" in shop.heard[-1]


async def test_a_status_of_others_wakes_it_and_neither_our_own_nor_another_commits(shop: Talk) -> None:
    await _waits(shop)
    shop.world.github.checks.say(COMMIT, "unit")
    github, project = shop.world.github, shop.world.shop
    for sha, context, state in ((COMMIT, "trellis/ivy (second)", "success"), (COMMIT, "unit", "pending"), ("d" * 40, "unit", "success")):
        await shop.world.deliver("github", judged.status(github, project, sha, context, state))
        assert ("pay", "dev") not in shop.world.runner.live, (sha, context, state)
    await shop.world.deliver("github", judged.status(github, project, COMMIT, "unit"))
    assert ("pay", "dev") in shop.world.runner.live


async def test_a_review_wakes_whoever_waits_in_its_project(shop: Talk) -> None:
    await built(shop.world, "web", "4fd1c0e9")
    ada = shop.world.github.user("ada", id=8, right="admin")
    merged(shop, ada)
    shop.world.github.fail_next("GET reviews", 502, times=2)
    assert "nobody can say now" in (await shop.says("/sled deploy web --to dev"))[-1]
    await shop.world.deliver("github", judged.review(shop.world.github, shop.on, ada, "commented"))
    assert ("web", "dev") not in shop.world.runner.live
    await shop.world.deliver("github", judged.review(shop.world.github, shop.on, ada))
    assert ("web", "dev") in shop.world.runner.live


async def test_a_pipeline_and_an_approval_do_on_gitlab(tools: Talk) -> None:
    world, checks = tools.world, tools.world.gitlab.checks
    bea = world.gitlab.user("bea", id=71, right="write")
    merged(tools, bea)
    await _waits(tools, "tool")
    await world.deliver("gitlab", judged.pipeline(world.gitlab, world.tools, COMMIT, "running"))
    assert ("tool", "dev") not in world.runner.live
    checks.say(COMMIT, "unit")
    await world.deliver("gitlab", judged.pipeline(world.gitlab, world.tools, COMMIT))
    assert ("tool", "dev") in world.runner.live


async def test_an_approval_on_gitlab_wakes_whoever_waits_in_its_project(tools: Talk) -> None:
    world, bea = tools.world, tools.world.gitlab.user("bea", id=71, right="write")
    await built(world, "tool", "4fd1c0e9")
    world.gitlab.checks.say(COMMIT, "unit")
    merged(tools, bea)
    world.gitlab.fail_next("GET approvals", 502, times=2)
    assert "nobody can say now" in (await tools.says("/sled deploy tool --to dev"))[-1]
    await world.deliver("gitlab", judged.approval(world.gitlab, tools.on, bea))
    assert ("tool", "dev") in world.runner.live


async def test_without_a_word_it_is_asked_about_all_the_same(shop: Talk) -> None:
    await _waits(shop)
    shop.world.github.checks.say(COMMIT, "unit")
    assert (await shop.after(seconds=15))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")
