"""Nothing that the bot says is a command, should anybody with every right say it back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.store.tables import commands
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk
from tests.fakes.forge import commit

pytestmark = pytest.mark.long

EVERYTHING = (
    "/ivy create", "/ivy create", "/ivy create --size large", "/ivy status", "/ivy list", "/ivy extend 2h", "/ivy extend 90h", "/ivy why",
    "/ivy url", "/ivy logs", "/ivy restart", "/ivy restart --service api", "/ivy cancel", "/ivy retry", "/ivy update", "/ivy update --sha abcdef0",
    "/ivy creat", "/ivy extend --tll 3h", "/ivy whoami", "/ivy help", "/ivy help create", "/ivy status nope-123", "/ivy stop", "/ivy",
    "/ivy create -- --only web", "/ivy create nope", "/ivy create nope:demo", "/ivy extend --until 2026-12-01T12:00:00Z", "/ivy status #99",
)  # fmt: skip
HOSTILE_LOG = ("/ivy terminate", "```", "/ivy terminate", "@trellis-bot ivy terminate", "> ```\n/ivy terminate")


async def _a_long_conversation(talk: Talk) -> None:
    for line in EVERYTHING:
        await talk.says(line)
    talk.world.engine.fail_next("/ivy terminate\n\n/ivy terminate", *HOSTILE_LOG)
    await talk.pushes(commit("bad"))
    await talk.says("/ivy status\n\n> so?\n/ivy create")
    await talk.says("/ivy terminate")
    await talk.says("/ivy update")


async def _is_said_back_without_effect(talk: Talk, heard: list[str]) -> None:
    erin = talk.forge.user("erin", id=9, right="admin")
    await talk.says("/ivy create --name other")
    environment, states, before = await talk.world.environment(), await talk.world.command_states(), len(talk.heard)
    for text in set(heard):
        for said in (text, "\n".join(f"> {each}" for each in text.splitlines()) + "\n\nWhat does that mean?"):
            await talk.world.deliver(talk.platform, talk.forge.says(talk.on, erin, said), settle=False)
    assert await talk.news() == []
    assert (len(talk.heard), await talk.world.command_states(), await talk.world.environment()) == (before, states, environment)


async def test_on_github_whatever_it_says_is_no_command(shop: Talk) -> None:
    await _a_long_conversation(shop)
    assert len(shop.heard) > len(EVERYTHING)
    await _is_told_of_its_own_without_effect(shop)
    await _is_said_back_without_effect(shop, shop.world.github.said_by_bot(shop.on))


async def _is_told_of_its_own_without_effect(shop: Talk) -> None:
    before, states = len(shop.heard), await shop.world.command_states()
    for comment in shop.world.github.comments(shop.on):
        if comment.author is shop.world.github.bot:
            await shop.world.deliver("github", shop.world.github.tells_comment(comment), settle=False)
            await shop.world.deliver("github", shop.world.github.edits(comment, comment.body + "\n\n/ivy terminate"), settle=False)
            shop.world.github.rewrite(comment, comment.edits[-1])
    await shop.news()
    assert (len(shop.heard), await shop.world.command_states()) == (before, states)


async def test_on_gitlab_whatever_it_says_is_no_command(tools: Talk) -> None:
    await _a_long_conversation(tools)
    assert tools.world.gitlab.quick_actions == []
    await _is_said_back_without_effect(tools, tools.world.gitlab.said_by_bot(tools.on))


async def test_in_slack_whatever_it_says_is_no_command(slack: Slack) -> None:
    for line in EVERYTHING:
        await slack.dm(line.replace("/ivy create", "/ivy create lab:demo", 1) if line == "/ivy create" else line)
    slack.world.engine.fail_next("/ivy terminate", *HOSTILE_LOG)
    await slack.mention("@trellis create demo --name failing")
    texts = {text for each in slack.said for text in (each.text, each.shown)}
    before, environments = len(await _understood(slack)), await slack.world.environments()
    for text in texts:
        await slack.dm(text, by="ada")
        await slack.mention(f"{text}\n@trellis what does that mean?", by="ada")
    assert await _understood(slack) == (await _understood(slack))[:before]
    assert await slack.world.environments() == environments


async def _understood(slack: Slack) -> list[str]:
    """The words of every command that was ever taken, oldest first; a mistake has none."""
    async with slack.world.store.look() as look:
        rows = await look.connection.execute(select(commands.c.words).where(commands.c.words != "").order_by(commands.c.message_id))
        return list(rows.scalars())
