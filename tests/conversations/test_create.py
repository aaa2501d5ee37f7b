"""`/ivy create`: from a comment to a running environment, and what the thread says of it."""

from __future__ import annotations

from bot.domain.environment import State
from tests.conversations.talk import Talk, words
from tests.fakes.forge import commit


async def test_a_comment_makes_a_running_environment(shop: Talk) -> None:
    said = await shop.says("/ivy create")
    environment = await shop.world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, shop.on.sha)
    assert shop.signs == ["eyes", "+1"]
    assert said == [
        words(
            r"""
            ### ✅ **demo-vn4gah** · `demo` · ready in 0.0 s

            ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s

            **commit** `782938f1`\
            **owner** dana\
            **goes** 2026-12-02 12:00 UTC

            <http://demo-vn4gah.localhost:8780>

            Next: `/ivy extend demo-vn4gah` · `/ivy logs demo-vn4gah` · `/ivy terminate demo-vn4gah`
            """
        ),
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert await shop.world.command_states() == ["done"]


async def test_while_it_is_made_the_card_says_how_far_it_is(shop: Talk) -> None:
    await shop.begins("/ivy create")
    assert shop.signs == ["eyes"]
    assert shop.heard == [
        words(
            r"""
            ### ⏳ **demo-vn4gah** · `demo` · starting

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
    ]
    await shop.goes_on()
    assert shop.title == "✅ **demo-vn4gah** · `demo` · ready in 0.0 s"


async def test_expected_times_are_those_of_past_runs(shop: Talk) -> None:
    for number in (20, 21, 22):
        other = Talk(shop.world, shop.by, shop.world.github.pull_request("acme/shop", number=number, branch=f"past-{number}"))
        await other.says("/ivy create")
    await shop.begins("/ivy create")
    assert shop.card.splitlines()[2:9] == [
        "any moment now",
        "",
        "| | step | time | usually |",
        "|:-:|:--|--:|--:|",
        "| ✓ | provisioning | 0 s | 0 s |",
        "| ✓ | configuring | 0 s | 0 s |",
        "| ● | starting | 0 s | 0 s |",
    ]
    await shop.goes_on()


async def test_what_a_step_brings_and_how_many_of_its_tasks_are_done_stands_on_the_card(shop: Talk) -> None:
    shop.world.engine.counted = (3, 14, "kind")
    await shop.begins("/ivy create")
    assert "| ● | starting | 0 s, kind, 3 of 14 tasks |" in shop.card
    await shop.goes_on()
    assert "kind" not in shop.card


async def test_asking_again_answers_with_the_one_there_is(shop: Talk) -> None:
    await shop.makes()
    assert await shop.says("/ivy create") == [
        words(
            """
            There is one for `demo`: **demo-vn4gah** runs.

            <http://demo-vn4gah.localhost:8780>

            <sub>reason: `exists`</sub>
            """
        ),
    ]
    assert await shop.says("/ivy create --size large") == [
        words(
            """
            There is one for `demo`: **demo-vn4gah** runs.

            <http://demo-vn4gah.localhost:8780>

            It differs from what you asked for: the size (small, not large). Change it: `/ivy update demo-vn4gah --size large`

            <sub>reason: `exists`</sub>
            """
        ),
    ]
    assert len(await shop.world.environments()) == 1


async def test_asking_again_says_of_all_that_differs_how_it_is_changed(shop: Talk) -> None:
    profiles = b"version: 1\nprofiles:\n  fast: {size: small}\nservices:\n  web:\n    run: python3 app.py\n"
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": profiles}
    await shop.makes()
    assert await shop.answer("/ivy create --ttl 60h --size large --profile fast") == words(
        """
        There is one for `demo`: **demo-vn4gah** runs.

        <http://demo-vn4gah.localhost:8780>

        It differs from what you asked for: the size (small, not large); the profile (none, not fast); the time to live (another 48 h, not 60 h). Change it: `/ivy update demo-vn4gah --size large` · `/ivy extend demo-vn4gah 720m`

        A profile and services are chosen when it is made: `/ivy terminate demo-vn4gah`, then create it again.

        <sub>reason: `exists`</sub>
        """
    )
    kept = await shop.answer("/ivy create --keep")
    assert "It differs from what you asked for: that it is kept (it is not). Change it: `/ivy keep demo-vn4gah`" in kept
    assert "the time to live (another 48 h, not 4 h)." in await shop.answer("/ivy create --ttl 4h")


async def test_asking_again_while_it_is_made_waits_for_the_same(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy create", settle=False)
    await shop.hears()
    await shop.goes_on()
    assert shop.heard[1:] == [
        words(
            """
            There is one for `demo`: **demo-vn4gah** is starting.

            <sub>reason: `exists`</sub>
            """
        ),
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert await shop.world.command_states() == ["done", "done"]


async def test_a_failed_creation_tells_the_log_and_the_way_on(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s", "Traceback (most recent call last):", "boom @dana ```` <img src=x>")
    said = await shop.says("/ivy create")
    assert said == [
        words(
            r"""
            ### ❌ **demo-vn4gah** · `demo` · failed

            ✓ provisioning 0 s · ✓ configuring 0 s · ✗ starting

            **commit** `782938f1`\
            **owner** dana\
            **goes** 2026-12-02 12:00 UTC

            web exited with code 1 after 0.4 s

            `````
            Traceback (most recent call last):
            boom @dana ```` <img src=x>
            `````

            Next: `/ivy retry demo-vn4gah` · `/ivy logs demo-vn4gah` · `/ivy terminate demo-vn4gah`
            """
        ),
        words(
            """
            ❌ @dana **demo-vn4gah** did not become ready: web exited with code 1 after 0.4 s

            `````
            Traceback (most recent call last):
            boom @dana ```` <img src=x>
            `````

            Push a fix, or: `/ivy retry demo-vn4gah` · all of the log: `/ivy logs demo-vn4gah`

            <sub>reason: `failed`</sub>
            """
        ),
    ]
    assert shop.signs == ["eyes", "confused"]
    assert await shop.world.command_states() == ["failed"]
    assert await shop.says("/ivy retry") == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert shop.signs == ["eyes", "+1"]


async def test_a_configuration_that_cannot_be_read_tells_line_and_column(shop: Talk) -> None:
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": b"version: 1\nservices:\n  web:\n    rum: python3 app.py\n"}
    assert (await shop.says("/ivy create"))[1:] == [
        words(
            """
            ❌ @dana **demo-vn4gah** did not become ready: .dev-env.yaml:\u200b4:\u200b5: there is no key "rum" here. Try: run (and 1 more)

            ```
            .dev-env.yaml:4:5: there is no key "rum" here. Try: run
            .dev-env.yaml:3:3: "web" does not say what to run. Try: run: python3 app.py
            ```

            Push a fix, or: `/ivy retry demo-vn4gah` · all of the log: `/ivy logs demo-vn4gah`

            <sub>reason: `unknown_key`</sub>
            """
        ),
    ]


async def test_a_branch_without_configuration_says_what_to_add(shop: Talk) -> None:
    shop.world.repositories.files[shop.on.sha] = {"README.md": b"hello"}
    assert (await shop.says("/ivy create"))[1:] == [
        words(
            """
            ❌ @dana **demo-vn4gah** did not become ready: .dev-env.yaml:\u200b1:\u200b1: this branch does not say what to run: it has no .dev-env.yaml and no Procfile. Add a .dev-env.yaml. Try: \\{\u200bversion: 1, services: \\{\u200bweb: \\{\u200brun: python3 app.py\\}\\}\\}

            ```
            .dev-env.yaml:1:1: this branch does not say what to run: it has no .dev-env.yaml and no Procfile. Add a .dev-env.yaml. Try: {version: 1, services: {web: {run: python3 app.py}}}
            ```

            Push a fix, or: `/ivy retry demo-vn4gah` · all of the log: `/ivy logs demo-vn4gah`

            <sub>reason: `no_services`</sub>
            """
        ),
    ]


async def test_several_services_have_an_address_each(shop: Talk) -> None:
    two = b"version: 1\nservices:\n  web:\n    run: a\n  api:\n    run: b\n"
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": two}
    assert (await shop.says("/ivy create"))[1:] == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`

            <http://demo-vn4gah.localhost:8780>

            - api: <http://api--demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]


async def test_options_reach_the_engine(shop: Talk) -> None:
    reads = b"version: 1\nservices:\n  web:\n    run: tilt $TILT_ARGS\n"
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": reads}
    said = await shop.says("/ivy create --size large --ttl 3h --name big -- --only web")
    assert said == [
        words(
            r"""
            ### ✅ **big-wxycw6** · `demo` · ready in 0.0 s

            ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s

            **commit** `782938f1`\
            **owner** dana\
            **goes** 2026-11-30 15:00 UTC\
            **size** large\
            **Tilt arguments** `--only web`

            <http://big-wxycw6.localhost:8780>

            Next: `/ivy extend big-wxycw6` · `/ivy logs big-wxycw6` · `/ivy terminate big-wxycw6`
            """
        ),
        words(
            """
            ✅ @dana **big-wxycw6** is ready after 0.0 s: `demo` at `782938f1`

            <http://big-wxycw6.localhost:8780>

            It goes 2026-11-30 15:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    [spec] = shop.world.engine.applied
    assert (spec.services[0].env, spec.limits.memory_mb) == ((("TILT_ARGS", "--only web"),), 4096)


async def test_a_life_longer_than_the_cap_is_refused(shop: Talk) -> None:
    assert await shop.answer("/ivy create --ttl 97h") == words(
        """
        ❌ @dana An environment lives 96 h at most; you asked for 97 h. Say `--ttl 96h`; more can be asked for later, with `/ivy extend`.

        <sub>reason: `over_cap`</sub>
        """
    )
    await shop.says("/ivy create --ttl 4d")
    environment = await shop.world.environment()
    assert environment.expires_at - environment.created_at == 96 * 3600


async def test_tilt_arguments_that_nothing_reads_are_refused(shop: Talk) -> None:
    assert await shop.answer("/ivy create -- --only web") == words(
        """
        ❌ @dana Nothing here reads Tilt arguments: environments run the services of `.dev-env.yaml`. A service whose command uses `$TILT_ARGS` would get them. Leave them out, or add that.

        <sub>reason: `no_tilt`</sub>
        """
    )
    assert await shop.world.environments() == []


async def test_another_branch_can_be_named_from_a_request(shop: Talk) -> None:
    said = await shop.says("/ivy create main")
    assert said[1:] == [
        words(
            """
            ✅ @dana **main-ecpc6l** is ready after 0.0 s: `main` at `d0593725`

            <http://main-ecpc6l.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert (await shop.world.environment()).running_sha == shop.world.shop.heads["main"]


async def test_an_environment_asked_for_in_a_request_is_meant_there(shop: Talk) -> None:
    await shop.says("/ivy create main")
    assert (await shop.answer("/ivy url")).startswith("✅ **main-")


async def test_the_environment_of_the_requests_own_branch_is_meant_before_others(shop: Talk) -> None:
    await shop.says("/ivy create main")
    await shop.says("/ivy create")
    assert await shop.answer("/ivy url") == words(
        """
        ✅ **demo-vn4gah**

        <http://demo-vn4gah.localhost:8780>
        """
    )


async def test_with_two_of_one_branch_it_asks_which(shop: Talk) -> None:
    await shop.says("/ivy create")
    await shop.says("/ivy create --name two")
    assert await shop.answer("/ivy terminate") == words(
        """
        ❌ @dana Which one? There is more than one here:

        - **demo-vn4gah** · `demo`
        - **two-brvnnc** · `demo`

        <sub>reason: `which_environment`</sub>
        """
    )
    assert await shop.answer("/ivy terminate #12") == shop.heard[-2]
    assert len(await shop.world.environments()) == 2


async def test_one_made_from_a_terminal_becomes_the_requests(shop: Talk) -> None:
    await shop.world.types("/ivy create shop:demo")
    [card, reply] = await shop.says("/ivy create")
    assert card.startswith("### ✅ **demo-vn4gah**")
    assert reply.startswith("There is one for `demo`: **demo-vn4gah** runs.")
    assert (await shop.answer("/ivy url")).startswith("✅ **demo-vn4gah**")
    assert (await shop.world.environment()).request == 12


async def test_a_closed_request_needs_its_branch_named(shop: Talk) -> None:
    await shop.world.deliver("github", shop.world.github.closes(shop.on))
    assert await shop.answer("/ivy create") == words(
        """
        ❌ @dana This request is closed. Name the branch to have one all the same: `/ivy create shop:demo`

        <sub>reason: `request_closed`</sub>
        """
    )
    await shop.says("/ivy create demo")
    assert (await shop.world.environment()).state is State.READY


async def test_an_unknown_branch_names_the_nearest(shop: Talk) -> None:
    assert await shop.answer("/ivy create dmeo") == words(
        """
        ❌ @dana There is no branch `dmeo` in acme/shop.

        - Try: `/ivy create shop:demo`

        <sub>reason: `unknown_branch`</sub>
        """
    )


async def test_an_unknown_project_names_the_nearest(shop: Talk) -> None:
    assert await shop.answer("/ivy create shpo:demo") == words(
        """
        ❌ @dana There is no project `shpo` here. There is:

        - `--project shop`

        <sub>reason: `unknown_project`</sub>
        """
    )


async def test_a_project_may_be_named_by_its_path(shop: Talk) -> None:
    await shop.says("/ivy create main --project ACME/Shop")
    assert (await shop.world.environment()).branch == "main"


async def test_a_push_between_asking_and_the_first_look_is_not_missed(shop: Talk) -> None:
    await shop.begins("/ivy create")
    shop.world.shop.heads["demo"] = commit("missed")  # no webhook tells of it
    await shop.goes_on()
    assert (await shop.world.environment()).running_sha == commit("missed")
