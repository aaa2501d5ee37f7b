"""Who may: the forge is asked for the author's right by id when the command runs; any doubt is a no, and says why."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from bot.domain.environment import State
from bot.handlers.actions import ACTIONS
from tests.conversations.talk import Talk, words
from tests.fakes.forge import User, commit

if TYPE_CHECKING:
    from tests.conversations.slack import Slack
    from tests.world import World

BY_NUMBER = {"sled cancel", "sled retry", "sled logs", "sled why"}
RIGHTS = ("none", "read", "write", "admin")
CHANGES = sorted(words for words, action in ACTIONS.items() if action == "change")
LOOKS = sorted(words for words, action in ACTIONS.items() if action != "change")


async def _all_refused(talk: Talk, by: User, lines: list[str]) -> None:
    """Each gets one refusal that tells nothing of what there is, and the environment stays as it was."""
    before, told = await talk.world.environment(), talk.card
    for line in lines:
        reply = await talk.answer(line, by=by)
        assert reply.startswith(f"❌ @{by.login} You may not run `{line}`: "), reply
        assert reply.endswith("<sub>reason: `not_allowed`</sub>")
        assert before.slug not in reply
        assert talk.signs[-1] in {"confused", "x"}
    assert await talk.world.environment() == before
    assert talk.card == told


@pytest.mark.long
async def test_on_github_less_than_write_is_refused_everything(shop: Talk) -> None:
    await shop.makes()
    eve = shop.world.github.user("eve", id=66, right="read")
    await _all_refused(shop, eve, [f"/{each}" for each in (*CHANGES, *LOOKS)])
    eve.right = "none"
    await _all_refused(shop, eve, ["/ivy terminate", "/ivy status", "/ivy whoami"])


@pytest.mark.long
async def test_on_gitlab_less_than_developer_is_refused_everything(tools: Talk) -> None:
    await tools.makes()
    eve = tools.world.gitlab.user("eve", id=66, right="read")
    await _all_refused(tools, eve, [f"/{each}" for each in (*CHANGES, "ivy status", "ivy whoami")])
    eve.right = "none"
    await _all_refused(tools, eve, ["/ivy terminate", "/ivy status", "/ivy whoami"])


async def test_the_reason_is_told(shop: Talk, tools: Talk) -> None:
    eve = shop.world.github.user("eve", id=66, right="read")
    assert await shop.answer("/ivy create", by=eve) == words(
        """
        ❌ @eve You may not run `/ivy create`: it needs the right to write to acme/shop, and github says that yours is read.

        Rule: `changing`. Who may: developer, admin.

        <sub>reason: `not_allowed`</sub>
        """
    )
    assert shop.signs == ["confused"]
    gil = tools.world.gitlab.user("gil", id=67)
    assert await tools.answer("/ivy create", by=gil) == words(
        """
        ❌ @gil You may not run `/ivy create`: it needs the right to write to acme/tools, and gitlab says that yours is none.

        Rule: `changing`. Who may: developer, admin.

        <sub>reason: `not_allowed`</sub>
        """
    )


@pytest.mark.parametrize("right", ["write", "admin"])
async def test_write_and_more_may_do_everything(shop: Talk, tools: Talk, right: str) -> None:
    for talk, forge in ((shop, shop.world.github), (tools, tools.world.gitlab)):
        somebody = forge.user("somebody", id=88, right=right)
        for line in ("/ivy create", "/ivy extend 1h", "/ivy restart", "/ivy status", "/ivy terminate"):
            replies = await talk.says(line, by=somebody)
            assert replies
            assert not any("not_allowed" in each for each in replies)


async def test_a_blocked_account_is_refused(tools: Talk) -> None:
    tools.by.is_blocked = True
    assert (await tools.answer("/ivy create")).endswith("<sub>reason: `not_allowed`</sub>")


async def test_a_forge_that_does_not_say_yes_says_no(shop: Talk, tools: Talk) -> None:
    for status in (401, 403, 404, 500, 502, 301):  # 429 is neither: it is waited for, see test_limits
        for talk in (shop, tools):
            talk.forge.fail_next("GET right", status)
            reply = await talk.answer("/ivy create")
            assert "You may not run `/ivy create`: " in reply, status
            assert reply.endswith("<sub>reason: `not_allowed`</sub>")
    assert await shop.world.environments() == []
    assert set(await shop.world.command_states()) == {"refused"}


async def test_a_forge_that_breaks_off_says_no(shop: Talk) -> None:
    shop.forge.lose_next("GET right")
    assert await shop.answer("/ivy create") == words(
        """
        ❌ @dana You may not run `/ivy create`: your right here could not be asked just now, and that is a no. Please say it again in a minute.

        Rule: `changing`. Who may: developer, admin.

        <sub>reason: `not_allowed`</sub>
        """
    )
    assert await shop.world.environments() == []


ODD = (
    "body",
    "<html>hello</html>",
    "[]",
    "null",
    '{"permission": "admin"}',
    '{"permission": "admin", "user": null}',
    '{"permission": "admin", "user": {"id": 8}}',
)


async def test_an_answer_about_somebody_else_or_nobody_is_a_no(shop: Talk) -> None:
    shop.forge._description = None  # it says what no GitHub says
    for body in ODD:
        shop.forge.fail_next("GET right", 200, {"content-type": "application/json"}, body)
        assert (await shop.answer("/ivy create")).endswith("<sub>reason: `not_allowed`</sub>"), body
    assert await shop.world.environments() == []


async def test_the_same_login_with_another_id_is_somebody_else(shop: Talk) -> None:
    impostor = User(6666, "dana")
    reply = await shop.answer("/ivy create", by=impostor)
    assert reply.endswith("<sub>reason: `not_allowed`</sub>")
    assert await shop.world.environments() == []


async def test_on_gitlab_the_same_name_with_another_id_is_somebody_else(tools: Talk) -> None:
    impostor = User(6666, "gina")
    assert (await tools.answer("/ivy create", by=impostor)).endswith("<sub>reason: `not_allowed`</sub>")


async def test_the_right_is_that_of_now(shop: Talk) -> None:
    await shop.makes()
    shop.by.right = "read"
    assert (await shop.answer("/ivy terminate")).endswith("<sub>reason: `not_allowed`</sub>")
    shop.by.right = "write"
    await shop.says("/ivy terminate")
    assert await shop.world.environments() == []


async def test_a_repository_of_another_id_under_the_same_name_is_another(shop: Talk) -> None:
    shop.world.shop.id = 4242  # it was deleted, and somebody made one of that name
    delivery = shop.forge.says(shop.on, shop.by, "/ivy create")
    body = json.loads(delivery.body)
    assert body["repository"]["id"] == 4242
    await shop.world.deliver("github", delivery)
    assert shop.heard == []
    assert await shop.world.command_states() == []


async def test_a_fork_is_refused(shop: Talk) -> None:
    fork = shop.world.github.project("mallory/shop", id=666)
    theirs = shop.world.github.pull_request("acme/shop", number=14, branch="demo", sha=commit("fork"), source=fork)
    talk = Talk(shop.world, shop.by, theirs)
    assert (await talk.answer("/ivy create")).endswith("<sub>reason: `fork_refused`</sub>")
    assert await shop.world.environments() == []


async def test_a_fork_that_is_gone_is_refused(shop: Talk) -> None:
    theirs = shop.world.github.pull_request("acme/shop", number=14, branch="demo", sha=commit("fork"))
    theirs.source = None
    assert (await Talk(shop.world, shop.by, theirs).answer("/ivy create")).endswith("<sub>reason: `fork_refused`</sub>")


async def test_a_forks_merge_request_is_refused(tools: Talk) -> None:
    fork = tools.world.gitlab.project("mallory/tools", id=666)
    theirs = tools.world.gitlab.merge_request("acme/tools", number=14, branch="demo", sha=commit("fork"), source=fork)
    assert (await Talk(tools.world, tools.by, theirs).answer("/ivy create")).endswith("<sub>reason: `fork_refused`</sub>")


async def test_a_forks_push_changes_nothing_here(shop: Talk) -> None:
    await shop.makes()
    fork = shop.world.github.project("mallory/shop", id=666)
    await shop.world.deliver("github", shop.world.github.pushes(fork, "demo", commit("evil")))
    assert (await shop.world.environment()).running_sha == shop.on.sha


async def test_bots_are_not_heard(shop: Talk, tools: Talk) -> None:
    renovate = shop.world.github.user("renovate[bot]", id=500, right="admin", kind="Bot")
    assert await shop.says("/ivy create", by=renovate) == []
    assert await shop.says("/ivy create", by=shop.world.github.bot) == ["/ivy create"]
    for name in ("project_77_bot", "group_3_bot_abcdef", "service_account_group_1_0123"):
        robot = tools.world.gitlab.user(name, id=501, right="admin")
        assert await tools.says("/ivy create", by=robot) == []
    assert await tools.says("/ivy create", by=tools.world.gitlab.bot) == ["/ivy create"]
    assert await shop.world.command_states() == []


async def test_what_the_bot_itself_said_in_slack_is_not_heard(slack: Slack) -> None:
    [reply] = await slack.dm("list")
    reply.text = "create lab:demo"
    assert await slack.deliver(slack.world.slack.bot_speaks(reply)) == []
    assert await slack.world.environments() == []


async def test_internal_and_system_notes_are_not_heard(tools: Talk) -> None:
    await tools.world.deliver("gitlab", tools.world.gitlab.says(tools.on, tools.by, "/ivy create", is_internal=True))
    system = tools.world.gitlab.says(tools.on, tools.by, "/ivy create")
    await tools.world.deliver("gitlab", _signed_again(tools, system, {"system": True}))
    assert tools.heard == []
    assert await tools.world.command_states() == []


def _signed_again(talk: Talk, delivery: object, attributes: dict[str, object]) -> object:
    body = json.loads(delivery.body)  # type: ignore[attr-defined]
    body["object_attributes"] |= attributes
    return dataclasses.replace(talk.world.gitlab._tell("Note Hook", body))


async def test_from_a_stranger_a_mistake_is_met_with_silence(shop: Talk) -> None:
    eve = shop.world.github.user("eve", id=66)
    for text in ("/ivy creat", "/ivy", "/ivy create --ttl soon", "> so\n/ivy create", "@trellis-bot"):
        assert await shop.says(text, by=eve) == []
        assert shop.signs == []


async def test_from_a_stranger_many_commands_get_one_refusal(shop: Talk) -> None:
    eve = shop.world.github.user("eve", id=66)
    assert len(await shop.says("/ivy create\n/ivy list\n/ivy status\n/ivy terminate\n/ivy help", by=eve)) == 1
    assert await shop.world.environments() == []


async def test_on_github_an_environment_of_a_gitlab_project_is_out_of_reach(shop: Talk, tools: Talk) -> None:
    theirs = await tools.makes()
    for line in (f"/ivy terminate {theirs.slug}", f"/ivy logs {theirs.slug}"):
        assert (await shop.answer(line)).endswith("<sub>reason: `unknown_environment`</sub>")
    assert (await shop.answer("/ivy status tools!5")).endswith("<sub>reason: `no_environment`</sub>")
    assert await shop.answer("/ivy create tools:demo") == words(
        """
        ❌ @dana You may not run `/ivy create`: an account on github gives no right to acme/tools, which is elsewhere.

        Rule: `changing`. Who may: developer, admin.

        <sub>reason: `not_allowed`</sub>
        """
    )
    assert (await tools.world.environment()).state is State.READY


async def test_in_one_project_a_right_in_another_is_none(shop: Talk) -> None:
    private = shop.world.github.project("acme/private", id=43)
    assert shop.by.right_in(private) == "write"
    shop.by.rights[42] = "read"
    assert (await shop.answer("/ivy create")).endswith("<sub>reason: `not_allowed`</sub>")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("mallory", {"join"}),
        ("vera", {"join", "look", "learn"}),
        ("dana", {"join", "look", "learn", "change", "deploy", "lock"}),
        ("ada", {"join", "look", "learn", "change", "deploy", "lock", "approve"}),
    ],
)
async def test_in_slack_a_role_decides(slack: Slack, name: str, may: set[str]) -> None:
    await slack.world.types("/ivy create lab:demo")
    [slug] = [each.slug for each in await slack.world.environments()]
    for words_, action in ACTIONS.items():
        if words_ in {"ivy terminate", "ivy create"}:
            continue
        takes_one = words_.split()[1] not in {"list", "help", "whoami", "link", "unlink", "approve", "reject", "locks", "freeze"}
        one = "17" if words_ in BY_NUMBER else slug
        said = await slack.dm(f"/{words_} {one}" if takes_one else f"/{words_}", by=name)
        assert said
        assert ("not_allowed" not in said[-1].shown) == (action.value in may), (words_, said[-1].shown)


async def test_the_consoles_role_is_configured(tmp_path: object) -> None:
    from pathlib import Path

    from tests.world import a_world

    async with a_world(Path(str(tmp_path)), console_role="viewer") as world:
        assert await world.types("create lab:demo") == [
            words(
                """
                ✗ dana: You may not run /ivy create: it needs the role developer here, and yours is viewer.
                  Rule: changing. Who may: developer, admin.
                  reason: not_allowed
                """
            ),
        ]
        assert len(await world.types("list")) == 1


async def test_nobody_is_asked_about_who_only_talks(world: World, shop: Talk) -> None:
    await shop.says("a comment like any other")
    assert world.github.asked("GET right") == []
