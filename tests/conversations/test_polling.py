"""Behind a firewall no hook comes: the forge is asked, and the conversation is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversations.talk import Talk
from tests.world import SHOP, TOOLS, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """The usual world with both forges polled; the first look is done."""
    projects = {
        "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP, "receive": "polling"},
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS, "receive": "polling"},
    }
    async with a_world(tmp_path, database_url=database_url, projects=projects) as made:
        await made.poll()
        yield made


@pytest.fixture(params=["github", "gitlab"])
def talk(request: pytest.FixtureRequest, shop: Talk, tools: Talk) -> Talk:
    return shop if request.param == "github" else tools


async def _writes(talk: Talk, text: str, *, is_on_line: bool = False) -> list[str]:
    """Somebody writes, no hook comes; what the bot says after the next look."""
    before = len(talk.heard)
    delivery = talk.forge.says(talk.on, talk.by, text, is_on_line=is_on_line)
    assert delivery.comment is not None
    talk.comments.append(delivery.comment)
    await _looks(talk)
    return talk.heard[before:]


async def _looks(talk: Talk, times: int = 1) -> None:
    for _ in range(times):
        talk.world.clock.advance(seconds=16)
        await talk.world.poll()


async def test_a_comment_that_was_asked_for_makes_an_environment(talk: Talk) -> None:
    said = await _writes(talk, "/ivy create")
    assert [each.split()[0] for each in said] == ["###", "✅"]
    assert len(await talk.world.environments()) == 1
    assert len(talk.signs) == 2


async def test_however_often_it_is_looked_at_it_is_one_command(talk: Talk) -> None:
    await _writes(talk, "/ivy create")
    await _looks(talk, 5)
    assert await talk.world.command_states() == ["done"]
    assert len(talk.heard) == 2


async def test_a_comment_on_a_line_is_heard_too(talk: Talk) -> None:
    [said] = await _writes(talk, "/ivy whoami", is_on_line=True)
    assert said.startswith("You are")


async def test_hooks_and_polling_together_do_it_once(talk: Talk) -> None:
    await talk.says("/ivy create")
    await _looks(talk, 2)
    delivery = talk.forge.tells_comment(talk.comments[0])
    await talk.world.deliver(talk.platform, delivery)
    assert await talk.world.command_states() == ["done"]
    assert len(talk.heard) == 2


async def test_what_was_there_before_we_came_is_the_past(talk: Talk) -> None:
    talk.world.clock.advance(hours=-1)
    talk.forge.says(talk.on, talk.by, "/ivy create")
    talk.world.clock.advance(hours=1)
    await _looks(talk, 2)
    assert talk.heard == []


async def test_a_push_updates(talk: Talk) -> None:
    await _writes(talk, "/ivy create")
    talk.forge.pushes(talk.on.project, "demo", "f" * 40)
    await _looks(talk)
    assert (await talk.world.environment()).sha == "f" * 40


async def test_a_branch_that_is_deleted_takes_its_environment_with_it(talk: Talk) -> None:
    await _writes(talk, "/ivy create")
    talk.forge.deletes_branch(talk.on.project, "demo")
    await _looks(talk)
    assert await talk.world.environments() == []


@pytest.mark.parametrize("is_merged", [True, False])
async def test_a_request_that_is_closed_takes_its_environment_with_it(talk: Talk, is_merged: bool) -> None:
    await _writes(talk, "/ivy create")
    talk.forge.closes(talk.on, is_merged=is_merged)
    await _looks(talk)
    assert await talk.world.environments() == []
    assert f"its request {talk.on.number} was {'merged' if is_merged else 'closed'}" in talk.title


async def test_what_was_edited_before_it_was_seen_is_not_run(talk: Talk) -> None:
    delivery = talk.forge.says(talk.on, talk.by, "hello")
    assert delivery.comment is not None
    talk.world.clock.advance(seconds=4)
    talk.forge.edits(delivery.comment, "/ivy create")
    await _looks(talk)
    [said] = talk.heard
    assert "was changed before I had read it, so it was not run: `/ivy create`" in said
    assert "reason: `edited`" in said
    assert await talk.world.environments() == []


async def test_an_old_comment_that_is_edited_into_a_command_is_nothing(talk: Talk) -> None:
    await _writes(talk, "what do you think?")
    talk.world.clock.advance(hours=1)
    await _looks(talk, 1)
    talk.forge.edits(talk.comments[0], "/ivy create")
    await _looks(talk, 2)
    assert talk.heard == []


@pytest.mark.long
async def test_more_than_a_page_is_read_to_its_end(shop: Talk) -> None:
    for number in range(230):
        shop.forge.says(shop.on, shop.by, f"words {number}")
    shop.world.clock.advance(seconds=1)
    assert len(await _writes(shop, "/ivy whoami")) == 1


@pytest.mark.long
async def test_many_notes_are_read_to_their_end(tools: Talk) -> None:
    tools.forge.says(tools.on, tools.by, "/ivy whoami")
    for number in range(130):
        tools.forge.says(tools.on, tools.by, f"words {number}")
    await _looks(tools)
    assert len(tools.heard) == 1


async def test_a_second_note_within_a_minute_is_seen_though_its_request_does_not_say_so(tools: Talk) -> None:
    await _writes(tools, "/ivy create")
    assert len(await _writes(tools, "/ivy whoami")) == 1


async def test_when_nothing_is_new_github_is_asked_for_nothing_that_counts(shop: Talk) -> None:
    await _writes(shop, "/ivy create")
    await _looks(shop, 3)
    before = shop.world.github.not_modified
    asked = len(shop.world.github.requests)
    await _looks(shop, 4)
    assert shop.world.github.not_modified - before == len(shop.world.github.requests) - asked == 12


async def test_a_forge_that_is_away_is_asked_again_and_nothing_is_lost(talk: Talk) -> None:
    for _ in range(3):
        talk.forge.fail_next("LIST requests", 502)
    assert await _writes(talk, "/ivy create") == []
    await _looks(talk, 3)
    assert len(await talk.world.environments()) == 1


async def test_internal_notes_are_not_heard(tools: Talk) -> None:
    tools.forge.says(tools.on, tools.world.gitlab.bot, "/ivy create")
    await _looks(tools, 2)
    assert len(await tools.world.environments()) == 0
