"""`/ivy update`, and by itself on a push: to the branch's head, pinned, changed; what ran before is kept until the new one is well."""

from __future__ import annotations

from pathlib import Path

from bot.domain.environment import Size, State
from tests.conversations.talk import Talk, words
from tests.fakes.forge import commit
from tests.world import LOCAL, a_world

_LAB = {"forge": "local", "clone_url": LOCAL}


async def test_a_push_updates_it_without_a_word(shop: Talk) -> None:
    await shop.makes()
    assert await shop.pushes(commit("new")) == []
    environment = await shop.world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, commit("new"))
    assert shop.card == words(
        r"""
        ### ✅ **demo-vn4gah** · `demo` · ready in 0.0 s

        ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s

        **commit** `c2a6b03f`\
        **owner** dana\
        **goes** 2026-12-02 12:00 UTC

        <http://demo-vn4gah.localhost:8780>

        Next: `/ivy extend demo-vn4gah` · `/ivy logs demo-vn4gah` · `/ivy terminate demo-vn4gah`
        """
    )
    assert [spec.source.sha for spec in shop.world.engine.applied] == [commit("acme/shop", "demo"), commit("new")]


async def test_a_merge_requests_push_updates_it_too(tools: Talk) -> None:
    await tools.makes()
    assert await tools.pushes(commit("new")) == []
    assert (await tools.world.environment()).running_sha == commit("new")


async def test_a_push_to_another_branch_changes_nothing(shop: Talk) -> None:
    await shop.makes()
    await shop.pushes(commit("elsewhere"), "main")
    assert len(shop.world.engine.applied) == 1


async def test_a_push_told_twice_updates_once(shop: Talk) -> None:
    await shop.makes()
    before = shop.on.sha
    delivery = shop.world.github.pushes(shop.world.shop, "demo", commit("new"))
    await shop.world.deliver("github", delivery)
    await shop.world.deliver("github", delivery)
    await shop.world.deliver("github", shop.world.github.synchronizes(shop.on, before))
    assert len(shop.world.engine.applied) == 2


async def test_an_old_push_told_late_does_not_bring_the_old_commit_back(shop: Talk) -> None:
    await shop.makes()
    late = shop.world.github.pushes(shop.world.shop, "demo", commit("first"))
    await shop.pushes(commit("second"))
    await shop.world.deliver("github", late)
    assert (await shop.world.environment()).running_sha == commit("second")
    assert len(shop.world.engine.applied) == 2


