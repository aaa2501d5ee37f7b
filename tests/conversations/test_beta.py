"""beta and release: what is not merged runs in a shared environment for a while, and what belongs there comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.deployment import DeploymentState as S
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy import _held
from tests.conversations.test_rollback import erin, ran, runs
from tests.deploys import built, deployments, slot
from tests.fakes.forge import commit
from tests.world import World, a_world

PLACES = {"strict": {"merged_only": True}, "dev": {"continuous": ["pay"]}, "qa": {}}


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    deploy = {"environments": PLACES, "groups": {"core": [["pay"], ["web"]]}}
    async with a_world(tmp_path, database_url=database_url, deploy=deploy) as made:
        yield made


async def _is_beta(shop: Talk, place: str = "dev") -> bool:
    there = await slot(shop.world, "pay", place)
    return there is not None and there.is_beta


async def _closes(shop: Talk, *, is_merged: bool = False) -> list[str]:
    before = len(shop.heard)
    await shop.world.deliver("github", shop.world.github.closes(shop.on, is_merged=is_merged))
    return shop.heard[before:]


async def test_in_its_request_a_bare_word_brings_what_was_built_of_it(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await built(shop.world, "web", "8fd1c0e9", is_merged=False, request=13)
    card, answer = await shop.says("/sled beta")
    assert card.startswith("### ✅ **pay@\u200b9fd1c0e9** · `dev` · beta · done in 0.0 s")
    assert answer == words(
        """
        ✅ @dana **pay** runs `9fd1c0e9` in **dev** after 0.0 s: 1 updated.

        It is a beta until \\!\u200b12 is merged or closed, or: `/sled release pay`

        Deploy `2`, plan `3d5e6af2c0e9`
        """
    ).replace("3d5e6af2c0e9", (await deployments(shop.world, "pay"))[-1].plan_hash[:12])
    told = await shop.answer("/sled status pay --in dev")
    assert "`9fd1c0e9`, beta of dana until !12 is over" in told.replace("\\!\u200b", "!")
    [answer] = (await shop.says("/sled release"))[1:]
    assert answer.startswith("✅ @dana **pay** runs `1fd1c0e9` in **dev**")
    assert "The beta there has ended: released by dana." in answer
    assert not await _is_beta(shop)


@pytest.mark.parametrize("is_merged", [True, False])
async def test_it_ends_with_its_request_and_what_main_has_comes_back(shop: Talk, is_merged: bool) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await shop.says("/sled beta pay --to dev")
    shop.world.clock.advance(seconds=60)
    await built(shop.world, "pay", "2fd1c0e9")
    answer = (await _closes(shop, is_merged=is_merged))[-1]
    assert answer.startswith("✅ @dana **pay** runs `2fd1c0e9` in **dev**")
    assert f"The beta there has ended: !12 was {'merged' if is_merged else 'closed'}." in answer.replace("\\!\u200b", "!")
    assert await runs(shop, "pay", "dev") == "2fd1c0e9"
    assert not await _is_beta(shop)
    assert await _closes(shop, is_merged=is_merged) == [], "told again it does nothing"


async def test_what_main_may_not_bring_is_what_ran_before(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await shop.says("/sled beta pay --to dev")
    await built(shop.world, "pay", "2fd1c0e9")
    await shop.says("/sled veto pay@2fd1c0e9 --reason it loses orders")
    await shop.says("/sled release pay")
    assert await runs(shop, "pay", "dev") == "1fd1c0e9"


async def test_where_nothing_could_come_back_it_stays_and_that_is_told(shop: Talk) -> None:
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await shop.says("/sled beta pay --to dev")
    assert "reason: `nothing_before`" in (await shop.says("/sled release pay"))[-1]
    [told] = await _closes(shop)
    assert "**pay** in dev stays as it is" in told
    assert await _is_beta(shop)


async def test_one_that_goes_or_waits_when_the_request_closes_ends_too(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await ran(shop, "pay", "1fd1c0e9", to="qa")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await erin(shop).says("/sled lock pay:qa --reason a demo")
    await shop.says("/sled beta pay --to qa")
    shop.world.runner.gate.clear()
    await shop.says("/sled beta pay --to dev", settle=False)
    await _held(shop.world)
    await shop.world.deliver("github", shop.world.github.closes(shop.on), settle=False)
    await shop.hears()
    shop.world.runner.gate.set()
    await shop.news()
    assert await runs(shop, "pay", "dev") == "1fd1c0e9"
    assert not await _is_beta(shop)
    assert (await deployments(shop.world, "pay", "qa"))[-1].state is S.CANCELLED


async def test_another_request_does_not_overrun_it_and_another_person_may_end_it(shop: Talk) -> None:
    other = erin(shop)
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await built(shop.world, "pay", "8fd1c0e9", is_merged=False, request=13)
    await shop.says("/sled beta")
    assert "reason: `beta_there`" in (await other.says("/sled beta pay --to dev"))[-1]
    await other.says("/sled release pay --in dev")
    assert any("erin ends your beta of" in each for each in shop.heard)
    await other.says("/sled beta pay@!13 --to dev")
    assert await runs(shop, "pay", "dev") == "8fd1c0e9"


async def test_nothing_goes_over_it_by_itself_and_who_deploys_over_it_is_told_to_its_owner(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await shop.says("/sled beta")
    await built(shop.world, "pay", "2fd1c0e9", is_merged=False)
    shop.world.github.merges(shop.world.shop, "2fd1c0e9".ljust(40, "0"))
    await shop.world.deliver("github", shop.world.github.pushes(shop.world.shop, "main", "2fd1c0e9".ljust(40, "0")))
    assert await runs(shop, "pay", "dev") == "9fd1c0e9"
    await erin(shop).says("/sled deploy pay --to dev")
    assert "Your beta of" in shop.heard[-1]
    assert "is now what deploy 3 of erin brought" in shop.heard[-1]
    assert not await _is_beta(shop)


REFUSED = {
    "beta web": "unknown_artifact",
    "beta pay --to strict": "merged_only",
    "beta tool": "unknown_target",
    "beta pay@!99 --to dev": "request_closed",
    "beta pay@!14 --to dev": "fork_refused",
    "beta pay@1fd1c0e9 --to dev": "is_merged",
    "beta pay@7fd1c0e9 --to dev": "no_request",
    "beta pay --to elsewhere": "unknown_environment",
    "release pay": "no_beta",
    "release": "no_beta",
    "release tool": "unknown_target",
    "release pay --in elsewhere": "unknown_environment",
}


async def test_what_cannot_be_is_refused_at_once(shop: Talk) -> None:
    fork = shop.world.github.project("mallory/shop", id=666)
    shop.world.github.pull_request("acme/shop", number=14, branch="evil", sha=commit("fork"), source=fork)
    await built(shop.world, "pay", "1fd1c0e9")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    await built(shop.world, "pay", "6fd1c0e9", is_merged=False, request=14)
    await built(shop.world, "pay", "7fd1c0e9", is_merged=False)
    for line, code in REFUSED.items():
        assert f"reason: `{code}`" in (await shop.says(f"/sled {line}"))[-1], line
    assert shop.world.runner.runs == {}


async def test_outside_of_a_request_it_is_named(shop: Talk) -> None:
    await built(shop.world, "hello", "1fd1c0e9")
    await built(shop.world, "hello", "9fd1c0e9", is_merged=False, request=3)
    assert (await shop.world.types("/sled beta"))[-1].endswith("reason: which_request")
    assert (await shop.world.types("/sled beta hello"))[-1].endswith("reason: which_request")
    assert (await shop.world.types("/sled release"))[-1].endswith("reason: which_target")
    assert "hello runs 9fd1c0e9 in dev" in (await shop.world.types("/sled beta hello@!3"))[-1]
    assert "hello runs 1fd1c0e9 in dev" in (await shop.world.types("/sled release hello"))[-1]


@pytest.mark.long
async def test_viewers_bring_and_end_none(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "9fd1c0e9", is_merged=False, request=12)
    eve = shop.world.github.user("eve", id=66, right="read")
    assert "reason: `not_allowed`" in (await shop.says("/sled beta pay --to dev", by=eve))[-1]
    await shop.says("/sled beta pay --to dev")
    assert "reason: `not_allowed`" in (await shop.says("/sled release pay", by=eve))[-1]
    assert await _is_beta(shop)
