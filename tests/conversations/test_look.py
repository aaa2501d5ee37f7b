"""The commands that change nothing: status, list, url, why, logs; and those that tell people about themselves: help, whoami."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.denials import denials
from grammar.help import manual
from provisioner.engine import LogLine
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.conversations.test_link import joins
from tests.fakes.forge import commit
from tests.world import LOCAL, TOOLS, a_world

if TYPE_CHECKING:
    from pathlib import Path


async def test_status_of_the_one_that_is_meant_here(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy status") == words(
        """
        ✅ **demo-vn4gah** is ready.

        <http://demo-vn4gah.localhost:8780>

        - branch `demo` of shop, at `782938f1`
        - owned by dana, size small
        - goes 2026-12-02 12:00 UTC
        """
    )
    assert await shop.answer("/ivy status demo-vn4gah") == shop.heard[-2]
    assert await shop.answer("/ivy status #12") == shop.heard[-2]
    assert await shop.answer("/ivy status DEMO-VN4GAH") == shop.heard[-2]


async def test_status_where_there_is_none_is_an_overview(shop: Talk) -> None:
    assert await shop.answer("/ivy status") == "No environments here. Make one: `/ivy create`"
    await shop.world.types("/ivy create shop:main")
    assert await shop.answer("/ivy status") == words(
        """
        One environment here:

        | environment | state | branch | owner | goes |
        | --- | --- | --- | --- | --- |
        | **main-ecpc6l** | ready | `main` | dana | 2026-12-02 12:00 UTC |
        """
    )


async def test_status_while_it_is_made_and_when_it_failed(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy status", settle=False)
    await shop.hears()
    assert shop.heard[-1] == words(
        """
        ⏳ **demo-vn4gah** is starting.

        - branch `demo` of shop, at `782938f1`
        - owned by dana, size small
        - goes 2026-12-02 12:00 UTC
        """
    )
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    await shop.goes_on()
    assert await shop.answer("/ivy status") == words(
        """
        ❌ **demo-vn4gah** has failed.

        - branch `demo` of shop, at `782938f1`
        - owned by dana, size small
        - goes 2026-12-02 12:00 UTC
        - last failure: web exited with code 1 after 0.4 s
        """
    )


async def test_status_of_what_is_gone(shop: Talk) -> None:
    await shop.makes()
    await shop.says("/ivy terminate")
    assert await shop.answer("/ivy status") == words(
        """
        **demo-vn4gah** is gone.

        - branch `demo` of shop, at `782938f1`
        - owned by dana, size small
        - gone 2026-11-30 12:00 UTC
        """
    )


async def test_an_unknown_environment_names_the_nearest(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy status dmo-vn4gah") == words(
        """
        ❌ @dana There is no environment `dmo-vn4gah`. Did you mean:

        - `demo-vn4gah`

        <sub>reason: `unknown_environment`</sub>
        """
    )
    assert await shop.answer("/ivy status zzz") == words(
        """
        ❌ @dana There is no environment `zzz`. List them: `/ivy list`

        <sub>reason: `unknown_environment`</sub>
        """
    )
    assert await shop.answer("/ivy status #99") == words(
        """
        ❌ @dana There is no environment for request 99 of acme/shop. List them: `/ivy list`

        <sub>reason: `no_environment`</sub>
        """
    )


async def test_list_is_of_the_project_here(shop: Talk) -> None:
    assert await shop.answer("/ivy list") == "No environments of acme/shop. Make one: `/ivy create`"
    await shop.makes()
    await shop.says("/ivy create main --ttl 3h")
    await shop.world.types("/ivy create lab:demo")
    assert await shop.answer("/ivy list") == words(
        """
        2 environments of acme/shop:

        | environment | state | branch | owner | goes |
        | --- | --- | --- | --- | --- |
        | **demo-vn4gah** | ready | `demo` | dana | 2026-12-02 12:00 UTC |
        | **main-ecpc6l** | ready | `main` | dana | 2026-11-30 15:00 UTC |
        """
    )


async def test_list_mine_and_expiring(shop: Talk) -> None:
    await shop.makes()
    other = shop.world.github.user("erin", id=8, right="write")
    await shop.says("/ivy create main --ttl 3h", by=other)
    assert await shop.answer("/ivy list --mine") == words(
        """
        One environment of yours of acme/shop:

        | environment | state | branch | owner | goes |
        | --- | --- | --- | --- | --- |
        | **demo-vn4gah** | ready | `demo` | dana | 2026-12-02 12:00 UTC |
        """
    )
    assert await shop.answer("/ivy list --expiring") == words(
        """
        One environment of acme/shop, gone within 24 h:

        | environment | state | branch | owner | goes |
        | --- | --- | --- | --- | --- |
        | **main-ecpc6l** | ready | `main` | erin | 2026-11-30 15:00 UTC |
        """
    )


async def test_list_all_in_a_request_tells_nothing_of_projects_where_one_has_no_right(shop: Talk) -> None:
    await shop.makes()
    await shop.world.types("/ivy create lab:demo")
    await shop.world.types("/ivy create tools:main")
    assert await shop.answer("/ivy list --all") == words(
        """
        One environment in all:

        | environment | state | branch | owner | goes |
        | --- | --- | --- | --- | --- |
        | **demo-vn4gah** | ready | `demo` | dana | 2026-12-02 12:00 UTC |
        """
    )


async def test_a_hint_tells_nothing_of_projects_where_one_has_no_right(shop: Talk) -> None:
    await shop.world.types("/ivy create tools:main")
    slug = (await shop.world.environment()).slug
    assert slug not in await shop.answer(f"/ivy status {slug[:-1]}x")


async def test_a_project_that_is_not_there_is_met_with_those_one_may_know_of(shop: Talk) -> None:
    assert await shop.answer("/ivy status nope#3") == words(
        """
        ❌ @dana There is no project `nope` here. There is:

        - `shop#3`

        <sub>reason: `unknown_project`</sub>
        """
    )
    assert [each for each in ("lab", "tools") if each in await shop.answer("/ivy create nope:main")] == []


async def test_nothing_in_slack_tells_of_a_project_where_one_is_nobody(tmp_path: Path, database_url: str) -> None:
    projects = {
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS, "people": {"slack:U0VERA": "nobody"}},
        "lab": {"forge": "local", "clone_url": LOCAL},
    }
    async with a_world(tmp_path, database_url=database_url, projects=projects) as world:
        slack = Slack(world)
        await world.types("create tools:main")
        slug = (await world.environment()).slug
        assert shown(await slack.dm("ivy status", by="vera")) == ["No environments in all. Make one: `/ivy create`"]
        unknown = "❌ <@U0VERA> There is no environment `{}`. List them: `/ivy list`\nreason: `unknown_environment`"
        [which] = shown(await slack.dm("ivy status nope#3", by="vera"))
        assert ("`lab#3`" in which, "tools" in which) == (True, False)
        for name in (slug[:-2], slug):
            assert shown(await slack.dm(f"ivy status {name}", by="vera")) == [unknown.format(name)]
        async with world.store.look() as look:  # the audit log knows better
            assert [(each.line, each.project) for each in await denials(look.connection)] == [(f"ivy status {slug}", "tools")]
        assert f"*{slug}*" in shown(await slack.dm("ivy status", by="dana"))[0]
        assert f"`{slug}`" in shown(await slack.dm(f"ivy status {slug[:-2]}", by="dana"))[0]


async def test_a_request_of_a_project_where_one_is_nobody_has_no_environment(slack: Slack, shop: Talk, tools: Talk) -> None:
    """Joined, mallory is somebody in `shop`, and in `tools` still nobody."""
    await tools.makes()
    await joins(slack, shop)
    assert shown(await slack.dm("ivy status", by="mallory")) == ["No environments in all. Make one: `/ivy create`"]
    assert shown(await slack.dm("ivy status tools!5", by="mallory")) == [
        words(
            """
            ❌ <@U0MALLORY> There is no environment for request 5 of acme/tools. List them: `/ivy list`
            reason: `no_environment`
            """
        )
    ]


async def test_url(shop: Talk) -> None:
    await shop.begins("/ivy create")
    await shop.says("/ivy url", settle=False)
    await shop.hears()
    assert shop.heard[-1] == words(
        """
        ⏳ **demo-vn4gah** has no address yet: it is starting.

        <sub>reason: `no_address`</sub>
        """
    )
    await shop.goes_on()
    assert await shop.answer("/ivy url") == words(
        """
        ✅ **demo-vn4gah**

        <http://demo-vn4gah.localhost:8780>
        """
    )


async def test_why_tells_the_whole_story(shop: Talk) -> None:
    await shop.makes()
    await shop.world.pass_time(hours=1)
    await shop.answer("/ivy extend 2h")
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    await shop.pushes(commit("bad"))
    await shop.says("/ivy retry")
    await shop.says("/ivy restart")
    await shop.says("/ivy extend 1w")
    await shop.says("/ivy terminate")
    assert await shop.answer("/ivy why") == words(
        r"""
        **demo-vn4gah** is gone: dana asked for it.

        | when | what | who |
        | --- | --- | --- |
        | 2026-11-30 12:00 UTC | asked for, at 782938f1 | github:dana |
        | 2026-11-30 12:00 UTC | provisioning took 0.0 s |  |
        | 2026-11-30 12:00 UTC | configuring took 0.0 s |  |
        | 2026-11-30 12:00 UTC | starting took 0.0 s |  |
        | 2026-11-30 12:00 UTC | ready at 782938f1 |  |
        | 2026-11-30 13:00 UTC | extended by 2 h | github:dana |
        | 2026-11-30 13:00 UTC | the branch was pushed: 1902e3d6 | trellis |
        | 2026-11-30 13:00 UTC | provisioning took 0.0 s |  |
        | 2026-11-30 13:00 UTC | configuring took 0.0 s |  |
        | 2026-11-30 13:00 UTC | failed: web exited with code 1 after 0.4 s |  |
        | 2026-11-30 13:00 UTC | tried again | github:dana |
        | 2026-11-30 13:00 UTC | provisioning took 0.0 s |  |
        | 2026-11-30 13:00 UTC | configuring took 0.0 s |  |
        | 2026-11-30 13:00 UTC | starting took 0.0 s |  |
        | 2026-11-30 13:00 UTC | ready at 1902e3d6 |  |
        | 2026-11-30 13:00 UTC | asked to restart | github:dana |
        | 2026-11-30 13:00 UTC | restarted |  |
        | 2026-11-30 13:00 UTC | asked for 168 h more, which somebody has to approve | github:dana |
        | 2026-11-30 13:00 UTC | to go: dana asked for it | github:dana |
        | 2026-11-30 13:00 UTC | gone |  |
        """
    )


async def test_why_tells_what_was_refused_and_not_what_somebody_may_not(shop: Talk) -> None:
    """Rights are a matter of the audit log: who is told no all day does not fill the story."""
    await shop.makes()
    ada = shop.world.github.user("ada", id=9, right="admin")
    await shop.answer("/ivy extend 60d")
    await shop.answer("/ivy extend 10d", by=ada)
    await shop.answer("/ivy approve", by=ada)
    await shop.answer("/ivy terminate", by=shop.world.github.user("mallory", id=66, right="read"))
    why = await shop.answer("/ivy why")
    assert "refused ivy extend: over\\_cap" in why
    assert "not\\_allowed" not in why
    async with shop.world.store.look() as look:
        [denied, _] = await denials(look.connection)
    assert (denied.words, denied.person) == ("ivy terminate", "github:66")


async def test_logs(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy logs") == "**demo-vn4gah** has written nothing yet."
    shop.world.engine.log = tuple(LogLine("web", f"line {number}") for number in range(60))
    assert (await shop.answer("/ivy logs")).splitlines()[3] == "line 10"
    assert await shop.answer("/ivy logs --tail 2") == words(
        """
        **demo-vn4gah**, the last 2 lines:

        ```
        line 58
        line 59
        ```
        """
    )


async def test_logs_of_several_services_are_told_apart(shop: Talk) -> None:
    two = b"version: 1\nservices:\n  web:\n    run: a\n  queue:\n    run: b\n"
    shop.world.repositories.files[shop.on.sha] = {".dev-env.yaml": two}
    await shop.makes()
    shop.world.engine.log = (LogLine("web", "hello"), LogLine("queue", "waiting"))
    assert await shop.answer("/ivy logs") == words(
        """
        **demo-vn4gah**, the last 2 lines:

        ```
        web   | hello
        queue | waiting
        ```
        """
    )
    assert await shop.answer("/ivy logs --service queue") == words(
        """
        **demo-vn4gah**, the last line:

        ```
        waiting
        ```
        """
    )
    assert await shop.answer("/ivy logs demo-vn4gah api") == words(
        """
        ❌ @dana There is no service `api` in it; there is web, queue.

        <sub>reason: `unknown_service`</sub>
        """
    )


async def test_logs_of_what_failed_are_those_of_the_failure(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s", "Traceback", "boom")
    await shop.says("/ivy create")
    assert await shop.answer("/ivy logs") == words(
        """
        **demo-vn4gah**, the last 2 lines:

        ```
        Traceback
        boom
        ```
        """
    )


async def test_whoami(shop: Talk) -> None:
    assert await shop.answer("/ivy whoami") == words(
        """
        You are **dana** on github (id 7): developer in acme/shop.

        You may learn, join, look, change, deploy, lock.

        Because: github says that the right of dana to acme/shop is write.
        """
    )
    admin = shop.world.github.user("ada", id=9, right="admin")
    assert await shop.answer("/sled whoami", by=admin) == words(
        """
        You are **ada** on github (id 9): admin in acme/shop.

        You may learn, join, look, change, deploy, lock, approve.

        Because: github says that the right of ada to acme/shop is admin.
        """
    )


async def test_help_lists_what_may_be_said(shop: Talk) -> None:
    reply = await shop.answer("/ivy help")
    verbs = [line.split("`")[1].split()[1] for line in reply.splitlines() if line.startswith("| `/ivy")]
    assert verbs == [
        "create",
        "update",
        "extend",
        "terminate",
        "restart",
        "status",
        "list",
        "logs",
        "url",
        "why",
        "cancel",
        "retry",
        "config",
        "keep",
        "unkeep",
        "pause",
        "resume",
        "transfer",
        "restore",
        "history",
        "cost",
        "link",
        "unlink",
        "help",
        "whoami",
    ]


async def test_help_of_one_command(shop: Talk) -> None:
    assert await shop.answer("/ivy help extend") == words(
        """
        `/ivy extend [ENV] [DURATION] [--until T] [--reason R]`

        Let it live longer: a day when nothing is said.

        ```
        /ivy extend
        /ivy extend 8h
        /ivy extend #12 --until "fri 18:00" --reason the long test, until it ends
        ```

        You may run it.
        """
    )
    assert await shop.answer("/ivy help nonsense") == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy help nonsense
                  ^^^^^^^^ no command `nonsense` here.
        ```

        Try: `/ivy help`

        <sub>reason: `unknown_verb`</sub>
        """
    )


async def test_every_command_has_a_page(shop: Talk) -> None:
    pages = sorted({page.words.split()[1] for page in manual()})
    for some in (pages[number : number + 5] for number in range(0, len(pages), 5)):
        said = await shop.says("\n".join(f"/ivy help {verb}" for verb in some))
        assert [each.splitlines()[0].split()[1].strip("`") for each in said] == some
