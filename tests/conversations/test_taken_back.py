"""What is stopped, fails or is taken back on the way: what ran before runs on, through pauses too, and everybody who waits is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.domain.environment import State
from tests.conversations.talk import Talk, words

if TYPE_CHECKING:
    from bot.domain.environment import Environment

OLD, NEW = "b" * 40, "c" * 40


async def _updates_and_cancels(talk: Talk) -> None:
    """A push begins an update, which is stopped."""
    talk.hold()
    await talk.pushes(NEW, settle=False)
    await talk.is_held()
    await talk.says("/ivy cancel", settle=False)
    await talk.hears()
    await talk.goes_on()


def _runs(row: Environment, talk: Talk, sha: str) -> bool:
    return (row.state, row.running_sha, talk.world.engine.running[row.id].source.sha) == (State.READY, sha, sha)


async def test_what_was_stopped_and_paused_is_resumed_as_it_ran(shop: Talk) -> None:
    old = (await shop.makes()).running_sha
    await _updates_and_cancels(shop)
    await shop.says("/ivy pause")
    answer = await shop.answer("/ivy resume")
    assert answer.startswith("✅ @dana **demo-vn4gah** is ready")
    assert _runs(await shop.world.environment(), shop, old)


async def test_a_pause_leaves_nothing_to_cancel(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy pause")
    await shop.pushes(NEW)
    assert "`nothing_runs`" in await shop.answer("/ivy cancel")
    assert (await shop.answer("/ivy resume")).startswith("✅")
    assert _runs(await shop.world.environment(), shop, NEW)


async def test_what_disappears_after_it_was_stopped_comes_back_as_it_ran(shop: Talk) -> None:
    old = (await shop.makes()).running_sha
    await _updates_and_cancels(shop)
    shop.world.engine.running.clear()
    await shop.world.reconcile()
    await shop.world.reconcile()
    assert _runs(await shop.world.environment(), shop, old)


async def test_a_commit_that_failed_is_put_aside_by_a_pause_until_it_is_asked_for(shop: Talk) -> None:
    old = (await shop.makes()).running_sha
    shop.world.engine.fail_next("it does not start")
    await shop.pushes(NEW)
    await shop.says("/ivy pause")
    await shop.says("/ivy resume")
    assert _runs(await shop.world.environment(), shop, old)
    await shop.world.deliver("github", shop.forge.pushes(shop.on.project, "demo", NEW))  # told once more
    assert _runs(await shop.world.environment(), shop, old)
    assert "it does not start" in shop.card
    await shop.says("/ivy retry")
    assert _runs(await shop.world.environment(), shop, NEW)
    assert "it does not start" not in shop.card


async def test_after_a_commit_was_put_aside_the_next_push_is_made(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.fail_next("it does not start")
    await shop.pushes(NEW)
    await shop.says("/ivy pause")
    await shop.says("/ivy resume")
    await shop.pushes("d" * 40)
    row = await shop.world.environment()
    assert _runs(row, shop, "d" * 40)
    assert row.failure is None


async def _begins_to_pause(talk: Talk) -> None:
    """Up to where the engine takes down its services, where it is held."""
    talk.world.engine.pause_gate.clear()
    await talk.says("/ivy pause", settle=False)
    await asyncio.wait_for(talk.world.engine.pausing.wait(), 60)


@pytest.mark.parametrize("line", ["/ivy terminate", "/ivy resume"])
async def test_what_is_said_while_it_is_being_paused_is_done(shop: Talk, line: str) -> None:
    await shop.makes()
    await _begins_to_pause(shop)
    first = shop.comments[-1]
    await shop.says(line, settle=False)
    await shop.hears()
    shop.world.engine.pause_gate.set()
    heard = await shop.news()
    assert not any("is paused" in each for each in heard)
    assert (await shop.world.command_states())[1:] == ["cancelled", "done"]
    assert (shop.forge.reactions(first), shop.signs) == (["eyes", "confused"], ["eyes", "+1"])


async def test_who_wanted_a_pause_hears_that_it_was_taken_back(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(1)
    await shop.says("/ivy pause")
    assert (await shop.says("/ivy resume"))[0] == words(
        """
        @dana **demo-vn4gah** goes on running: it was wanted again before it was paused.

        <sub>reason: `cancelled`</sub>
        """
    )
