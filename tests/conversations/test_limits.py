"""When a platform asks us to slow down, everybody waits as long as it says, nothing is lost and the order is kept."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.context_ports import ForgeUnavailable
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import ForgeKind, Right
from bot.domain.prose import Reply, Tone, line
from bot.worker.leasing import Holder
from bot.worker.outbox import Outbox
from bot.worker.patience import LookingForge, PatientForge
from tests.api import api_of
from tests.browser import signed_in
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk
from tests.fakes.forge import commit
from tests.web.test_pages import words as shown
from tests.world import SHOP, World, a_world

pytestmark = pytest.mark.long

SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.mark.parametrize(
    ("headers", "status", "body", "wait_s"),
    [
        ({"retry-after": "120"}, 429, None, 120),
        ({"retry-after": "120"}, 403, SECONDARY, 120),
        ({}, 403, SECONDARY, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "RESET"}, 403, {"message": "API rate limit exceeded"}, 120),
    ],
    ids=["retry-after", "secondary", "secondary without a time", "primary"],
)
async def test_a_command_waits_for_github_and_is_not_refused(
    shop: Talk, headers: dict[str, str], status: int, body: object, wait_s: int
) -> None:
    reset = {name: str(int(time.time()) + wait_s) if value == "RESET" else value for name, value in headers.items()}
    shop.forge.fail_next("GET right", status, reset, body)
    assert await shop.says("/ivy whoami") == []
    asked = len(shop.forge.requests)
    assert await shop.after(seconds=wait_s - 10) == []
    assert len(shop.forge.requests) == asked, "while it is to be left in peace, nothing is asked of it"
    [said] = await shop.after(seconds=12)
    assert said.startswith("You are **dana**")


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"retry-after": "60"}, {"message": {"error": "Too many requests"}}), ({"ratelimit-remaining": "0"}, "Retry later\n")],
    ids=["with a time", "as plain text"],
)
async def test_gitlab_is_waited_for_in_both_its_forms(tools: Talk, headers: dict[str, str], body: object) -> None:
    tools.forge.fail_next("GET right", 429, headers, body)
    assert await tools.says("/ivy whoami") == []
    tools.forge.fail_next("POST comment", 429, headers, body)
    assert await tools.after(seconds=61) == []
    [said] = await tools.after(seconds=61)
    assert said.startswith("You are **gina**")


async def test_what_is_said_meanwhile_is_answered_in_its_order(shop: Talk) -> None:
    shop.forge.fail_next("GET right", 429, {"retry-after": "120"})
    for words in ("/ivy whoami", "/ivy help create", "/ivy creat", "/ivy list"):
        await shop.says(words)
    await shop.after(seconds=121)
    assert [each.split()[0] for each in shop.heard] == ["You", "`/ivy", "❌", "No"]


async def test_operators_see_how_long_a_platform_wants_peace(shop: Talk) -> None:
    shop.forge.fail_next("GET right", 429, {"retry-after": "120"})
    await shop.says("/ivy whoami")
    async with signed_in(shop.world, "dana") as web:
        assert "github asked us to wait, 2 min more" in shown(await web.get("/system"))


async def test_however_often_it_is_limited_nothing_is_lost(shop: Talk) -> None:
    shop.forge.fail_next("POST comment", 429, {"retry-after": "60"}, times=30)
    await shop.says("/ivy whoami")
    for _ in range(31):
        await shop.after(seconds=61)
    assert len(shop.heard) == 1


async def test_a_change_that_follows_a_limit_is_drawn_once(shop: Talk) -> None:
    environment = await shop.makes()
    shop.forge.fail_next("EDIT comment", 429, {"retry-after": "300"})
    for _ in range(4):
        await shop.world.types(f"extend {environment.slug} 1h")
    edits = len(shop.forge.asked("EDIT comment"))
    await shop.after(seconds=301)
    await shop.after(seconds=1)
    assert "**goes** 2026-12-02 16:0" in shop.card
    assert len(shop.forge.asked("EDIT comment")) == edits + 1


async def test_another_worker_keeps_to_it(shop: Talk) -> None:
    world = shop.world
    shop.forge.fail_next("POST comment", 429, {"retry-after": "300"})
    await shop.says("/ivy whoami")
    other = Talk(world, shop.by, world.github.pull_request("acme/shop", number=13, branch="other"))
    asked = len(shop.forge.asked("POST comment"))
    async with world.store.transaction() as transaction:
        await transaction.post(_thread(other), _hello())
        transaction.rings.clear()
    second = Outbox(Holder(world.store, "worker-2", 30), world.edges.chats, 0.0)
    await second.say("github:shop:13")
    assert len(shop.forge.asked("POST comment")) == asked
    world.clock.advance(seconds=301)
    await second.say("github:shop:13")
    assert other.heard == ["hello"]


def _thread(talk: Talk) -> Thread:
    return Thread(Platform.GITHUB, f"github:shop:{talk.on.number}")


def _hello() -> Reply:
    return Reply(Tone.NEUTRAL, (line("hello"),))


@pytest.fixture
async def paced(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, pace_s=1.0) as made:
        yield made


async def test_a_channel_of_slack_gets_a_message_a_second(paced: World) -> None:
    slack = Slack(paced)
    for _ in range(3):
        await slack.mention("@trellis whoami")
    counts = [len(slack.said)]
    for _ in range(3):
        await paced.pass_time(seconds=1)
        counts.append(len(slack.said))
    assert counts == [1, 2, 3, 3]


@pytest.fixture
async def told(tmp_path: Path, database_url: str) -> AsyncIterator[Talk]:
    """Dana where GitHub is also polled and told of environments."""
    project = {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP, "receive": "both"}
    async with a_world(tmp_path, database_url=database_url, projects={"shop": project}) as world:
        dana = world.github.user("dana", id=7, right="write")
        yield Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))


async def everything(talk: Talk, sha: str, name: str) -> None:
    """All that makes us ask or tell GitHub something: a command, a push, a look at what is new, a page."""
    world = talk.world
    world.clock.advance(seconds=16)
    await talk.pushes(sha)
    await world.poll()
    await talk.says("/ivy whoami")
    stranger = world.github.user(name, id=len(world.github.users) + 100, right="write")
    api = await api_of(world, Person(Platform.GITHUB, str(stranger.id), name))
    assert (await api.gets("/environments"))["environments"] is not None


@pytest.mark.parametrize("operation", ["GET right", "POST comment", "EDIT comment", "POST status", "POST deployment", "LIST comments"])
async def test_a_limit_that_one_meets_is_kept_by_all(told: Talk, operation: str) -> None:
    github = told.forge
    await told.makes()
    github.fail_next(operation, 403, {"retry-after": "300"}, SECONDARY)
    await everything(told, commit("two"), "erik")
    asked = len(github.requests)
    await everything(told, commit("three"), "fred")
    assert github.requests[asked:] == [], "while it is to be left in peace, nothing is asked of it"
    await told.after(seconds=301)
    await told.after(seconds=5)
    assert len([each for each in told.heard if each.startswith("You are")]) == 2
    assert github.records.shown()[-1].startswith(f"{commit('three')[:8]} trellis/ivy: success")
    assert github.records.deployments[-1].state == "success"
    assert commit("three")[:8] in told.card


@pytest.mark.parametrize("operation", ["POST status", "POST deployment"])
async def test_however_often_a_record_is_limited_it_is_told_at_last(told: Talk, operation: str) -> None:
    told.forge.fail_next(operation, 429, {"retry-after": "60"}, times=30)
    await told.makes()
    for _ in range(31):
        await told.after(seconds=61)
    assert told.forge.records.shown()[0].startswith(f"{told.on.sha[:8]} trellis/ivy: success")
    assert [each.state for each in told.forge.records.deployments] == ["success"]


async def test_who_looks_at_a_page_meanwhile_sees_what_they_saw(world: World, shop: Talk) -> None:
    project = world.parts.projects["shop"]
    dana, erik = Person(Platform.GITHUB, "7", "dana"), Person(Platform.GITHUB, "8", "erik")
    world.github.user("erik", id=8, right="write")
    forge = LookingForge(PatientForge(world.edges.forges[ForgeKind.GITHUB], ForgeKind.GITHUB, world.store), lambda: world.clock.at)
    assert await forge.right_of(dana, project) is Right.WRITE
    shop.forge.fail_next("GET right", 429, {"retry-after": "1800"})
    with pytest.raises(ForgeUnavailable):
        await forge.right_of(erik, project)
    asked = len(shop.forge.requests)
    assert await forge.right_of(dana, project) is Right.WRITE
    world.clock.advance(seconds=901)
    with pytest.raises(ForgeUnavailable):
        await forge.right_of(dana, project)
    assert len(shop.forge.requests) == asked
