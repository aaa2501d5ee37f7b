"""What was said long before it reached us is answered, not run: by whatever way it comes late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.conversations.test_edits import Deaf

if TYPE_CHECKING:
    from tests.world import World

HOUR_S = 3600


async def _comes_late(talk: Talk, text: str, seconds: float) -> list[str]:
    """What the bot says to a hook that reaches us so much later than it was said."""
    before = len(talk.heard)
    delivery = talk.forge.says(talk.on, talk.by, text)
    talk.world.clock.advance(seconds=seconds)
    assert delivery.comment is not None
    talk.comments.append(delivery.comment)
    await talk.world.deliver(talk.platform, delivery)
    return talk.heard[before:]


async def test_a_hook_that_comes_after_an_hour_is_answered_and_not_run(shop: Talk) -> None:
    assert await _comes_late(shop, "/ivy create", 3 * HOUR_S) == [
        words(
            """
            ⚠️ @dana This was said 3 h ago and reached me only now, so it was not run: much may have changed since.

            - If you still want it, say it again: `/ivy create`

            <sub>reason: `stale`</sub>
            """
        )
    ]
    assert await shop.world.environments() == []
    assert await shop.world.command_states() == ["refused"]
    assert shop.signs == ["eyes", "confused"]


async def test_on_gitlab_too(tools: Talk) -> None:
    [said] = await _comes_late(tools, "/ivy create", HOUR_S + 2)
    assert "reason: `stale`" in said
    assert await tools.world.environments() == []


async def test_within_the_hour_it_is_run(shop: Talk) -> None:
    await _comes_late(shop, "/ivy create", HOUR_S - 2)
    assert len(await shop.world.environments()) == 1


async def test_each_command_of_a_late_comment_is_answered(shop: Talk) -> None:
    said = await _comes_late(shop, "/ivy create\n/ivy status", 5 * HOUR_S)
    assert ["`/ivy create`" in said[0], "`/ivy status`" in said[1], len(said)] == [True, True, 2]


async def test_a_stranger_is_not_answered_late_either(shop: Talk) -> None:
    mallory = shop.world.github.user("mallory", id=66)
    delivery = shop.forge.says(shop.on, mallory, "/ivy create")
    shop.world.clock.advance(hours=3)
    await shop.world.deliver("github", delivery)
    assert [each for each in shop.heard if "stale" in each] == []
    assert await shop.world.environments() == []


async def test_what_we_had_in_time_but_came_to_only_after_an_hour_is_not_run_either(shop: Talk) -> None:
    with Deaf(shop.world, "hear"):
        await shop.says("/ivy create", settle=False)
        shop.world.clock.advance(hours=2)
    [said] = await shop.news()
    assert "reason: `stale`" in said


async def test_a_late_answer_is_given_once_however_often_it_comes(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    shop.world.clock.advance(hours=2)
    for _ in range(3):
        await shop.world.deliver("github", delivery)
    assert len(shop.heard) == 1


async def test_in_slack_a_late_message_is_not_run(slack: Slack) -> None:
    delivery = slack.world.slack.dm(slack.person("dana"), "create lab:demo")
    slack.world.clock.advance(hours=2)
    said = shown(await slack.deliver(delivery))
    assert len(said) == 1
    assert "said 2 h ago" in said[0]
    assert await slack.world.environments() == []


async def test_a_terminal_has_no_time_of_its_own_and_is_never_late(world: World) -> None:
    assert "You are dana" in (await world.types("whoami"))[0]
