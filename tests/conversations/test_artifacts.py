"""artifacts: what was built of a service and where it runs; and a deploy that asks the forge what is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conversations.talk import Talk, words
from tests.deploys import built

if TYPE_CHECKING:
    from tests.world import World


async def test_what_was_built_is_listed_with_where_it_runs(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9", title="Round the cents")
    await built(shop.world, "pay", "5fd1c0e9", is_merged=False, request=12, title="A new tariff")
    await shop.says("/sled deploy pay@4fd1c0e9 --to dev")
    await shop.says("/sled deploy pay@4fd1c0e9 --to staging")
    shop.world.clock.advance(hours=2)
    assert (await shop.says("/sled artifacts pay"))[-1] == words(
        """
        **pay**: the newest 2:

        | artifact | what | merged | registered | runs in |
        | --- | --- | --- | --- | --- |
        | `5fd1c0e9` | A new tariff (\\!\u200b12) | no | 2 h ago |  |
        | `4fd1c0e9` | Round the cents | 2 h ago | 2 h ago | dev, staging |

        Deploy one: `/sled deploy pay@4fd1c0e9 --to …`
        """
    )


async def test_of_several_services_each_is_named_and_nothing_is_told_as_that(shop: Talk, world: World) -> None:
    assert "Nothing was registered of **pay, web** yet" in (await shop.says("/sled artifacts core"))[-1]
    await built(world, "pay", "4fd1c0e9")
    await built(world, "web", "5fd1c0e9")
    answer = (await shop.says("/sled artifacts"))[-1]
    assert "| **web** | `5fd1c0e9` |" in answer
    assert "| **pay** | `4fd1c0e9` |" in answer
    world.clock.advance(hours=5 * 24)
    assert "| 5 days ago | 5 days ago |" in (await shop.says("/sled artifacts pay"))[-1]
    assert "There is no service and no deploy group `nothing`" in (await shop.says("/sled artifacts nothing"))[-1]


async def test_who_may_not_look_is_told_of_no_artifact(world: World) -> None:
    await built(world, "pay", "4fd1c0e9", title="Secret plans")
    mallory = world.github.user("mallory", id=66, right="none")
    dana = world.github.user("dana", id=7, right="write")
    talk = Talk(world, mallory, world.github.pull_request("acme/shop", number=13, branch="x", author=dana))
    assert "Secret plans" not in "".join(await talk.says("/sled artifacts pay"))


async def test_a_push_that_was_missed_is_asked_about_when_somebody_deploys(shop: Talk, world: World) -> None:
    await built(world, "pay", "4fd1c0e9", is_merged=False)
    world.github.commits(world.shop, "4fd1c0e9".ljust(40, "0"))
    assert "is merged as far as the forge says" in (await shop.says("/sled deploy pay --to dev"))[-1]
    world.clock.advance(seconds=60)
    world.github.merges(world.shop, "4fd1c0e9".ljust(40, "0"))
    assert "**pay** runs `4fd1c0e9` in **dev**" in (await shop.says("/sled deploy pay --to dev"))[-1]


async def test_a_forge_that_is_away_keeps_nobody_from_what_is_known(shop: Talk, world: World) -> None:
    await built(world, "pay", "4fd1c0e9")
    await built(world, "pay", "5fd1c0e9", is_merged=False)
    for _ in range(2):
        world.github.fail_next("GET comparison", 503)
    assert "**pay** runs `4fd1c0e9` in **dev**" in (await shop.says("/sled deploy pay --to dev"))[-1]
    world.clock.advance(seconds=60)
    await built(world, "web", "6fd1c0e9", is_merged=False)
    world.github.fail_next("GET comparison", 503, times=9)
    answer = (await shop.says("/sled deploy web --to dev"))[-1]
    assert "Whether it is merged cannot be asked of the forge now" in answer
    assert "**web** runs `6fd1c0e9`" in (await shop.says("/sled deploy web@6fd1c0e9 --to dev"))[-1]
