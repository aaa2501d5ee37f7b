"""What is delivered more than once, or again under another name, is one command."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conversations.talk import Talk
from tests.fakes.forge import Comment

if TYPE_CHECKING:
    from tests.conversations.slack import Slack

pytestmark = pytest.mark.long


async def _is_one_command(talk: Talk, comment: Comment | None) -> None:
    await talk.world.settle()
    assert len(await talk.world.environments()) == 1
    assert await talk.world.command_states() == ["done"]
    assert len(talk.heard) == 2
    assert comment is not None
    assert len(talk.forge.reactions(comment)) == 2
    assert len(talk.world.engine.applied) == 1


@pytest.mark.parametrize("place", ["github", "gitlab"])
async def test_ten_times_the_same_delivery_at_once(shop: Talk, tools: Talk, place: str) -> None:
    talk = shop if place == "github" else tools
    delivery = talk.forge.says(talk.on, talk.by, "/ivy create")
    answers = await asyncio.gather(*(talk.world.deliver(place, delivery, settle=False) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    await _is_one_command(talk, delivery.comment)


async def test_again_a_day_later(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    await shop.world.deliver("github", delivery)
    await shop.world.pass_time(hours=24)
    await shop.world.deliver("github", delivery)
    await _is_one_command(shop, delivery.comment)


async def test_under_fresh_delivery_ids(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    for _ in range(10):
        again = dataclasses.replace(delivery, headers={**delivery.headers, "x-github-delivery": str(uuid.uuid4())})
        await shop.world.deliver("github", again, settle=False)
    await _is_one_command(shop, delivery.comment)


async def test_without_any_delivery_id(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    bare = {name: value for name, value in delivery.headers.items() if name != "x-github-delivery"}
    for _ in range(3):
        await shop.world.deliver("github", dataclasses.replace(delivery, headers=bare), settle=False)
    await _is_one_command(shop, delivery.comment)


async def test_another_comment_under_a_delivery_id_that_was_used_is_not_lost(shop: Talk) -> None:
    first = shop.forge.says(shop.on, shop.by, "/ivy create")
    second = shop.forge.says(shop.on, shop.by, "/ivy whoami")
    same = {"x-github-delivery": first.headers["x-github-delivery"]}
    await shop.world.deliver("github", first)
    await shop.world.deliver("github", dataclasses.replace(second, headers={**second.headers, **same}))
    assert await shop.world.command_states() == ["done", "done"]


async def test_on_gitlab_signed_anew_under_fresh_ids(tools: Talk) -> None:
    comment = tools.world.gitlab.add_comment(tools.on, tools.by, "/ivy create")
    for _ in range(5):
        await tools.world.deliver("gitlab", tools.world.gitlab.tells_comment(comment), settle=False)
    await _is_one_command(tools, comment)


async def test_under_another_events_name_it_does_not_run_a_second_time(shop: Talk) -> None:
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    await shop.world.deliver("github", delivery)
    for event in ("pull_request_review_comment", "push", "delete", "pull_request", "ping", "commit_comment", "issues", "nonsense"):
        other = dataclasses.replace(delivery, headers={**delivery.headers, "x-github-event": event})
        assert (await shop.world.deliver("github", other)).status_code in {200, 400}, event
    await _is_one_command(shop, delivery.comment)


async def test_on_gitlab_under_another_events_name_it_does_not_run_a_second_time(tools: Talk) -> None:
    delivery = tools.forge.says(tools.on, tools.by, "/ivy create")
    await tools.world.deliver("gitlab", delivery)
    for event in ("Merge Request Hook", "Push Hook", "System Hook", "Confidential Note Hook", "Issue Hook", "nonsense"):
        other = dataclasses.replace(delivery, headers={**delivery.headers, "x-gitlab-event": event})
        assert (await tools.world.deliver("gitlab", other)).status_code in {200, 400}, event
    await _is_one_command(tools, delivery.comment)


async def test_the_same_words_in_two_comments_are_two_commands(shop: Talk) -> None:
    await shop.says("/ivy create")
    await shop.says("/ivy create")
    assert await shop.world.command_states() == ["done", "done"]
    assert len(await shop.world.environments()) == 1


async def test_two_people_at_once_get_one_environment(shop: Talk) -> None:
    erin = shop.world.github.user("erin", id=8, right="write")
    both = [shop.forge.says(shop.on, by, "/ivy create") for by in (shop.by, erin)]
    await asyncio.gather(*(shop.world.deliver("github", each, settle=False) for each in both))
    await shop.world.settle()
    assert len(await shop.world.environments()) == 1
    assert await shop.world.command_states() == ["done", "done"]
    assert len(shop.world.engine.applied) == 1


async def test_from_two_places_at_once_they_get_one_environment(shop: Talk) -> None:
    other = Talk(shop.world, shop.by, shop.world.github.pull_request("acme/shop", number=13, branch="other"))
    await asyncio.gather(*(talk.says("/ivy create main", settle=False) for talk in (shop, other) for _ in range(3)))
    await shop.world.settle()
    assert len(await shop.world.environments()) == 1
    assert set(await shop.world.command_states()) == {"done"}
    assert len(shop.world.engine.applied) == 1


async def test_in_slack_ten_retries_at_once(slack: Slack) -> None:
    asked = slack.world.slack.slash(slack.person("dana"), slack.lab, "/ivy", "create demo")
    retries = [slack.world.slack.retry(asked, number) for number in range(1, 10)]
    await asyncio.gather(*(slack.deliver(each, settle=False) for each in (asked, *retries)))
    await slack.world.settle()
    assert await slack.world.command_states() == ["done"]
    assert len(slack.said) == 3
