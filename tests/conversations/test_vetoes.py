"""veto, unveto, resume, freeze: versions that nobody deploys, and when nothing begins."""

from __future__ import annotations

from bot.domain.deployment import DeploymentState
from bot.domain.message import Person, Platform
from tests.conversations.talk import Talk, words
from tests.deploys import built, deployments


async def test_a_vetoed_version_is_deployed_by_nobody_until_it_is_vetoed_no_more(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await shop.says("/sled deploy pay --to dev")
    assert await shop.answer("/sled veto pay@4fd1c0e --reason it loses orders") == words(
        """
        ✅ `pay@4fd1c0e9` is vetoed: nobody deploys it any more, not by force either.

        It runs in dev. Take it back: `/sled rollback pay --to dev`

        Let it be deployed again: `/sled unveto pay@4fd1c0e9`
        """
    )
    refused = "dana vetoed this version: it loses orders"
    assert refused in await shop.answer("/sled deploy pay --to dev")
    [forced] = await shop.world.types("/sled deploy pay@4fd1c0e9 --to dev --force", by="ada")
    assert "✗" in forced
    assert "is vetoed already by dana: it loses orders" in await shop.answer("/sled veto pay@4fd1c0e --reason me too")
    assert "`pay@4fd1c0e9` by dana: it loses orders" in await shop.answer("/sled locks")
    assert await shop.answer("/sled unveto pay@4fd1c0e") == "✅ `pay@4fd1c0e9` is vetoed no more."
    assert "`not_vetoed`" in await shop.answer("/sled unveto pay@4fd1c0e")
    await shop.says("/sled deploy pay --to dev")
    assert [each.state for each in await deployments(shop.world, "pay")] == [DeploymentState.SUCCEEDED] * 2


async def test_what_waits_ends_when_its_version_is_vetoed(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await shop.world.types("/sled lock pay --reason release week", by="ada")
    await shop.says("/sled deploy pay --to dev")
    said = await shop.says("/sled veto pay@4fd1c0e --reason it loses orders")
    assert any("1 deploy of it that waited ends." in each for each in said)
    [only] = await deployments(shop.world, "pay")
    assert (only.state, only.code, only.began_at) == (DeploymentState.FAILED, "vetoed", None)


async def test_a_veto_names_a_version_and_says_why(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9", title="Round the cents")
    assert await shop.answer("/sled veto pay --reason x") == words(
        """
        ❌ @dana Which version? The newest are:

        - `/sled veto pay@4fd1c0e9` Round the cents

        <sub>reason: `which_artifact`</sub>
        """
    )
    assert "`/sled veto pay@4fd1c0e9 --reason …`" in await shop.answer("/sled veto pay@4fd1c0e9")
    assert "`unknown_artifact`" in await shop.answer("/sled veto pay@7777777 --reason x")
    assert "`which_artifact`" in await shop.answer("/sled veto")


async def test_what_a_rollback_held_goes_on_when_it_is_said(shop: Talk) -> None:
    async with shop.world.store.transaction() as transaction:
        await transaction.holds.put("pay", "dev", Person(Platform.GITHUB, "7", "dana"), "rolled back")
    assert "**pay** in dev by dana: rolled back. Go on: `/sled resume pay --in dev`" in await shop.answer("/sled locks")
    assert "**pay** may go on by itself again in dev" in await shop.answer("/sled resume core --in dev")
    assert await shop.answer("/sled resume core --in dev") == "Nothing holds pay, web in dev."
    assert "`which_environment`" in await shop.answer("/sled resume core")
    assert await shop.answer("/sled freeze") == "Nothing is frozen, now or in the next two weeks."
