"""What goes wrong on our side: tried again, told, and in nobody else's way."""

from __future__ import annotations

import pytest

from bot.domain.environment import State
from tests.conversations.talk import Talk, words
from tests.fakes.forge import commit

pytestmark = pytest.mark.long


@pytest.mark.parametrize("times", [1, 7])
async def test_an_engine_that_is_away_for_a_while_holds_it_up(shop: Talk, times: int) -> None:
    shop.world.engine.be_away(times)
    [card] = await shop.says("/ivy create")
    assert card.splitlines()[0] == "### ⏳ **demo-vn4gah** · `demo` · starting, held up (try 2)"
    said = []
    for _ in range(times):
        said += await shop.after(seconds=61)
    assert [each.partition("\n")[0] for each in said] == ["✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`"]
    assert await shop.world.command_states() == ["done"]
    assert (await shop.world.environment()).troubles == 0


async def test_an_engine_that_stays_away_is_told_with_what_to_type(shop: Talk) -> None:
    shop.world.engine.be_away(100)
    said = await shop.says("/ivy create")
    for _ in range(10):
        said += await shop.after(seconds=61)
    assert said == [
        words(
            r"""
            ### ⏳ **demo-vn4gah** · `demo` · starting, held up (try 2)

            | | step | time | usually |
            |:-:|:--|--:|--:|
            | ✓ | provisioning | 0 s | |
            | ✓ | configuring | 0 s | |
            | ● | starting | 0 s | |

            **commit** `782938f1`\
            **owner** dana\
            **goes** 2026-12-02 12:00 UTC

            Next: `/ivy cancel demo-vn4gah`
            """
        ),
        words(
            """
            ❌ @dana **demo-vn4gah** did not become ready: the keeper does not answer

            Push a fix, or: `/ivy retry demo-vn4gah` · all of the log: `/ivy logs demo-vn4gah`

            <sub>reason: `engine_unavailable`</sub>
            """
        ),
    ]
    assert shop.signs == ["eyes", "confused"]
    assert await shop.world.command_states() == ["failed"]
    shop.world.engine.failures.clear()
    assert (await shop.says("/ivy retry"))[0].startswith("✅")


