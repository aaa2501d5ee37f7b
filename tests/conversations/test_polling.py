"""Behind a firewall no hook comes: the forge is asked, and the conversation is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from tests.conversations.talk import Talk
from tests.fakes import github_shapes, gitlab_shapes
from tests.world import SHOP, TOOLS, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.forge import Delivery
    from tests.world import World


def _polled() -> dict[str, dict[str, str]]:
    return {
        "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP, "receive": "polling"},
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS, "receive": "polling"},
    }


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """The usual world with both forges polled; the first look is done."""
    async with a_world(tmp_path, database_url=database_url, projects=_polled()) as made:
        await made.poll()
        yield made


@pytest.fixture(params=["github", pytest.param("gitlab", marks=pytest.mark.long)])
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


FILE = b"version: 1\nservices: {web: {run: x}}\ncreate: {on: opened}\n"


def _opens(talk: Talk, action: str = "", *, is_draft: bool = False) -> Delivery:
    """The request is opened, and its file wants an environment; the hook that tells of it."""
    talk.world.repositories.files[talk.on.sha] = {".dev-env.yaml": FILE}
    usual = "opened" if talk.platform == "github" else "open"
    return talk.forge.opens(talk.on, action or usual, is_draft=is_draft)


async def test_an_opened_request_gets_its_environment(talk: Talk) -> None:
    _opens(talk)
    await _looks(talk, 3)
    environment = await talk.world.environment()
    assert (environment.owner.id, environment.request) == (str(talk.by.id), talk.on.number)
    assert len(talk.heard) == 2


async def test_a_request_that_was_open_before_we_came_gets_none(talk: Talk) -> None:
    talk.world.clock.advance(hours=-1)
    talk.on.created_at = talk.world.clock.at
    talk.world.clock.advance(hours=1)
    _opens(talk)
    await _looks(talk, 3)
    assert await talk.world.environments() == []


async def test_a_draft_waits_until_it_is_ready(talk: Talk) -> None:
    _opens(talk, is_draft=True)
    await _looks(talk, 2)
    assert await talk.world.environments() == []
    talk.world.clock.advance(hours=3)
    talk.on.is_draft, talk.on.updated_at = False, talk.world.clock.at
    await _looks(talk, 2)
    assert len(await talk.world.environments()) == 1
    assert len(talk.heard) == 2


async def test_a_request_that_is_opened_again_gets_one_again(talk: Talk) -> None:
    _opens(talk)
    await _looks(talk)
    talk.world.clock.advance(hours=3)
    talk.forge.closes(talk.on)
    await _looks(talk)
    assert await talk.world.environments() == []
    talk.world.clock.advance(hours=3)
    _opens(talk)
    await _looks(talk, 3)
    assert len(await talk.world.environments()) == 1


async def test_one_that_was_closed_before_we_came_and_is_opened_again_gets_one(tmp_path: Path, database_url: str) -> None:
    """What the newest requests are like is learnt with the first look."""
    async with a_world(tmp_path, database_url=database_url, projects=_polled()) as world:
        gina = world.gitlab.user("gina", id=70, right="write")
        talk = Talk(world, gina, world.gitlab.merge_request("acme/tools", number=5, branch="demo", author=gina))
        talk.forge.closes(talk.on)
        world.clock.advance(hours=3)
        await _looks(talk)
        _opens(talk)
        await _looks(talk)
        assert len(await world.environments()) == 1


@pytest.mark.parametrize("first", ["hook", "look"])
async def test_opened_is_answered_once_though_both_tell_of_it(talk: Talk, first: str) -> None:
    hook = _opens(talk)
    for way in ("hook", "look") if first == "hook" else ("look", "hook"):
        await (talk.world.deliver(talk.platform, hook) if way == "hook" else _looks(talk))
    assert len(talk.heard) == 2
    assert await talk.world.command_states() == ["done"]


@pytest.mark.parametrize("first", ["hook", "look"])
async def test_what_was_taken_down_stays_down_though_it_is_told_again(talk: Talk, first: str) -> None:
    _opens(talk, is_draft=True)
    await _looks(talk)
    talk.world.clock.advance(hours=1)
    hook = _opens(talk, "ready_for_review" if talk.platform == "github" else "update")
    for way in ("hook", "look") if first == "hook" else ("look", "hook"):
        await (talk.world.deliver(talk.platform, hook) if way == "hook" else _looks(talk))
        if await talk.world.environments():
            await talk.says("/ivy terminate")
    assert await talk.world.environments() == []
    assert await talk.world.command_states() == ["done", "done"]


async def test_a_comment_that_is_deleted_before_it_is_seen_is_nothing(talk: Talk) -> None:
    delivery = talk.forge.says(talk.on, talk.by, "/ivy create")
    assert delivery.comment is not None
    delivery.comment.is_deleted = True
    await _looks(talk, 2)
    assert talk.heard == []


async def test_one_item_that_cannot_be_read_is_left_out_and_the_rest_is_heard(talk: Talk) -> None:
    delivery = talk.forge.says(talk.on, talk.by, "/ivy whoami")
    assert delivery.comment is not None
    talk.comments.append(delivery.comment)
    odd = [{"id": "no number"}, 7, None]
    if talk.platform == "github":
        pull = {**github_shapes.pull(talk.forge.url, talk.on), "head": {"ref": "a..b", "sha": talk.on.sha}}
        talk.forge.fail_next("LIST comments", 200, body=[*odd, github_shapes.comment(talk.forge.url, delivery.comment), *odd])
        talk.forge.fail_next("LIST requests", 200, body=[{**pull, "state": "closed", "closed_at": pull["updated_at"]}, *odd])
    else:
        request = gitlab_shapes.merge_request(talk.on)
        closed = {**request, "iid": 6, "state": "closed", "source_branch": "a..b", "closed_at": request["updated_at"]}
        talk.forge.fail_next("LIST requests", 200, body=[*odd, closed, request])
        talk.forge.fail_next("GET comments", 200, body=[])
        talk.forge.fail_next("GET comments", 200, body=[*odd, gitlab_shapes.note(delivery.comment)])
    with structlog.testing.capture_logs() as logs:
        await _looks(talk)
    assert len(talk.heard) == 1
    assert len([each for each in logs if each["event"] == "item_not_understood"]) >= 4


async def test_what_cannot_be_read_is_logged_once(shop: Talk) -> None:
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            shop.forge.fail_next("LIST comments", 200, body=[{"id": "no number"}])
            await _looks(shop)
    assert len([each for each in logs if each["event"] == "item_not_understood"]) == 1


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


async def test_a_branch_that_goes_back_and_forth_is_followed_each_time(talk: Talk) -> None:
    await _writes(talk, "/ivy create")
    first = (await talk.world.environment()).sha
    for sha in ("c" * 40, first, "c" * 40, first, "c" * 40):
        talk.forge.pushes(talk.on.project, talk.on.branch, sha)
        await _looks(talk)
        assert (await talk.world.environment()).running_sha == sha
