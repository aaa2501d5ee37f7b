"""Edits never run anything; an edit before the start takes back what it changed, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.environment import State
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.store.transaction import Ring
    from tests.world import World


class Deaf:
    """While it lasts nobody hears the bells of these kinds: what they ring for waits for the sweep."""

    def __init__(self, world: World, *kinds: str) -> None:
        self._world, self._kinds, self._ringer = world, kinds, world.store.ringer

    async def _ring(self, rings: Iterable[Ring]) -> None:
        await self._ringer([each for each in rings if each[0] not in self._kinds])

    def __enter__(self) -> None:
        self._world.store.ringer = self._ring

    def __exit__(self, *_: object) -> None:
        self._world.store.ringer = self._ringer


async def _edit(talk: Talk, text: str, *, settle: bool = True) -> list[str]:
    before = len(talk.heard)
    await talk.world.deliver(talk.platform, talk.forge.edits(talk.comments[-1], text), settle=settle)
    return talk.heard[before:]


async def test_an_edit_before_it_is_heard_takes_it_back(shop: Talk) -> None:
    with Deaf(shop.world, "hear"):
        await shop.says("/ivy create", settle=False)
        await _edit(shop, "never mind", settle=False)
    assert await shop.news() == [
        words(
            """
            ⚠️ @dana You edited the message before its command began, so it was not run. Say it again in a new message.

            <sub>reason: `edited`</sub>
            """
        ),
    ]
    assert shop.signs == ["confused"]
    assert await shop.world.environments() == []


async def test_on_gitlab_an_edit_takes_it_back_too(tools: Talk) -> None:
    with Deaf(tools.world, "hear"):
        await tools.says("/ivy create", settle=False)
        await _edit(tools, "never mind", settle=False)
    assert len(await tools.news()) == 1
    assert tools.signs == ["x"]
    assert await tools.world.environments() == []


async def test_an_edit_before_anybody_works_on_it_takes_it_back(shop: Talk) -> None:
    with Deaf(shop.world, "create", "destroy", "say"):
        await shop.says("/ivy create", settle=False)
        await shop.world.desks["hear"].idle()
        assert (await shop.world.environment()).state is State.REQUESTED
        await _edit(shop, "/ivy create --size large", settle=False)
        await shop.world.desks["hear"].idle()
    said = await shop.news()
    assert said == [
        words(
            r"""
            ### **demo-vn4gah** · `demo` · gone: the message that asked for it was edited before it began

            **commit** `782938f1`\
            **owner** dana\
            **gone** 2026-11-30 12:00 UTC
            """
        ),
        words(
            """
            ⚠️ @dana You edited the message before its command began, so it was not run. Say it again in a new message.

            <sub>reason: `edited`</sub>
            """
        ),
        words(
            """
            @dana **demo-vn4gah** is gone: the message that asked for it was edited before it began.

            Have it again: `/ivy restore demo-vn4gah`
            """
        ),
    ]
    assert await shop.world.environments() == []
    assert shop.world.engine.applied == []
    assert await shop.world.command_states() == ["cancelled", "cancelled"]


async def test_an_edit_afterwards_changes_nothing(shop: Talk) -> None:
    await shop.says("/ivy create")
    assert await _edit(shop, "/ivy terminate") == []
    assert (await shop.world.environment()).state is State.READY
    assert await shop.world.command_states() == ["done"]


async def test_an_edit_while_it_is_made_changes_nothing(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await _edit(shop, "never mind", settle=False)
    await shop.hears()
    assert len(await shop.goes_on()) == 1
    assert (await shop.world.environment()).state is State.READY


async def test_an_edit_of_the_words_around_it_changes_nothing(shop: Talk) -> None:
    with Deaf(shop.world, "hear"):
        await shop.says("Please:\n\n/ivy create", settle=False)
        await _edit(shop, "Please, dear bot:\n\n/ivy create\n\nThanks!", settle=False)
    assert len(await shop.news()) == 2
    assert (await shop.world.environment()).state is State.READY


async def test_an_edit_takes_back_only_what_it_changed(shop: Talk) -> None:
    with Deaf(shop.world, "create"):
        await shop.says("/ivy create\n/ivy whoami", settle=False)
        await shop.hears()
        await _edit(shop, "/ivy create\n/ivy help", settle=False)
        await shop.hears()
    await shop.news()
    assert (await shop.world.environment()).state is State.READY


async def test_a_command_that_comes_by_an_edit_does_not_run(shop: Talk) -> None:
    await shop.says("what do you think?")
    assert await _edit(shop, "/ivy create") == []
    assert shop.signs == []
    assert await shop.world.command_states() == []


async def test_the_same_edit_told_twice_is_said_once(shop: Talk) -> None:
    with Deaf(shop.world, "hear"):
        await shop.says("/ivy create", settle=False)
        delivery = shop.forge.edits(shop.comments[-1], "no")
        for _ in range(3):
            await shop.world.deliver("github", delivery, settle=False)
    assert len(await shop.news()) == 1


async def test_an_edit_of_what_we_never_heard_is_nothing(shop: Talk) -> None:
    comment = shop.forge.add_comment(shop.on, shop.by, "/ivy create")
    await shop.world.deliver("github", shop.world.github.edits(comment, "/ivy terminate"))
    assert shop.heard == []


async def test_a_comment_that_is_deleted_before_it_began_is_taken_back(shop: Talk) -> None:
    with Deaf(shop.world, "hear"):
        await shop.says("/ivy create", settle=False)
        await shop.world.deliver("github", shop.world.github.deletes(shop.comments[-1]), settle=False)
    [said] = await shop.news()
    assert said.startswith("⚠️ @dana You deleted the message before its command began, so it was not run.")
    assert await shop.world.environments() == []
    assert await shop.world.is_all_answered()


@pytest.mark.parametrize("where", ["dm", "mention"])
async def test_in_slack_the_bare_verb_is_taken_back_too(slack: Slack, where: str) -> None:
    people = slack.world.slack
    with Deaf(slack.world, "hear"):
        dana = slack.person("dana")
        first = people.dm(dana, "create lab:demo") if where == "dm" else people.mention(dana, slack.lab, "@trellis create lab:demo")
        await slack.deliver(first, settle=False)
        assert first.message is not None
        await slack.deliver(people.edit(first.message, "no" if where == "dm" else "@trellis no"), settle=False)
    await slack.world.settle()
    assert await slack.world.environments() == []
    assert shown(slack.said) == [
        "⚠️ <@U0DANA> You edited the message before its command began, so it was not run. Say it again in a new message.\nreason: `edited`"
    ]