async def test_an_update_that_cannot_be_made_keeps_what_runs(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(100)
    said = await shop.says("/ivy update --size large")
    for _ in range(10):
        said += await shop.after(seconds=61)
    assert said == [
        words(
            """
            ❌ @dana **demo-vn4gah** was not updated: the keeper does not answer

            What ran before, `782938f1`, goes on. Push a fix, or: `/ivy retry demo-vn4gah`

            <sub>reason: `engine_unavailable`</sub>
            """
        ),
    ]
    environment = await shop.world.environment()
    assert (environment.state, environment.running_generation) == (State.READY, 1)


async def test_a_restart_that_cannot_be_made_is_told(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(100)
    said = await shop.says("/ivy restart")
    for _ in range(10):
        said += await shop.after(seconds=61)
    assert said == [
        words(
            """
            ❌ @dana **demo-vn4gah** was not restarted: the keeper does not answer

            Try again: `/ivy restart demo-vn4gah`

            <sub>reason: `engine_unavailable`</sub>
            """
        ),
    ]
    assert await shop.world.command_states() == ["done", "failed"]


async def test_our_own_fault_is_told_with_a_reference_and_nothing_of_its_inside(shop: Talk) -> None:
    shop.world.engine.failures.extend(RuntimeError("secret inside") for _ in range(8))
    said = await shop.says("/ivy create")
    for _ in range(10):
        said += await shop.after(seconds=61)
    assert "secret inside" not in "\n".join(said)
    assert said[-1].startswith("❌ @dana **demo-vn4gah** did not become ready: something went wrong on our side, in the log as ")
    assert said[-1].endswith("<sub>reason: `internal`</sub>")
    assert await shop.world.command_states() == ["failed"]


async def test_a_push_while_it_is_held_up_is_tried_at_once(shop: Talk) -> None:
    shop.world.engine.be_away(1)
    await shop.says("/ivy create")
    await shop.pushes(commit("new"))
    assert (await shop.world.environment()).running_sha == commit("new")


async def test_git_that_is_away_is_told_at_once(shop: Talk) -> None:
    shop.world.repositories.is_down = True
    assert await shop.answer("/ivy create main") == words(
        """
        ❌ @dana The place where environments run could not be asked, so nothing was done. Please say it again in a minute.

        <sub>reason: `unavailable`</sub>
        """
    )
    assert shop.signs == ["eyes", "confused"]
    shop.world.repositories.is_down = False
    assert len(await shop.says("/ivy create main")) == 2


async def test_a_push_whose_branch_cannot_be_asked_for_is_looked_at_again(shop: Talk) -> None:
    await shop.makes()
    shop.world.repositories.is_down = True
    await shop.pushes(commit("new"))
    shop.world.repositories.is_down = False
    await shop.after(seconds=5)
    assert (await shop.world.environment()).running_sha == commit("new")


async def test_a_request_that_the_forge_does_not_tell_of_is_told(shop: Talk) -> None:
    shop.forge.fail_next("GET request", 500)
    assert await shop.answer("/ivy create") == words(
        """
        ❌ @dana The forge could not be asked, so nothing was done. Please say it again in a minute.

        <sub>reason: `unavailable`</sub>
        """
    )
    shop.forge.fail_next("GET request", 404, times=4)
    assert await shop.answer("/ivy create") == words(
        """
        ❌ @dana There is no request number 12 in acme/shop.

        <sub>reason: `no_request`</sub>
        """
    )


async def test_a_closing_that_cannot_be_asked_about_is_looked_at_again(shop: Talk) -> None:
    await shop.makes()
    shop.forge.fail_next("GET request", 500, times=2)
    await shop.world.deliver("github", shop.world.github.closes(shop.on))
    assert len(await shop.world.environments()) == 1
    await shop.after(seconds=5)
    await shop.after(seconds=5)
    assert await shop.world.environments() == []


async def test_a_message_that_always_trips_us_is_given_up_with_an_answer(shop: Talk) -> None:
    other = Talk(shop.world, shop.by, shop.world.github.pull_request("acme/shop", number=13, branch="other"))
    heads = shop.world.repositories.branches
    good = dict(heads)
    heads.update(dict.fromkeys(heads, _trip))
    assert await shop.says("/ivy create main") == []
    await shop.says("/ivy whoami")
    heads.update(good)
    assert len(await other.says("/ivy create other")) == 2, "others are not held up"
    heads.update(dict.fromkeys(heads, _trip))
    said = []
    for _ in range(10):
        said += await shop.after(seconds=61)
    assert len(said) == 2
    assert said[0].startswith("❌ @dana Something went wrong on our side, and nothing was done. It is in the log as `")
    assert said[0].endswith("<sub>reason: `internal`</sub>")
    assert said[1].startswith("You are **dana**"), "what was said after it is heard after it"
    assert await shop.world.is_all_answered()


def _trip() -> dict[str, str]:
    raise RuntimeError("tripped")


async def test_a_message_that_tripped_us_once_is_heard_the_second_time(shop: Talk) -> None:
    heads = shop.world.repositories.branches
    good = dict(heads)
    heads.update(dict.fromkeys(heads, _trip))
    await shop.says("/ivy create main")
    heads.update(good)
    assert len(await shop.after(seconds=2)) == 2
    assert shop.signs == ["eyes", "+1"]


async def test_what_disappeared_is_brought_back(shop: Talk) -> None:
    environment = await shop.makes()
    shop.world.engine.running.clear()
    await shop.world.reconcile()
    assert shop.world.engine.running == {}, "once may be a restart of the keeper"
    await shop.world.reconcile()
    assert list(shop.world.engine.running) == [environment.id]
    assert (await shop.world.environment()).state is State.READY


async def test_what_is_left_over_is_removed(shop: Talk) -> None:
    environment = await shop.makes()
    spec = shop.world.engine.running[environment.id]
    await shop.says("/ivy terminate")
    shop.world.engine.running[environment.id] = spec
    await shop.world.reconcile()
    await shop.world.reconcile()
    assert shop.world.engine.running == {}


async def test_what_nobody_knows_is_left_alone(shop: Talk) -> None:
    environment = await shop.makes()
    shop.world.engine.running["unknown"] = shop.world.engine.running[environment.id]
    shop.world.engine.fences["unknown"] = 1
    for _ in range(3):
        await shop.world.reconcile()
    assert "unknown" in shop.world.engine.running