async def test_a_push_while_it_is_made_leaves_nothing_of_the_old_commit(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.pushes(commit("new"), settle=False)
    await shop.hears()
    said = await shop.goes_on()
    assert [spec.source.sha for spec in shop.world.engine.applied] == [commit("new")]
    assert said == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `c2a6b03f`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert commit("acme/shop", "demo")[:8] not in shop.card
    assert await shop.world.command_states() == ["done"]


async def test_a_push_whose_bell_is_lost_as_the_old_commit_becomes_ready_reports_only_the_new(shop: Talk) -> None:
    await shop.begins("/ivy create")
    shop.world.shop.heads["demo"] = commit("new")
    ringer, shop.world.store.ringer = shop.world.store.ringer, _deaf
    await shop.world.branches.moved("shop", "refs/heads/demo")
    shop.world.store.ringer = ringer
    said = await shop.goes_on()
    assert [each.partition("\n")[0] for each in said] == [
        f"✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `{commit('new')[:8]}`",
    ]
    assert (await shop.world.environment()).running_sha == commit("new")
    assert await shop.world.command_states() == ["done"]


async def _deaf(rings: object) -> None:
    return None


async def test_a_failing_push_keeps_what_ran(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s", "Traceback", "boom")
    assert await shop.pushes(commit("bad")) == [
        words(
            """
            ❌ @dana **demo-vn4gah** was not updated: web exited with code 1 after 0.4 s

            ```
            Traceback
            boom
            ```

            What ran before, `782938f1`, goes on. Push a fix, or: `/ivy retry demo-vn4gah`

            <sub>reason: `failed`</sub>
            """
        ),
    ]
    assert shop.card == words(
        r"""
        ### ⚠️ **demo-vn4gah** · `demo` · ready, but its last update failed

        ✓ provisioning 0 s · ✓ configuring 0 s · ✗ starting

        **commit** `782938f1`\
        **owner** dana\
        **goes** 2026-12-02 12:00 UTC

        <http://demo-vn4gah.localhost:8780>

        web exited with code 1 after 0.4 s

        ```
        Traceback
        boom
        ```

        Next: `/ivy retry demo-vn4gah` · `/ivy logs demo-vn4gah` · `/ivy terminate demo-vn4gah`
        """
    )
    environment = await shop.world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, commit("acme/shop", "demo"))
    assert await shop.pushes(commit("good")) == []
    assert shop.title == "✅ **demo-vn4gah** · `demo` · ready in 0.0 s"


async def test_a_failing_update_by_command_keeps_what_ran(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    assert await shop.says("/ivy update --size large") == [
        words(
            """
            ❌ @dana **demo-vn4gah** was not updated: web exited with code 1 after 0.4 s

            What ran before, `782938f1`, goes on. Push a fix, or: `/ivy retry demo-vn4gah`

            <sub>reason: `failed`</sub>
            """
        ),
    ]
    assert shop.signs == ["eyes", "confused"]
    assert (await shop.world.environment()).state is State.READY
    assert (await shop.says("/ivy retry"))[0].startswith("✅ @dana **demo-vn4gah** is ready")
    assert shop.world.engine.applied[-1].limits.memory_mb == 4096


async def test_update_brings_it_to_the_head(shop: Talk) -> None:
    await shop.makes()
    shop.world.shop.heads["demo"] = commit("unheard of")
    assert await shop.says("/ivy update") == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `146d0e94`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert shop.signs == ["eyes", "+1"]
    assert (await shop.world.environment()).running_sha == commit("unheard of")


async def test_update_of_what_is_there_already_does_nothing(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy update") == words(
        """
        ✅ **demo-vn4gah** runs `782938f1` already, which is the newest.

        <http://demo-vn4gah.localhost:8780>
        """
    )
    assert len(shop.world.engine.applied) == 1


async def test_what_is_pinned_is_not_called_the_newest(shop: Talk) -> None:
    pinned = (await shop.makes()).sha
    await shop.says(f"/ivy update --sha {pinned}")
    await shop.pushes(commit("later"))
    assert await shop.answer(f"/ivy update --sha {pinned}") == words(
        """
        ✅ **demo-vn4gah** runs `782938f1` already, to which it is pinned.

        <http://demo-vn4gah.localhost:8780>
        """
    )


async def test_a_full_commit_pins_it_until_a_bare_update(shop: Talk) -> None:
    await shop.makes()
    sha = commit("of long ago")
    assert await shop.says(f"/ivy update --sha {sha}") == [
        words(
            """
            ✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `1c603d80`

            <http://demo-vn4gah.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert f"**commit** `{sha[:8]}`, pinned\\" in shop.card.splitlines()
    await shop.pushes(commit("new"))
    assert (await shop.world.environment()).running_sha == sha
    await shop.says("/ivy update")
    environment = await shop.world.environment()
    assert (environment.running_sha, environment.is_pinned) == (commit("new"), False)


async def test_the_head_can_be_pinned_where_it_is(shop: Talk) -> None:
    await shop.makes()
    await shop.answer(f"/ivy update --sha {shop.on.sha}")
    assert (await shop.world.environment()).is_pinned
    assert len(shop.world.engine.applied) == 1
    await shop.pushes(commit("new"))
    assert len(shop.world.engine.applied) == 1


async def test_a_short_commit_is_the_head_of_a_branch(shop: Talk) -> None:
    await shop.makes()
    sha = shop.world.shop.heads["main"]
    await shop.says(f"/ivy update --sha {sha[:9]}")
    assert (await shop.world.environment()).running_sha == sha


async def test_an_unknown_short_commit_is_refused(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy update --sha 0123abc") == words(
        """
        ❌ @dana `0123abc` is not the head of one branch. Give all 40 digits of the commit.

        <sub>reason: `unknown_sha`</sub>
        """
    )
    assert await shop.answer("/ivy update --sha nothex") == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy update --sha nothex
                          ^^^^^^ `nothex` is not a commit: say 7 to 40 of its hexadecimal digits.
        ```

        Try: `/ivy update`

        <sub>reason: `bad_value`</sub>
        """
    )


async def test_a_larger_size_begins_anew_with_it(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy update --size medium")
    assert [(spec.limits.memory_mb, spec.limits.processes) for spec in shop.world.engine.applied] == [(1024, 256), (2048, 512)]
    assert (await shop.answer("/ivy update --size medium")).startswith("✅ **demo-vn4gah** runs `782938f1` already")


async def test_tilt_arguments_can_be_changed_and_taken_away(shop: Talk) -> None:
    reads = {".dev-env.yaml": b"version: 1\nservices:\n  web:\n    run: tilt $TILT_ARGS\n"}
    shop.world.repositories.files[shop.on.sha] = reads
    await shop.makes()
    await shop.says("/ivy update --tilt-args '--only web'")
    await shop.says("/ivy update --tilt-args ''")
    assert [spec.services[0].env for spec in shop.world.engine.applied] == [(), (("TILT_ARGS", "--only web"),), ()]


async def test_two_updates_at_once_end_with_the_last(shop: Talk) -> None:
    await shop.makes()
    await shop.begins("/ivy update --size medium")
    await shop.says("/ivy update --size large", settle=False)
    await shop.hears()
    said = await shop.goes_on()
    assert [spec.limits.memory_mb for spec in shop.world.engine.applied] == [1024, 4096]
    assert len(said) == 1
    assert await shop.world.command_states() == ["done", "done", "done"]


async def test_what_is_gone_is_not_updated(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy terminate")
    assert await shop.answer("/ivy update") == words(
        """
        ❌ @dana **demo-vn4gah** is gone: dana asked for it. Have it back: `/ivy restore demo-vn4gah` · a new one: `/ivy create shop:demo`

        <sub>reason: `gone`</sub>
        """
    )


async def test_without_an_environment_there_is_nothing_to_update(shop: Talk) -> None:
    assert await shop.answer("/ivy update") == words(
        """
        ❌ @dana There is no environment here. Make one: `/ivy create` · list them: `/ivy list`

        <sub>reason: `no_environment`</sub>
        """
    )


async def test_a_push_restarts_what_failed(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    await shop.says("/ivy create")
    assert await shop.pushes(commit("fixed")) == []
    environment = await shop.world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, commit("fixed"))


async def test_a_size_that_the_project_does_not_have_is_refused_with_the_nearest(tmp_path: Path, database_url: str) -> None:
    async with a_world(tmp_path, database_url=database_url, projects={"lab": {**_LAB, "sizes": "small,medium"}}) as world:
        [said] = await world.types("/ivy create demo --size large")
        assert " ".join(said.split()) == (
            "✗ dana: lab has no environments of the size large; there is small, medium. "
            "Try: /ivy create lab:demo --size medium reason: size_not_allowed"
        )
        await world.types("/ivy create demo --size medium")
        slug = (await world.environment()).slug
        assert "size medium" in " ".join((await world.card()).split())
        [said] = await world.types(f"/ivy update {slug} --size large")
        assert f"Try: /ivy update {slug} --size medium" in " ".join(said.split())
        assert (await world.environment()).size is Size.MEDIUM


async def test_a_file_that_wishes_for_more_than_its_project_has_gets_the_nearest(tmp_path: Path, database_url: str) -> None:
    async with a_world(tmp_path, database_url=database_url, projects={"lab": {**_LAB, "sizes": ["medium"]}}) as world:
        await world.types("/ivy create demo")
        assert world.engine.applied[-1].size == "medium"
        world.repositories.files["a" * 40] = {".dev-env.yaml": b"version: 1\nsize: large\nservices: {web: {run: a}}\n"}
        [said] = await world.types("/ivy create main --dry-run")
        assert "medium" in said


async def test_what_is_pinned_stays_so_when_only_its_size_changes(shop: Talk) -> None:
    await shop.makes()
    pinned = commit("acme/shop", "demo")
    await shop.says(f"/ivy update --sha {pinned}")
    shop.world.shop.heads["demo"] = commit("newer")
    await shop.says("/ivy update --size large")
    row = await shop.world.environment()
    assert (row.running_sha, row.is_pinned, row.size) == (pinned, True, Size.LARGE)
    await shop.says("/ivy update")
    assert (await shop.world.environment()).running_sha == commit("newer")
