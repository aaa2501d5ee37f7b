"""`/ivy cancel` stops what is running, safely; `/ivy retry` goes on; `/ivy restart` begins what runs anew."""

from __future__ import annotations

from bot.domain.environment import State
from provisioner.engine import LogLine
from tests.conversations.talk import Talk, words
from tests.fakes.forge import commit


async def test_the_first_making_is_stopped_and_nothing_of_it_runs(shop: Talk) -> None:
    await shop.begins("/ivy create")
    assert await shop.says("/ivy cancel") == [
        "⏳ Stopping what is running for **demo-vn4gah**.",
        words(
            """
            ⚠️ @dana **demo-vn4gah**: stopped, as asked. Nothing of it runs.

            Go on after all: `/ivy retry demo-vn4gah` · take it down: `/ivy terminate demo-vn4gah`

            <sub>reason: `cancelled`</sub>
            """
        ),
    ]
    assert shop.forge.reactions(shop.comments[0]) == ["eyes", "confused"]
    assert shop.signs == ["eyes", "+1"]
    assert shop.card == words(
        r"""
        ### ❌ **demo-vn4gah** · `demo` · stopped, as asked

        ✓ provisioning 0 s · ✓ configuring 0 s · ✗ starting

        **commit** `782938f1`\
        **owner** dana\
        **goes** 2026-12-02 12:00 UTC

        Next: `/ivy retry demo-vn4gah` · `/ivy logs demo-vn4gah` · `/ivy terminate demo-vn4gah`
        """
    )
    environment = await shop.world.environment()
    assert environment.state is State.FAILED
    assert shop.world.engine.abandoned == [(environment.id, 1)]
    assert shop.world.engine.running == {}
    assert await shop.world.command_states() == ["cancelled", "done"]


