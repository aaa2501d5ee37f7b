"""What the bot says goes out once and in order, however the platform answers."""

from __future__ import annotations

import pytest

from bot.domain.environment import State
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk

pytestmark = pytest.mark.long

CREATED = ["### ✅ **demo-", "✅ @dana **demo-"]


def _heads(texts: list[str]) -> list[str]:
    """How each begins, cards first: a card and a post do not wait for each other."""
    return sorted(each[: len("### ✅ **demo-") if each.startswith("###") else len("✅ @dana **demo-")] for each in texts)


async def test_a_comment_whose_answer_was_lost_is_there_once(shop: Talk) -> None:
    shop.forge.lose_next("POST comment", 3)
    await shop.says("/ivy create")
    for _ in range(6):
        await shop.after(seconds=61)
    assert _heads(shop.heard) == CREATED
    assert len(shop.forge.asked("POST comment")) == 2


async def test_on_gitlab_a_note_whose_answer_was_lost_is_there_once(tools: Talk) -> None:
    tools.forge.lose_next("POST comment", 2)
    await tools.says("/ivy create")
    for _ in range(4):
        await tools.after(seconds=61)
    assert [each[:5] for each in tools.heard] == ["### ✅", "✅ @gi"]


async def test_in_slack_a_message_whose_answer_was_lost_is_there_once(slack: Slack) -> None:
    slack.world.slack.lose_next("chat.postMessage", 3)
    await slack.slash("create demo")
    for _ in range(6):
        await slack.world.pass_time(seconds=61)
    assert sorted(each.text[:6] for each in slack.said) == ["*dana*", "✅ <@U0", "✅ demo"]


async def test_what_could_not_be_said_is_said_later(shop: Talk) -> None:
    for status in (500, 502, 503, 408, 401):
        shop.forge.fail_next("POST comment", status)
    assert await shop.says("/ivy create") == []
    assert (await shop.world.environment()).state is State.READY
    for _ in range(6):
        await shop.after(seconds=61)
    assert _heads(shop.heard) == CREATED


async def test_as_long_as_it_is_asked_to_wait_it_waits(shop: Talk) -> None:
    await shop.makes()
    shop.forge.fail_next("POST comment", 429, {"retry-after": "300"})
    assert await shop.says("/ivy whoami") == []
    asked = len(shop.forge.asked("POST comment"))
    assert await shop.after(seconds=299) == []
    assert len(shop.forge.asked("POST comment")) == asked
    assert len(await shop.after(seconds=2)) == 1


async def test_while_a_platform_asks_to_wait_nothing_is_asked_of_it(shop: Talk) -> None:
    other = Talk(shop.world, shop.by, shop.world.github.pull_request("acme/shop", number=13, branch="other"))
    await shop.makes()
    shop.forge.fail_next("EDIT comment", 429, {"retry-after": "300"})
    await shop.says("/ivy extend 1h")
    counts = {kind: len(shop.forge.asked(kind)) for kind in ("POST comment", "EDIT comment", "POST reaction")}
    assert await other.says("/ivy create") == []
    await shop.after(seconds=298)
    assert counts == {kind: len(shop.forge.asked(kind)) for kind in counts}
    await shop.after(seconds=3)
    await shop.after(seconds=1)
    assert "**goes** 2026-12-02 13:00 UTC" in shop.card
    assert sorted(each[:14] for each in other.heard) == ["### ✅ **other-", "✅ @dana **othe"]
    assert other.signs == ["eyes", "+1"]


async def test_a_rate_limit_that_calls_itself_forbidden_is_waited_for(shop: Talk) -> None:
    shop.forge.fail_next("POST comment", 403, {"retry-after": "30"}, {"message": "You have exceeded a secondary rate limit."})
    assert await shop.says("/ivy whoami") == []
    assert len(await shop.after(seconds=31)) == 1


async def test_slacks_rate_limit_is_waited_for(slack: Slack) -> None:
    slack.world.slack.fail_next("chat.postMessage", 429, {"retry-after": "30"})
    assert await slack.dm("whoami") == []
    await slack.world.pass_time(seconds=29)
    assert slack.said == []
    await slack.world.pass_time(seconds=2)
    assert len(slack.said) == 1


