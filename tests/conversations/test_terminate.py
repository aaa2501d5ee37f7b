"""`/ivy terminate`, and what takes an environment down by itself: merged, closed, its branch deleted."""

from __future__ import annotations

import pytest

from bot.domain.environment import State
from tests.conversations.talk import Talk, words
from tests.fakes.forge import commit


async def test_it_goes_and_says_so(shop: Talk) -> None:
    environment = await shop.makes()
    assert await shop.says("/ivy terminate") == [
        words(
            """
            @dana **demo-vn4gah** is gone: dana asked for it.

            Have it again: `/ivy restore demo-vn4gah`
            """
        ),
    ]
    assert shop.signs == ["eyes", "+1"]
    assert shop.card == words(
        r"""
        ### **demo-vn4gah** · `demo` · gone: dana asked for it

        **commit** `782938f1`\
        **owner** dana\
        **gone** 2026-11-30 12:00 UTC
        """
    )
    assert (await shop.world.past(environment.id)).state is State.GONE
    assert shop.world.engine.running == {}


async def test_there_are_several_ways_to_say_it(shop: Talk) -> None:
    for line in ("/ivy destroy", "/ivy terminate demo-vn4gah --force", "/ivy terminate #12", "/ivy terminate SHOP#12"):
        await shop.makes()
        await shop.says(line)
        assert await shop.world.environments() == [], line


async def test_said_twice_it_is_gone_already(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy terminate")
    assert await shop.answer("/ivy terminate") == "**demo-vn4gah** is gone already: dana asked for it."
    assert shop.signs == ["eyes", "+1"]


async def test_while_it_is_made_the_making_stops(shop: Talk) -> None:
    await shop.begins("/ivy create")
    said = await shop.says("/ivy terminate")
    assert said == [
        words(
            """
            @dana **demo-vn4gah** is gone: dana asked for it.

            Have it again: `/ivy restore demo-vn4gah`
            """
        ),
        words(
            """
            ⚠️ @dana **demo-vn4gah** was taken down before that was done: dana asked for it.

            <sub>reason: `cancelled`</sub>
            """
        ),
    ]
    assert await shop.world.command_states() == ["cancelled", "done"]
    assert shop.world.engine.running == {}
    assert shop.world.engine.applied == []


async def test_what_failed_can_be_taken_down(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    await shop.says("/ivy create")
    await shop.says("/ivy terminate")
    assert await shop.world.environments() == []


async def test_after_it_a_new_one_can_be_made(shop: Talk) -> None:
    first = await shop.makes()
    await shop.says("/ivy terminate")
    second = await shop.makes()
    assert second.id != first.id
    assert second.slug == first.slug
    assert (await shop.answer("/ivy url")).startswith("✅")


async def test_asked_for_again_while_it_goes_it_is_made_when_that_is_gone(shop: Talk) -> None:
    first = await shop.makes()
    shop.world.engine.be_away(1)
    await shop.says("/ivy terminate")
    await shop.says("/ivy create")
    await shop.after(seconds=10)
    await shop.after(seconds=10)
    second = await shop.world.environment()
    assert second.id != first.id
    assert await shop.world.command_states() == ["done", "done", "done"]


async def test_merged_it_goes(shop: Talk) -> None:
    await shop.makes()
    before = len(shop.heard)
    await shop.world.deliver("github", shop.world.github.closes(shop.on, is_merged=True))
    assert shop.heard[before:] == ["@dana **demo-vn4gah** is gone: its request 12 was merged."]
    assert await shop.world.environments() == []


async def test_closed_it_goes(shop: Talk) -> None:
    await shop.makes()
    before = len(shop.heard)
    await shop.world.deliver("github", shop.world.github.closes(shop.on))
    assert shop.heard[before:] == ["@dana **demo-vn4gah** is gone: its request 12 was closed."]
    assert await shop.world.environments() == []


@pytest.mark.parametrize("is_merged", [True, False])
async def test_a_merge_request_takes_it_along(tools: Talk, is_merged: bool) -> None:
    await tools.makes()
    await tools.world.deliver("gitlab", tools.world.gitlab.closes(tools.on, is_merged=is_merged))
    assert tools.heard[-1].endswith(f"is gone: its request 5 was {'merged' if is_merged else 'closed'}.")
    assert await tools.world.environments() == []


async def test_opened_again_before_we_looked_it_stays(shop: Talk) -> None:
    await shop.makes()
    closing = shop.world.github.closes(shop.on)
    shop.on.state = "open"
    before = len(shop.heard)
    await shop.world.deliver("github", closing)
    assert shop.heard[before:] == []
    assert (await shop.world.environment()).state is State.READY


async def test_another_request_that_is_closed_takes_nothing_along(shop: Talk) -> None:
    await shop.makes()
    twin = shop.world.github.pull_request("acme/shop", number=13, branch="demo", sha=shop.on.sha)
    await shop.world.deliver("github", shop.world.github.closes(twin))
    assert (await shop.world.environment()).state is State.READY


async def test_a_fork_that_is_closed_takes_nothing_along(shop: Talk) -> None:
    await shop.makes()
    fork = shop.world.github.project("mallory/shop", id=666)
    theirs = shop.world.github.pull_request("acme/shop", number=14, branch="demo", sha=commit("fork"), source=fork)
    await shop.world.deliver("github", shop.world.github.closes(theirs, is_merged=True))
    assert (await shop.world.environment()).state is State.READY


async def test_with_its_branch_it_goes(shop: Talk) -> None:
    await shop.makes()
    before = len(shop.heard)
    for delivery in shop.world.github.deletes_branch(shop.world.shop, "demo"):
        await shop.world.deliver("github", delivery)
    assert shop.heard[before:] == ["@dana **demo-vn4gah** is gone: its branch was deleted."]
    assert await shop.world.environments() == []


async def test_on_gitlab_with_its_branch_it_goes(tools: Talk) -> None:
    await tools.makes()
    for delivery in tools.world.gitlab.deletes_branch(tools.world.tools, "demo"):
        await tools.world.deliver("gitlab", delivery)
    assert await tools.world.environments() == []


async def test_a_branch_that_is_there_again_keeps_it(shop: Talk) -> None:
    await shop.makes()
    deleting = shop.world.github.deletes_branch(shop.world.shop, "demo")
    shop.world.shop.heads["demo"] = commit("again")
    for delivery in deleting:
        await shop.world.deliver("github", delivery)
    assert (await shop.world.environment()).running_sha == commit("again")


async def test_taking_down_is_never_given_up(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(12)
    await shop.says("/ivy terminate")
    for _ in range(11):
        assert len(await shop.world.environments()) == 1
        await shop.after(seconds=61)
    await shop.after(seconds=61)
    assert await shop.world.environments() == []
    assert await shop.world.command_states() == ["done", "done"]
