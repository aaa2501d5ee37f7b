"""restore, transfer, history and cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.domain.environment import State
from tests.conversations.talk import Talk, words
from tests.world import World, a_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def priced(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, prices={"small": 0.25, "large": 1.0}) as made:
        yield made


@pytest.fixture
def paid(priced: World) -> Talk:
    dana = priced.github.user("dana", id=7, right="write")
    return Talk(priced, dana, priced.github.pull_request("acme/shop", number=12, branch="demo", author=dana))


async def test_what_is_gone_comes_back_at_the_same_address(shop: Talk) -> None:
    old = await shop.makes()
    await shop.answer("/ivy terminate")
    _, answer = await shop.says("/ivy restore demo-vn4gah")
    assert answer.startswith("✅ @dana **demo-vn4gah** is ready")
    new = await shop.world.environment()
    assert (new.slug, new.sha, new.restored_from, new.state) == (old.slug, old.sha, old.id, State.READY)
    assert new.id != old.id
    assert "There is one already for `demo`." in await shop.answer("/ivy restore")


async def test_not_what_is_gone_for_long_nor_what_has_lost_its_branch(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy terminate")
    await shop.after(hours=72.1)
    assert "`too_late`" in await shop.answer("/ivy restore")


async def test_it_is_given_to_somebody_else(shop: Talk) -> None:
    shop.world.github.user("grace", id=11, right="write")
    await shop.makes()
    assert await shop.answer("/ivy transfer @grace") == words(
        """
        ✅ **demo-vn4gah** is now owned by @grace, no longer by dana.

        It goes 2026-12-02 12:00 UTC.
        """
    )
    owner = (await shop.world.environment()).owner
    assert (owner.id, owner.name) == ("11", "grace")
    [warning] = await shop.after(hours=44.1)
    assert warning.startswith("⚠️ @grace ")


async def test_only_to_somebody_who_may_see_it(shop: Talk) -> None:
    shop.world.github.user("mallory", id=12, right="none")
    await shop.makes()
    assert "`not_allowed`" in await shop.answer("/ivy transfer @mallory")
    assert "There is nobody called nobody on github." in await shop.answer("/ivy transfer @nobody")
    assert "Whose shall it be?" in await shop.answer("/ivy transfer")
    assert (await shop.world.environment()).owner.name == "dana"


async def test_on_gitlab_too(tools: Talk) -> None:
    tools.world.gitlab.user("grace", id=71, right="write")
    await tools.makes()
    await tools.answer("/ivy transfer @grace")
    assert (await tools.world.environment()).owner.id == "71"


async def test_the_cost_so_far_and_until_it_goes(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10)
    assert await paid.answer("/ivy cost") == words(
        """
        **demo-vn4gah** has cost €2.50: 10 h at €0.25 an hour (small).

        Until it goes, 2026-12-02 12:00 UTC, another €9.50.
        """
    )
    await paid.answer("/ivy pause")
    await paid.after(hours=10)
    assert "has cost €2.50: 10 h" in await paid.answer("/ivy cost")
    assert await paid.answer("/ivy cost --mine") == words(
        """
        €2.50 so far for what you own:

        | environment | ran | cost |
        | --- | --- | --- |
        | **demo-vn4gah** | 10 h | €2.50 |
        """
    )


async def test_the_past_of_a_branch(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=2)
    await paid.answer("/ivy terminate")
    await paid.says("/ivy create")
    assert await paid.answer("/ivy history") == words(
        """
        2 environments of demo in shop:

        | environment | made | owner | ran | cost | now |
        | --- | --- | --- | --- | --- | --- |
        | **demo-vn4gah** | 2026-11-30 14:00 UTC | dana | 1 min | €0.00 | ready |
        | **demo-vn4gah** | 2026-11-30 12:00 UTC | dana | 2 h | €0.50 | gone: dana asked for it |
        """
    )


async def test_what_comes_back_is_at_the_head_of_its_branch(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy terminate")
    await shop.pushes("c" * 40)
    await shop.says("/ivy restore")
    assert [spec.source.sha for spec in shop.world.engine.applied[1:]] == ["c" * 40]