async def test_what_waits_keeps_its_order(shop: Talk) -> None:
    shop.forge.fail_next("POST comment", 503, times=2)
    for line in ("/ivy whoami", "/ivy help create", "/ivy creat", "/ivy list"):
        await shop.says(line)
    for _ in range(4):
        await shop.after(seconds=61)
    assert [each.split()[0] for each in shop.heard] == ["You", "`/ivy", "❌", "No"]


async def test_a_locked_conversation_holds_up_nobody_else(shop: Talk) -> None:
    other = Talk(shop.world, shop.by, shop.world.github.pull_request("acme/shop", number=13, branch="other"))
    shop.on.is_locked = True
    assert await shop.says("/ivy create") == []
    assert (await shop.world.environment()).state is State.READY
    assert len(await other.says("/ivy create")) == 2
    asked = len(shop.forge.asked("POST comment"))
    for _ in range(3):
        await shop.after(seconds=61)
    assert len(shop.forge.asked("POST comment")) == asked, "what is refused is not tried again"
    shop.on.is_locked = False
    assert len(await shop.says("/ivy whoami")) == 1


async def test_a_card_that_somebody_deleted_is_made_anew(shop: Talk) -> None:
    await shop.makes()
    [card, _] = [each for each in shop.forge.comments(shop.on) if each.author is shop.forge.bot]
    card.is_deleted = True
    said = await shop.says("/ivy extend 1h")
    assert sorted(each[:5] for each in said) == ["### ✅", "✅ **d"]
    assert "2026-12-02 13:00" in shop.card
    assert len([each for each in shop.heard if each.startswith("###")]) == 1


async def test_on_gitlab_a_card_that_somebody_deleted_is_made_anew(tools: Talk) -> None:
    await tools.makes()
    card = next(each for each in tools.forge.comments(tools.on) if each.body.startswith("###"))
    card.is_deleted = True
    await tools.says("/ivy extend 1h")
    assert len([each for each in tools.heard if each.startswith("###")]) == 1


async def test_in_slack_a_card_that_somebody_deleted_is_made_anew(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    slack.world.slack.delete(card)
    await slack.world.types("extend demo-cd7qqd 1h")
    assert len([each for each in slack.said if each.text.startswith("✅ demo-cd7qqd ·")]) == 1


async def test_a_card_whose_edit_fails_for_a_while_shows_the_newest_in_the_end(shop: Talk) -> None:
    await shop.makes()
    shop.forge.fail_next("EDIT comment", 500, times=3)
    await shop.says("/ivy extend 1h")
    await shop.says("/ivy extend 1h")
    for _ in range(5):
        await shop.after(seconds=61)
    assert "**goes** 2026-12-02 14:00 UTC" in shop.card


async def test_a_comment_that_is_gone_takes_no_sign_and_all_else_is_said(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    assert delivery.comment is not None
    delivery.comment.is_deleted = True
    await shop.world.deliver("github", delivery)
    assert _heads(shop.heard) == CREATED


async def test_somebody_who_copies_a_hidden_mark_hides_nothing(shop: Talk) -> None:
    shop.forge.lose_next("POST comment")
    await shop.says("/ivy create", settle=False)
    for number in range(1, 9):
        shop.forge.add_comment(shop.on, shop.by, f"look: <!-- trellis:post:{number} --> <!-- trellis:card:{number} -->")
    await shop.world.settle()
    for _ in range(3):
        await shop.after(seconds=61)
    assert _heads(shop.heard) == CREATED


async def test_what_is_said_to_a_platform_that_never_answers_is_given_up_in_the_end(shop: Talk) -> None:
    shop.forge.fail_next("POST comment", 500, times=200)
    await shop.says("/ivy whoami")
    for _ in range(25):
        await shop.after(seconds=61)
    asked = len(shop.forge.asked("POST comment"))
    assert asked == 20
    await shop.after(hours=5)
    assert len(shop.forge.asked("POST comment")) == asked
