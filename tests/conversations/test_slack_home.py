"""App Home and the form that makes an environment."""

from __future__ import annotations

import json
from typing import Any

from bot.domain.message import Person, Platform
from bot.rendering.views import CREATE
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.fakes.slack_shapes import shown_view


def home(slack: Slack, who: str = "dana") -> str:
    return shown_view(slack.world.slack.homes[slack.person(who).id])


async def answer(slack: Slack, **fields: str) -> Any:
    """What Slack is answered to the form that dana sends."""
    delivery = slack.world.slack.submit(slack.person("dana"), **fields)
    given = await slack.world.deliver("slack", delivery)
    assert given.status_code == 200
    return json.loads(given.content) if given.content else None


# The page.


async def test_who_has_none_is_told_what_to_type(slack: Slack) -> None:
    assert await slack.deliver(slack.world.slack.look_home(slack.person("dana"))) == []
    assert home(slack) == words(
        """
        Your environments
        You have none. Press the button, or type `/ivy create BRANCH` in a channel; `/ivy help` shows the rest.
        [Create an environment]
        """
    )


async def test_the_page_shows_ones_own_and_follows_what_becomes_of_them(slack: Slack) -> None:
    await slack.slash("create demo", by="ada")
    for who in ("dana", "ada"):
        await slack.deliver(slack.world.slack.look_home(slack.person(who)))
    await slack.slash("create main")
    assert home(slack) == words(
        """
        Your environments
        ✅ *main-3i667h* · `main` · ready in 0.0 s
        <http://main-3i667h.localhost:8780>
        goes <!date^1796212800^{date_short_pretty} {time}|2026-12-02 12:00 UTC>
        [+4 h] [+24 h] [Logs] [Terminate]
        [Create an environment]
        """
    )
    assert "demo-cd7qqd" in home(slack, "ada")
    assert "main-3i667h" not in home(slack, "ada")
    await slack.slash("terminate main-3i667h", by="ada")
    assert "main-3i667h" not in home(slack)


async def test_what_one_has_elsewhere_is_on_the_page_once_the_accounts_are_joined(shop: Talk, slack: Slack) -> None:
    await slack.deliver(slack.world.slack.look_home(slack.person("dana")))
    async with slack.world.store.transaction() as transaction:
        await transaction.people.join(Person(Platform.GITHUB, "7", "dana"), Person(Platform.SLACK, "U0DANA", "dana"))
    await shop.says("/ivy create")
    assert "· `demo` · ready in 0.0 s" in home(slack)
    await shop.says("/ivy terminate")
    assert "You have none." in home(slack)


async def test_what_is_pressed_on_the_page_is_answered_in_a_direct_message(slack: Slack) -> None:
    await slack.slash("create demo")
    await slack.deliver(slack.world.slack.look_home(slack.person("dana")))
    [reply] = await slack.deliver(slack.world.slack.press_home(slack.person("dana"), "+4 h"))
    assert (reply.channel, reply.shown.splitlines()[0].partition(" more")[0]) == ("D0DANA", "✅ <@U0DANA> *demo-cd7qqd* has 4 h")
    assert "16:00 UTC" in home(slack)


async def test_a_page_is_made_only_for_who_looks_at_it(slack: Slack) -> None:
    await slack.slash("create demo")
    assert slack.world.slack.homes == {}
    await slack.deliver(slack.world.slack.look_home(slack.person("dana"), tab="messages"))
    assert slack.world.slack.homes == {}


async def test_slack_that_is_away_gets_the_page_later(slack: Slack) -> None:
    slack.world.slack.fail_next("views.publish", 503)
    await slack.deliver(slack.world.slack.look_home(slack.person("dana")))
    await slack.world.pass_time(seconds=60)
    assert home(slack).startswith("Your environments")


# The form.


async def test_without_a_branch_a_form_is_shown_and_what_it_says_is_done(slack: Slack) -> None:
    assert await slack.slash("create") == []
    view = slack.world.slack.forms["U0DANA"]
    project, *_ = view["blocks"]
    assert [each["value"] for each in project["element"]["options"]] == ["lab", "shop", "tools"]
    assert project["element"]["initial_option"]["value"] == "lab"
    said = await slack.deliver(slack.world.slack.submit(slack.person("dana"), branch="demo", ttl="3h", size="large"))
    assert shown(said)[0] == "*dana*: `/ivy create demo --project lab --ttl 3h --size large`"
    assert {each.channel for each in said} == {"C0LAB"}
    environment = await slack.world.environment()
    assert (environment.project, environment.owner.id, environment.size) == ("lab", "U0DANA", "large")
    assert environment.expires_at - environment.created_at == 3 * 3_600


