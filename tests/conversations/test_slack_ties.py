"""A thread in Slack that is tied to a merge request: both show the same card."""

from __future__ import annotations

from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words


async def test_a_thread_that_asks_for_a_request_shows_its_card_from_then_on(shop: Talk, slack: Slack) -> None:
    await shop.says("/ivy create")
    slug = (await slack.world.environment()).slug
    said = await slack.mention("@trellis ivy status shop#12", channel=slack.hall)
    status, card = sorted(said, key=lambda each: "commit" in each.shown)
    assert status.thread == card.thread
    assert status.shown.splitlines()[0] == f"✅ *{slug}* is ready."
    assert status.shown.splitlines()[-1] == "This thread is tied to `shop#12`: what becomes of it is shown here."
    assert card.shown.splitlines()[0] == f"✅ {slug} · demo · ready in 0.0 s"
    on_github = shop.heard[0].splitlines()[0]
    assert "ready in 0.0 s" in on_github

    await shop.says("/ivy terminate")
    assert card.shown.splitlines()[0] == f"{slug} · demo · gone: dana asked for it"
    assert "gone: dana asked for it" in shop.heard[0].splitlines()[0]


async def test_what_is_made_for_the_request_later_is_shown_too(shop: Talk, slack: Slack) -> None:
    await shop.says("/ivy create")
    before = len(await slack.mention("@trellis ivy status shop#12", channel=slack.hall))
    assert before == 2
    await shop.says("/ivy terminate")
    count = len(slack.said)
    await shop.says("/ivy create")
    [card] = slack.said[count:]
    assert card.shown.splitlines()[0].endswith("· ready in 0.0 s")
    assert card.thread == slack.said[0].thread


async def test_in_a_tied_thread_its_environment_is_meant_and_the_request_sees_it(shop: Talk, slack: Slack) -> None:
    await shop.says("/ivy create --ttl 1h")
    said = await slack.mention("@trellis ivy status shop#12", channel=slack.hall)
    [reply] = await slack.mention("@trellis extend 2h", channel=slack.hall, thread=said[0].thread)
    assert reply.shown.splitlines()[0].startswith("✅ *demo-")
    assert "has 2 h more" in reply.shown
    environment = await slack.world.environment()
    assert environment.expires_at - environment.created_at == 3 * 3_600


async def test_asking_twice_ties_once_and_a_slash_command_ties_nothing(shop: Talk, slack: Slack) -> None:
    await shop.says("/ivy create")
    first = await slack.mention("@trellis ivy status shop#12", channel=slack.hall)
    again = await slack.mention("@trellis ivy status shop#12", channel=slack.hall, thread=first[0].thread)
    assert [each.shown.splitlines()[-1].startswith("This thread is tied") for each in again] == [False]
    glance = await slack.slash("status shop#12", channel=slack.hall)
    assert len(glance) == 2
    assert glance[1].shown.splitlines()[-1].startswith("•")


async def test_in_the_channel_of_a_project_the_number_alone_will_do(tools: Talk, slack: Slack, shop: Talk) -> None:
    await tools.says("/ivy create")
    await shop.says("/ivy create")
    assert shown(await slack.mention("@trellis ivy status #5")) == [
        words(
            """
            ❌ <@U0DANA> There is no environment for request 5 of lab. List them: `/ivy list`
            reason: `no_environment`
            """
        ),
    ]
    said = await slack.mention("@trellis ivy status tools!5")
    assert any("This thread is tied to `tools#5`" in each.shown for each in said)


async def test_a_reply_under_a_card_is_about_its_environment(slack: Slack) -> None:
    card, _ = await slack.dm("create lab:demo")
    await slack.dm("create lab:main")
    [reply] = await slack.dm("extend 2h", thread=card.thread)
    assert "*demo-cd7qqd* has 2 h more" in reply.shown
