"""promote and diff: exactly what runs here goes there, forwards only; and what differs is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.talk import Talk, words
from tests.conversations.test_rollback import ran, runs
from tests.deploys import built, deployments
from tests.world import World, a_world

PLACES = {"dev": {}, "staging": {"after": "dev", "config": {"pay": {"size": 2}}}, "later": {"merged_only": True}}


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    deploy = {"environments": PLACES, "groups": {"core": [["pay"], ["web"]]}}
    async with a_world(tmp_path, database_url=database_url, deploy=deploy) as made:
        yield made


async def test_exactly_what_runs_there_goes_here(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "2fd1c0e9")
    await built(shop.world, "pay", "1fd1c0e9", program="another build of that commit\n")
    card, answer = await shop.says("/sled promote pay --from dev --to staging --reason the new tariff")
    assert card.startswith("### ✅ **pay@\u200b1fd1c0e9** · `staging` · promote · done in 0.0 s")
    assert answer.startswith("✅ @dana **pay** runs `1fd1c0e9` in **staging** after 0.0 s: 2 created.")
    [here], [there] = await deployments(shop.world, "pay", "dev"), await deployments(shop.world, "pay", "staging")
    assert here.artifact_id == there.artifact_id


async def test_a_group_is_one_act_in_order_or_nothing(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    answer = await shop.answer("/sled promote core --from dev --to staging")
    assert answer == words(
        """
        ❌ @dana Nothing of **web** runs in dev.

        The others: `/sled promote pay --from dev --to staging`

        <sub>reason: `nothing_there`</sub>
        """
    )
    await ran(shop, "web", "1ed1c0e9", to="dev")
    answer = (await shop.says("/sled promote core --from dev --to staging"))[-1]
    assert answer.startswith("✅ @dana **core** is in **staging** after 0.0 s: 2 services.")
    assert await runs(shop, "web") == "1ed1c0e9"


REFUSED = {
    "promote pay --to staging": "which_environment",
    "promote pay --from dev": "which_environment",
    "promote pay --from deve --to staging": "unknown_environment",
    "promote pay --from dev --to dev": "order",
    "promote pay --from staging --to dev": "order",
    "promote web --from dev --to staging": "nothing_there",
    "promote pay --from staging --to later": "nothing_there",
    "promote tool --from dev --to staging": "unknown_target",
    "diff pay": "which_environment",
    "diff pay --in dev --from elsewhere": "unknown_environment",
}


async def test_what_cannot_be_is_refused_and_nothing_begins(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    for line, code in REFUSED.items():
        assert f"reason: `{code}`" in (await shop.says(f"/sled {line}"))[-1], line
    assert await deployments(shop.world, "pay", "staging") == []


@pytest.mark.long
async def test_what_is_not_merged_does_not_go_where_only_that_goes(shop: Talk) -> None:
    await built(shop.world, "pay", "1fd1c0e9", is_merged=False)
    await shop.says("/sled deploy pay@latest --to dev")
    assert "reason: `not_merged`" in (await shop.says("/sled promote pay --from dev --to later"))[-1]


async def test_what_differs_is_told_with_what_lies_between(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await shop.says("/sled promote pay --from dev --to staging")
    await built(shop.world, "pay", "2fd1c0e9", title="Round the cents", request=7)
    shop.world.clock.advance(seconds=60)
    await ran(shop, "pay", "3fd1c0e9", to="dev")
    answer = await shop.answer("/sled diff pay --from dev --in staging")
    told, _, plans = answer.partition("\n\nWhat was made real differs in:\n\n")
    assert told == words(
        """
        **pay**: `3fd1c0e9` runs in **dev**, `1fd1c0e9` runs in **staging**.

        Not there yet, the newest first:

        | artifact | what | by | merged |
        | --- | --- | --- | --- |
        | `3fd1c0e9` | Change 3fd1c0e9 |  | 2026-11-30 12:02 UTC |
        | `2fd1c0e9` | Round the cents (\\!\u200b7) |  | 2026-11-30 12:01 UTC |
        """
    )
    assert plans.startswith(
        "| thing | field | dev | staging |\n| --- | --- | --- | --- |\n| fake config | size | `-` | `2` |\n| fake program |"
    )
    assert plans.endswith("\n\nBring it there: `/sled promote pay --from dev --to staging`")


async def test_against_main_when_nothing_else_is_named_and_for_several_in_a_table(shop: Talk) -> None:
    await ran(shop, "pay", "1fd1c0e9", to="dev")
    await built(shop.world, "pay", "2fd1c0e9", title="Round the cents")
    await ran(shop, "web", "1ed1c0e9", to="dev")
    assert await shop.answer("/sled diff core --in dev") == words(
        """
        1 of 2 services differ:

        | service | merged main | dev | between |
        | --- | --- | --- | --- |
        | **pay** | `2fd1c0e9` | `1fd1c0e9` | 1 behind |
        | **web** | `1ed1c0e9` | `1ed1c0e9` | the same |
        """
    )
    assert (await shop.answer("/sled diff pay --in dev")).startswith(
        "**pay**: `1fd1c0e9` runs in **dev**; the newest of merged main is `2fd1c0e9`."
    )