async def test_what_was_stopped_can_be_tried_again(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy cancel")
    shop.world.engine.gate.set()
    assert (await shop.says("/ivy retry"))[0].startswith("✅ @dana **demo-vn4gah** is ready")
    assert (await shop.world.environment()).state is State.READY


async def test_an_update_is_stopped_and_what_ran_goes_on(shop: Talk) -> None:
    await shop.makes()
    await shop.begins("/ivy update --size large")
    assert await shop.says("/ivy cancel") == [
        "⏳ Stopping what is running for **demo-vn4gah**.",
        words(
            """
            ⚠️ @dana **demo-vn4gah**: stopped, as asked. What ran before goes on.

            Go on after all: `/ivy retry demo-vn4gah` · take it down: `/ivy terminate demo-vn4gah`

            <sub>reason: `cancelled`</sub>
            """
        ),
    ]
    assert shop.title == "⚠️ **demo-vn4gah** · `demo` · ready, its last update was stopped"
    environment = await shop.world.environment()
    assert (environment.state, environment.running_generation) == (State.READY, 1)
    assert shop.world.engine.running[environment.id].limits.memory_mb == 1024


async def test_the_update_of_a_push_is_stopped(shop: Talk) -> None:
    await shop.makes()
    shop.hold()
    await shop.pushes(commit("new"), settle=False)
    await shop.is_held()
    assert shop.title == "⏳ **demo-vn4gah** · `demo` · updating"
    await shop.says("/ivy cancel")
    assert (await shop.world.environment()).running_sha == commit("acme/shop", "demo")
    shop.world.engine.gate.set()
    await shop.says("/ivy update")
    assert (await shop.world.environment()).running_sha == commit("new")


async def test_with_nothing_running_there_is_nothing_to_stop(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy cancel") == words(
        """
        ❌ @dana Nothing is being done for **demo-vn4gah**. To take it down: `/ivy terminate demo-vn4gah`

        <sub>reason: `nothing_runs`</sub>
        """
    )


async def test_said_twice_it_stops_once(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy cancel", settle=False)
    await shop.says("/ivy cancel", settle=False)
    await shop.news()
    assert len(shop.world.engine.abandoned) == 1
    assert await shop.world.is_all_answered()


async def test_what_is_stopped_while_the_engine_is_away_stays_stopped(shop: Talk) -> None:
    shop.world.engine.be_away(1)
    await shop.says("/ivy create")
    await shop.says("/ivy cancel")
    assert (await shop.world.environment()).state is State.FAILED
    assert await shop.world.command_states() == ["cancelled", "done"]
    await shop.after(seconds=120)
    assert shop.world.engine.applied == []


async def test_with_nothing_failed_there_is_nothing_to_try_again(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy retry") == words(
        """
        ❌ @dana Nothing failed for **demo-vn4gah**. To bring it to the newest commit: `/ivy update demo-vn4gah`

        <sub>reason: `nothing_failed`</sub>
        """
    )


async def test_while_it_is_worked_on_there_is_nothing_to_try_again(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy retry", settle=False)
    await shop.hears()
    [_, reply] = shop.heard
    assert reply == words(
        """
        ❌ @dana It is still being worked on. To stop that: `/ivy cancel demo-vn4gah`

        <sub>reason: `still_running`</sub>
        """
    )
    await shop.goes_on()


async def test_a_try_that_fails_again_says_so(shop: Talk) -> None:
    shop.world.engine.fail_next("it does not start")
    await shop.says("/ivy create")
    shop.world.engine.fail_next("it does not start, still")
    assert await shop.says("/ivy retry") == [
        words(
            """
            ❌ @dana **demo-vn4gah** did not become ready: it does not start, still

            Push a fix, or: `/ivy retry demo-vn4gah` · all of the log: `/ivy logs demo-vn4gah`

            <sub>reason: `failed`</sub>
            """
        ),
    ]


async def test_restart_begins_all_services_anew(shop: Talk) -> None:
    environment = await shop.makes()
    assert await shop.says("/ivy restart") == [
        words(
            """
            ✅ @dana **demo-vn4gah** was restarted and is healthy.

            <http://demo-vn4gah.localhost:8780>
            """
        ),
    ]
    assert shop.signs == ["eyes", "+1"]
    assert shop.world.engine.restarts == [(environment.id, None)]
    assert len(shop.world.engine.applied) == 1


async def test_restart_of_one_service(shop: Talk) -> None:
    environment = await shop.makes()
    await shop.says("/ivy restart --service web")
    await shop.says("/ivy restart demo-vn4gah web")
    assert shop.world.engine.restarts == [(environment.id, "web"), (environment.id, "web")]


async def test_restart_of_an_unknown_service_names_those_there_are(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy restart --service api") == words(
        """
        ❌ @dana There is no service `api` in it; there is web.

        <sub>reason: `unknown_service`</sub>
        """
    )


async def test_a_restart_that_fails_shows_the_log(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.fail_next("web is not healthy after 30 s", "cannot bind")
    assert await shop.says("/ivy restart") == [
        words(
            """
            ❌ @dana **demo-vn4gah** was restarted, but: web is not healthy after 30 s

            ```
            cannot bind
            ```

            Its log: `/ivy logs demo-vn4gah`

            <sub>reason: `failed`</sub>
            """
        ),
    ]
    assert shop.signs == ["eyes", "confused"]
    assert shop.title == "⚠️ **demo-vn4gah** · `demo` · ready, but its last restart failed"
    assert (await shop.says("/ivy restart"))[0].startswith("✅")
    assert shop.title == "✅ **demo-vn4gah** · `demo` · ready in 0.0 s"


async def test_what_failed_is_not_restarted(shop: Talk) -> None:
    shop.world.engine.fail_next("it does not start")
    await shop.says("/ivy create")
    assert await shop.answer("/ivy restart") == words(
        """
        ❌ @dana **demo-vn4gah** has failed, so there is nothing to restart. Try: `/ivy retry demo-vn4gah`

        <sub>reason: `not_ready`</sub>
        """
    )


async def test_a_restart_waits_for_the_update_before_it(shop: Talk) -> None:
    await shop.makes()
    await shop.begins("/ivy update --size large")
    await shop.says("/ivy restart", settle=False)
    said = await shop.goes_on()
    assert await shop.world.is_all_answered()
    assert said == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
        words(
            """
            ✅ @dana **demo-vn4gah** was restarted and is healthy.

            <http://demo-vn4gah.localhost:8780>
            """
        ),
    ]


async def test_logs_are_shown_as_they_are(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.log = tuple(LogLine("web", text) for text in ("GET / 200", "@dana look", "```", "/ivy terminate"))
    assert await shop.answer("/ivy logs") == words(
        """
        **demo-vn4gah**, the last 4 lines:

        ````
        GET / 200
        @dana look
        ```
        /ivy terminate
        ````
        """
    )
    assert await shop.answer("/ivy logs --tail 1") == words(
        """
        **demo-vn4gah**, the last line:

        ```
        /ivy terminate
        ```
        """
    )
