"""Who waits is told why and until when, and again when it begins; what waited for long asks first."""

from __future__ import annotations

from bot.domain.deployment import DeploymentState, Waits
from tests.conversations.talk import Talk
from tests.deploys import built, deployments


async def test_who_waits_is_told_why_and_when_and_that_it_begins(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.world.types("/sled lock pay --reason release week --for 2h", by="ada")
    said = await shop.says("/sled deploy pay --to dev")
    assert said[-1].startswith(
        "⏳ @dana **pay** to **dev** waits for the lock on pay of ada (release week). It may begin 2026-11-30 14:00 UTC."
    )
    heard = await shop.after(hours=2)
    assert any("**pay** to **dev** begins now: it waited 120 min 0 s for the lock on pay of ada" in each for each in heard)
    [only] = await deployments(shop.world, "pay")
    assert only.state is DeploymentState.SUCCEEDED


async def test_nothing_is_looked_at_while_it_waits(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.world.types("/sled lock pay --reason release week", by="ada")
    await shop.says("/sled deploy pay --to dev")
    [waiting] = await deployments(shop.world, "pay")
    assert (waiting.waits_for, waiting.due_at) == (Waits.LOCK, None)
    assert await shop.after(hours=1) == []


async def test_what_waited_for_long_begins_when_it_is_said_again(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.world.types("/sled lock pay --reason release week --for 5h", by="ada")
    await shop.says("/sled deploy pay --to dev")
    heard = await shop.after(hours=5)
    assert any("Say it again: `/sled deploy pay@40000000 --to dev`" in each for each in heard)
    [waiting] = await deployments(shop.world, "pay")
    assert (waiting.state, waiting.waits_for) == (DeploymentState.WAITING, Waits.WORD)
    await shop.says("/sled deploy pay@40000000 --to dev")
    [only] = await deployments(shop.world, "pay")
    assert only.state is DeploymentState.SUCCEEDED


async def test_a_question_that_nobody_answers_ends_it(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.world.types("/sled lock pay --reason release week --for 5h", by="ada")
    await shop.says("/sled deploy pay --to dev")
    await shop.after(hours=5)
    await shop.after(hours=24)
    [only] = await deployments(shop.world, "pay")
    assert (only.state, only.code) == (DeploymentState.FAILED, "unanswered")
    assert await shop.world.is_all_answered()


async def test_who_was_overtaken_by_the_owner_of_the_lock_is_asked(shop: Talk) -> None:
    erin = shop.world.github.user("erin", id=8, right="write")
    await built(shop.world, "pay", "4")
    await built(shop.world, "pay", "5")
    await shop.says("/sled lock pay --reason a leak")
    await shop.says("/sled deploy pay@4000000 --to dev", by=erin)
    shop.world.clock.advance(seconds=1)
    await shop.says("/sled deploy pay@5000000 --to dev")
    heard = await shop.says("/sled unlock pay")
    assert any("deploy 2 came before it" in each for each in heard)