async def test_the_form_asks_for_data_which_is_loaded_or_refused_with_what_there_is(slack: Slack) -> None:
    file = b"version: 1\nservices: {web: {run: python3 app.py}}\nseeds: {orders: {run: ./seed.sh}}\n"
    slack.world.repositories.files["b" * 40] = {".dev-env.yaml": file}
    await slack.slash("create")
    [field] = [each for each in slack.world.slack.forms["U0DANA"]["blocks"] if each["block_id"] == "seed"]
    assert (field["label"]["text"], field["optional"], field["element"]["placeholder"]["text"]) == (
        "Data",
        True,
        "a dataset of the branch's file",
    )
    said = await slack.deliver(slack.world.slack.submit(slack.person("dana"), branch="demo", seed="ordrs"))
    assert "There is no dataset `ordrs` here" in shown(said)[-1]
    await slack.slash("create")
    said = await slack.deliver(slack.world.slack.submit(slack.person("dana"), branch="demo", seed="orders"))
    assert shown(said)[0] == "*dana*: `/ivy create demo --project lab --seed orders`"
    assert (await slack.world.environment()).seeds.loaded == "orders"


async def test_a_form_is_opened_from_the_page_and_by_the_shortcut(slack: Slack) -> None:
    dana = slack.person("dana")
    await slack.deliver(slack.world.slack.look_home(dana))
    for asked in (slack.world.slack.press_home(dana, "Create an environment"), slack.world.slack.shortcut(dana, CREATE)):
        slack.world.slack.forms.clear()
        assert await slack.deliver(asked) == []
        assert slack.world.slack.forms["U0DANA"]["callback_id"] == CREATE
    said = await slack.deliver(slack.world.slack.submit(dana, project="lab", branch="demo"))
    assert {each.channel for each in said} == {"D0DANA"}
    assert "demo-cd7qqd" in home(slack)


async def test_what_is_wrong_is_told_at_its_field(slack: Slack) -> None:
    await slack.slash("create", channel=slack.hall)
    assert await answer(slack, project="lab", branch="demo", ttl="soon") == {
        "response_action": "errors",
        "errors": {"ttl": "`soon` is not a duration: say `45m`, `4h`, `2d`, `1w` or `1d12h`."},
    }
    assert await answer(slack, branch="demo", ttl="1000h") == {
        "response_action": "errors",
        "errors": {"project": "Which project?", "ttl": "An environment lives 96 h at most."},
    }
    assert await slack.world.environments() == []
    assert await answer(slack, project="lab", branch="demo") is None
    assert len(await slack.world.environments()) == 1


async def test_a_branch_that_is_not_there_is_told_afterwards_with_the_nearest(slack: Slack) -> None:
    await slack.slash("create")
    _, refused = await slack.deliver(slack.world.slack.submit(slack.person("dana"), branch="dem"))
    assert refused.shown.splitlines()[0] == "❌ <@U0DANA> There is no branch `dem` in lab."


async def test_a_submission_that_is_sent_again_is_one(slack: Slack) -> None:
    await slack.slash("create")
    delivery = slack.world.slack.submit(slack.person("dana"), branch="demo")
    assert len(await slack.deliver(delivery)) == 3
    assert await slack.deliver(slack.world.slack.retry(delivery)) == []


async def test_where_it_is_too_late_for_the_form_words_answer(slack: Slack) -> None:
    slack.world.slack.fail_next("views.open", 200, body={"ok": False, "error": "expired_trigger_id"})
    _, reply = await slack.slash("create")
    assert reply.shown.splitlines()[0] == "❌ <@U0DANA> Which branch? For instance `/ivy create lab:main`"


async def test_who_may_see_nothing_gets_no_form_and_no_list_of_projects(slack: Slack) -> None:
    said = await slack.slash("create", by="mallory")
    assert slack.world.slack.forms == {}
    assert "You may not run `/ivy create`" in said[-1].shown


async def test_a_form_of_another_thread_or_workspace_is_refused(slack: Slack) -> None:
    await slack.slash("create")
    view = slack.world.slack.forms["U0DANA"]
    for known in ({"thread": "slack:T0STRANGE:C1:1.2", "cap_h": 96}, {"thread": "github:shop:12", "cap_h": 96}, {}, "x"):
        view["private_metadata"] = json.dumps(known)
        delivery = slack.world.slack.submit(slack.person("dana"), branch="demo")
        assert (await slack.world.deliver("slack", delivery)).status_code == 400
