"""Buttons in Slack: a press says a command in the presser's name, once, and is answered where it was pressed."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode

from bot.domain.environment import State
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import words

HOUR_S = 3_600


async def lives_s(slack: Slack) -> float:
    environment = await slack.world.environment()
    return environment.expires_at - environment.created_at


async def test_a_press_is_a_command_in_the_pressers_name_answered_in_its_thread(slack: Slack) -> None:
    opened, card, _ = await slack.slash("create demo")
    [reply] = await slack.press("+4 h", card, by="ada")
    assert reply.shown == words(
        """
        ✅ <@U0ADA> *demo-cd7qqd* has 4 h more and goes <!date^1796227200^{date_short_pretty} {time}|2026-12-02 16:00 UTC>.
        It can be extended until <!date^1796385600^{date_short_pretty} {time}|2026-12-04 12:00 UTC>.
        """
    )
    assert reply.thread == opened.ts
    assert await lives_s(slack) == 52 * HOUR_S


async def test_a_press_that_is_sent_again_and_a_double_click_are_one(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    first, second = (slack.world.slack.press(slack.person("dana"), card, "+4 h", after_s) for after_s in (0, 2))
    assert len(await slack.deliver(first)) == 1
    for again in (slack.world.slack.retry(first), second, slack.world.slack.retry(second)):
        assert await slack.deliver(again) == []
    assert await lives_s(slack) == 52 * HOUR_S


async def test_a_later_press_and_somebody_elses_are_presses_of_their_own(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    for by, after_s in (("dana", 0), ("ada", 0), ("dana", 30)):
        assert len(await slack.press("+4 h", card, by=by, after_s=after_s)) == 1
    assert await lives_s(slack) == 60 * HOUR_S


async def test_what_destroys_is_red_and_asks_once_more(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    styles = {each["text"]["text"]: (each.get("style"), "confirm" in each) for each in card.buttons}
    assert styles == {"+4 h": (None, False), "+24 h": (None, False), "Logs": (None, False), "Terminate": ("danger", True)}
    [gone] = await slack.press("Terminate", card)
    assert gone.shown.startswith("<@U0DANA> *demo-cd7qqd* is gone")
    assert card.buttons == []


async def test_who_may_not_is_refused_in_their_own_name(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    assert shown(await slack.press("Terminate", card, by="vera")) == [
        words(
            """
            ❌ <@U0VERA> You may not run `/ivy terminate`: it needs the role developer here, and yours is viewer.
            Rule: `changing`. Who may: developer, admin.
            reason: `not_allowed`
            """
        ),
    ]
    assert (await slack.world.environment()).state is State.READY


async def test_each_line_to_try_can_be_pressed(slack: Slack) -> None:
    [mistaken] = await slack.mention("@trellis create demo --tll 3h")
    assert mistaken.shown.splitlines()[-2:] == ["[/ivy create demo --ttl 3h]", "reason: `unknown_option`"]
    card, _ = await slack.press("/ivy create demo --ttl 3h", mistaken)
    assert card.thread == mistaken.thread
    assert await lives_s(slack) == 3 * HOUR_S


async def test_a_press_in_a_direct_message_is_answered_there(slack: Slack) -> None:
    card, _ = await slack.dm("create lab:demo")
    [reply] = await slack.press("+24 h", card)
    assert (reply.channel, reply.thread) == (card.channel, card.thread)


async def test_a_press_on_a_whisper_is_whispered(slack: Slack) -> None:
    [refused] = await slack.slash("create lab:nope", channel=slack.away)
    assert refused.whispered_to == "U0DANA"
    said = await slack.press("/ivy create lab:demo", refused)
    assert [each.channel for each in said] == ["D0DANA"] * 3
    assert shown(said)[0] == "*dana*: `/ivy create lab:demo`"


async def test_while_it_is_made_it_can_be_stopped_by_a_press(slack: Slack) -> None:
    world = slack.world
    world.engine.gate.clear()
    world.engine.reached.clear()
    await world.deliver("slack", world.slack.slash(slack.person("dana"), slack.lab, "/ivy", "create demo"), settle=False)
    await world.engine.reached.wait()
    for _ in range(200):
        card = next((each for each in slack.said if each.buttons), None)
        if card:
            break
        await world.desks["say"].idle()
    assert card is not None
    assert [each["text"]["text"] for each in card.buttons] == ["Stop"]
    await world.deliver("slack", world.slack.press(slack.person("dana"), card, "Stop"), settle=False)
    await world.desks["hear"].idle()
    world.engine.gate.set()
    await world.settle()
    assert [each["text"]["text"] for each in card.buttons] == ["Try again", "Logs", "Terminate"]


async def test_people_of_other_workspaces_press_nothing(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    dana = slack.person("dana")
    for strange in (
        {"user": {"id": "U0DANA", "username": "dana", "team_id": "T0STRANGE"}},
        {"team": {"id": "T0STRANGE", "domain": "strange"}},
        {"team": {"id": "T0STRANGE"}, "user": {"id": "U0DANA", "team_id": "T0STRANGE"}},
    ):
        assert await slack.deliver(slack.world.slack.press(dana, card, "+4 h", more=strange)) == []
    assert await lives_s(slack) == 48 * HOUR_S


async def test_a_value_that_is_no_line_of_ours_is_refused(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    delivery = slack.world.slack.press(slack.person("dana"), card, "+4 h")
    payload = json.loads(parse_qs(delivery.body.decode())["payload"][0])
    for value in ("rm -rf /", "/ivy list\n/ivy terminate demo-cd7qqd", "", "/ivy " + "x" * 2_001):
        payload["actions"][0]["value"] = value
        forged = slack.world.slack.signed(urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded")
        assert (await slack.world.deliver("slack", forged)).status_code == 400


async def test_a_press_that_is_not_signed_does_nothing(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo")
    delivery = slack.world.slack.press(slack.person("dana"), card, "Terminate")
    headers = {**delivery.headers, "x-slack-signature": "v0=" + "0" * 64}
    assert (await slack.world.web.post("/hooks/slack", content=delivery.body, headers=headers)).status_code == 401
    assert (await slack.world.environment()).is_wanted
