"""lock, unlock, locks: nobody but its owner deploys to what is locked, and whoever waits goes on when it is over."""

from __future__ import annotations

from bot.domain.deployment import DeploymentState
from tests.conversations.talk import Talk, words
from tests.deploys import built, deployments
from tests.fakes.forge import User


def erin_in(shop: Talk) -> User:
    return shop.world.github.user("erin", id=8, right="write")


async def states(shop: Talk, service: str = "pay") -> list[DeploymentState]:
    return [each.state for each in await deployments(shop.world, service)]


async def test_a_lock_has_a_reason_and_is_the_one_there_is(shop: Talk) -> None:
    assert await shop.answer("/sled lock pay:dev") == words(
        """
        ❌ @dana Why? Whoever has to wait reads it: `/sled lock pay:dev --reason …`

        <sub>reason: `missing_value`</sub>
        """
    )
    assert await shop.answer("/sled lock pay:dev --reason release week --for 2h") == words(
        """
        ✅ **pay:dev** is locked by you until 2026-11-30 14:00 UTC: deploys of others wait.

        Reason: release week

        End it: `/sled unlock pay:dev`
        """
    )
    said_again = "✅ **pay:dev** is locked by you until 2026-11-30 14:00 UTC already. Reason: release week"
    assert await shop.answer("/sled lock pay:dev") == said_again
    longer = "✅ **pay:dev** is locked by you until 2026-11-30 15:00 UTC. Reason: release week"
    assert await shop.answer("/sled lock pay:dev --for 3h") == longer
    assert await shop.answer("/sled lock PAY:dev --reason a leak") == longer.replace("release week", "a leak")


async def test_another_is_told_whose_lock_it_is_and_waits(shop: Talk) -> None:
    erin = erin_in(shop)
    await built(shop.world, "pay")
    await shop.says("/sled lock pay:dev --reason release week --for 2h")
    assert await shop.answer("/sled lock pay:dev --reason mine", by=erin) == words(
        """
        ❌ @erin **pay:dev** is locked by @dana until 2026-11-30 14:00 UTC: release week

        When that cannot wait: `/sled unlock pay:dev`

        <sub>reason: `locked`</sub>
        """
    )
    said = await shop.says("/sled deploy pay --to dev", by=erin)
    assert "the lock on pay:dev of dana (release week)" in said[-1]
    assert await states(shop) == [DeploymentState.WAITING]
    heard = await shop.after(hours=2)
    assert any("Your lock on **pay:dev** is over: its time was up." in each for each in heard)
    assert await states(shop) == [DeploymentState.SUCCEEDED]


async def test_its_owner_deploys_under_it_also_by_a_joined_account(shop: Talk) -> None:
    await built(shop.world, "pay")
    await shop.says("/sled lock pay --reason release week")
    await shop.says("/sled deploy pay --to dev")
    assert await states(shop) == [DeploymentState.SUCCEEDED]


async def test_unlocked_by_another_its_owner_is_told_and_who_waits_goes_on(shop: Talk) -> None:
    erin = erin_in(shop)
    await built(shop.world, "pay")
    await shop.world.types("/sled lock core --reason release week", by="ada")
    assert "waits for the lock on core of ada" in (await shop.says("/sled deploy pay --to dev"))[-1]
    first, *_ = await shop.says("/sled unlock core", by=erin)
    assert first == "✅ The lock of ada on **core** has ended. 1 deploy that waits is looked at again."
    assert await states(shop) == [DeploymentState.SUCCEEDED]
    told = await shop.world.types("/sled locks", by="ada")
    assert "Nothing is locked" in told[-1]


async def test_who_waits_longest_begins_first(shop: Talk) -> None:
    erin = erin_in(shop)
    await built(shop.world, "pay", "4")
    await built(shop.world, "pay", "5")
    await shop.world.types("/sled lock pay --reason release week", by="ada")
    await shop.says("/sled deploy pay@4000000 --to dev", by=erin)
    await shop.says("/sled deploy pay@5000000 --to dev")
    await shop.says("/sled unlock pay", by=erin)
    first, second = await deployments(shop.world, "pay")
    assert [each.state for each in (first, second)] == [DeploymentState.SUCCEEDED] * 2
    assert (first.ended_at or 0) <= (second.began_at or 0)


async def test_a_warning_stops_nobody_and_is_shown_to_who_deploys(shop: Talk) -> None:
    erin = erin_in(shop)
    await built(shop.world, "pay")
    assert "bears your warning until it is unlocked" in await shop.answer("/sled lock pay:dev --reason careful --warn", by=erin)
    said = await shop.says("/sled deploy pay --to dev")
    assert any("Warning of erin (pay:dev): careful" in each for each in said)
    assert await states(shop) == [DeploymentState.SUCCEEDED]


async def test_of_an_environment_that_others_use_too_only_ones_own_is_locked(shop: Talk) -> None:
    assert await shop.answer("/sled lock dev --reason mine") == words(
        """
        ❌ @dana **dev** covers services of others too. You may do that for:

        - `/sled lock core:dev`
        - `/sled lock pay:dev`
        - `/sled lock web:dev`

        <sub>reason: `not_allowed`</sub>
        """
    )
    [told] = await shop.world.types("/sled lock dev --reason everybody's", by="ada")
    assert "dev is locked by you until it is unlocked" in told
    assert "ada" in await shop.answer("/sled locks")


async def test_what_is_no_scope_is_told_with_the_nearest(shop: Talk) -> None:
    assert await shop.answer("/sled lock dve --reason x") == words(
        """
        ❌ @dana There is no environment, group or service `dve`. Did you mean:

        - `/sled lock dev`

        <sub>reason: `unknown_scope`</sub>
        """
    )
    hidden = await shop.answer("/sled lock tool --reason x")  # a service of a project that dana may not look at
    assert "There is no" in hidden
    assert "- `/sled lock tool`" not in hidden
    assert "`which_scope`" in await shop.answer("/sled lock")
    assert await shop.answer("/sled unlock pay") == "❌ @dana **pay** is not locked.\n\n<sub>reason: `not_locked`</sub>"


async def test_a_viewer_sees_locks_and_makes_none(shop: Talk) -> None:
    vera = shop.world.github.user("vera", id=9, right="read")
    assert await shop.says("/sled lock pay --reason x", by=vera) != []
    async with shop.world.store.look() as look:
        assert list(await look.locks.live()) == []
