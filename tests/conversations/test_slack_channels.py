"""What may be said where in Slack, what people are called, and messages that are taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app.channels import channels_of
from bot.settings import Settings, SettingsError
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import words
from tests.fakes.forge import User as ForgeUser
from tests.world import World, a_world

CHANNELS: dict[str, Any] = {
    "C0LAB": {"name": "lab", "allow": ["look", "extend"]},
    "C0OPS": {"name": "ops", "allow": "change,look"},
    "*": {"allow": ["look"]},
}


async def in_channels(folder: Path, database_url: str, text: str, channel: str) -> list[str]:
    """What is answered where channels are restricted so."""
    async with a_world(folder, database_url=database_url, slack_channels=CHANNELS) as world:
        slack = Slack(world)
        where = {"lab": slack.lab, "hall": slack.hall}.get(channel)
        return shown(await slack.mention(f"@trellis {text}", channel=where) if where else await slack.dm(text))


@pytest.mark.parametrize(
    ("channel", "text", "is_allowed"),
    [
        ("lab", "list", True),
        ("lab", "help", True),
        ("lab", "create demo", False),
        ("lab", "extend demo-x", True),
        ("hall", "list", True),
        ("hall", "extend demo-x", False),
        ("dm", "create lab:demo", True),
    ],
)
async def test_each_channel_takes_what_it_is_for(tmp_path: Path, database_url: str, channel: str, text: str, is_allowed: bool) -> None:
    said = await in_channels(tmp_path, database_url, text, channel)
    assert any("reason: `not_here`" in each for each in said) is not is_allowed


async def test_a_refusal_says_where_it_may_be_said(tmp_path: Path, database_url: str) -> None:
    assert await in_channels(tmp_path, database_url, "create demo", "lab") == [
        words(
            """
            ❌ <@U0DANA> `/ivy create` may not be said in this channel. It may in #\u200bops or a direct message to me.
            reason: `not_here`
            """
        ),
    ]


def test_a_word_that_is_no_command_is_one_clear_line() -> None:
    settings = Settings(slack={"channels": {"C0LAB": {"allow": ["look", "ship"]}}})  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"slack\.channels\.C0LAB: 'ship' is neither a command nor one of"):
        channels_of(settings)


# Names.


async def test_on_other_platforms_people_are_called_by_their_names(world: World, slack: Slack) -> None:
    gil: ForgeUser = world.github.user("gil", id=9, right="write")
    request = world.github.pull_request("acme/shop", number=12, branch="demo", author=gil)
    await slack.mention("@trellis create shop:demo")
    await world.says("/ivy list", by=gil, on=request)
    assert "| dana |" in world.hears(request)[-1]
    assert "U0DANA" not in world.hears(request)[-1]
    await slack.mention("@trellis list")
    assert len(world.slack.asked("users.info")) == 1


@pytest.mark.parametrize("trouble", ["missing_scope", "away"])
async def test_a_name_that_cannot_be_asked_for_holds_nothing_up(slack: Slack, trouble: str) -> None:
    if trouble == "missing_scope":
        slack.world.slack.scopes.discard("users:read")
    else:
        slack.world.slack.fail_next("users.info", 503)
    assert len(await slack.mention("@trellis create demo")) == 2
    assert (await slack.world.environment()).owner.name == "U0DANA"


# Taken back.


async def _nobody(_: object) -> None:
    """Nobody comes when it rings; the sweep finds what is there."""


async def test_a_message_that_is_deleted_before_it_began_is_not_run(slack: Slack) -> None:
    world = slack.world
    asked = world.slack.dm(slack.person("dana"), "create lab:demo")
    assert asked.message is not None
    world.store.ringer = _nobody  # no worker hears of it before both are there
    await world.web.post("/hooks/slack", content=asked.body, headers=asked.headers)
    removed = world.slack.remove(asked.message)
    await world.web.post("/hooks/slack", content=removed.body, headers=removed.headers)
    await world.settle()
    assert await world.environments() == []


async def test_deleting_what_has_begun_changes_nothing(slack: Slack) -> None:
    world = slack.world
    asked = world.slack.dm(slack.person("dana"), "create lab:demo")
    assert asked.message is not None
    await slack.deliver(asked)
    assert await slack.deliver(world.slack.remove(asked.message)) == []
    assert len(await world.environments()) == 1
