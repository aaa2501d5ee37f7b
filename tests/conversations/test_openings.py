"""An environment that is made by itself when a request is opened, if the file says so and its author may."""

from __future__ import annotations

import pytest

from tests.conversations.talk import Talk

FILE = b"version: 1\nservices: {web: {run: x}}\ncreate: {on: opened}\n"


def write(talk: Talk, content: bytes = FILE) -> None:
    talk.world.repositories.files[talk.on.sha] = {".dev-env.yaml": content}


async def open_(talk: Talk, action: str = "", *, is_draft: bool = False) -> list[str]:
    """What the bot newly wrote after the word of it."""
    before = len(talk.heard)
    forge = talk.forge
    delivery = forge.opens(talk.on, action, is_draft=is_draft) if action else forge.opens(talk.on, is_draft=is_draft)
    answer = await talk.world.deliver(talk.platform, delivery)
    assert answer.status_code == 202
    return talk.heard[before:]


@pytest.mark.parametrize("where", ["shop", "tools"])
async def test_an_opened_request_gets_its_environment(where: str, request: pytest.FixtureRequest, shop: Talk, tools: Talk) -> None:
    talk = shop if where == "shop" else tools
    write(talk)
    card, ready = await open_(talk)
    environment = await talk.world.environment()
    assert environment.slug in card
    assert f"@{talk.by.login} **{environment.slug}** is ready" in ready
    assert (environment.owner.id, environment.request) == (str(talk.by.id), talk.on.number)


@pytest.mark.parametrize("action", ["open", "reopen", "update"])
async def test_whoever_opens_it_again_the_environment_is_its_authors(tools: Talk, action: str) -> None:
    write(tools)
    otto = tools.world.gitlab.user("otto", id=71, right="write")
    await tools.world.deliver("gitlab", tools.world.gitlab.opens(tools.on, action, by=otto))
    owner = (await tools.world.environment()).owner
    assert (owner.id, owner.name) == ("70", "gina")
    assert tools.heard[-1].startswith("✅ @gina ")


async def test_a_request_of_a_bot_that_somebody_opens_again_gets_none(tools: Talk) -> None:
    write(tools)
    otto = tools.world.gitlab.user("otto", id=71, right="write")
    tools.by.login = "project_77_bot_1a2b"
    await tools.world.deliver("gitlab", tools.world.gitlab.opens(tools.on, "reopen", by=otto))
    assert await tools.world.environments() == []


async def test_create_later_answers_with_the_same_one(shop: Talk) -> None:
    write(shop)
    await open_(shop)
    assert "There is one for `demo`" in await shop.answer("/ivy create")
    assert await open_(shop, "reopened") == []
    assert len(await shop.world.environments()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"version: 1\nservices: {web: {run: x}}\n",
        b"version: 1\nservices: {web: {run: x}}\ncreate: {on: command}\n",
        b"version: 1\nservices: {web: {run: x}}\ncreate: {on: opened, branches: [release/*]}\n",
        b"version: 1\nservices: {web: {rum: x}}\ncreate: {on: opened}\n",
    ],
)
async def test_where_the_file_does_not_say_so_nothing_is_made(shop: Talk, content: bytes) -> None:
    write(shop, content)
    assert await open_(shop) == []
    assert await shop.world.environments() == []


async def test_a_draft_waits_until_it_is_ready(shop: Talk) -> None:
    write(shop)
    assert await open_(shop, is_draft=True) == []
    assert len(await open_(shop, "ready_for_review")) == 2


async def test_who_may_not_ask_gets_none_and_no_word_of_it(shop: Talk) -> None:
    write(shop)
    shop.by.right = "read"
    assert await open_(shop) == []
    assert await shop.world.environments() == []


async def test_a_fork_never_gets_one(shop: Talk) -> None:
    world = shop.world
    fork = world.github.project("mallory/shop", id=666)
    talk = Talk(world, shop.by, world.github.pull_request("acme/shop", number=13, branch="demo", source=fork, author=shop.by))
    write(talk)
    assert await open_(talk) == []
    assert await world.environments() == []


async def test_a_bots_request_gets_none(shop: Talk) -> None:
    write(shop)
    shop.by.kind, shop.by.login = "Bot", "dependabot[bot]"
    assert await open_(shop) == []


async def test_the_same_word_twice_makes_one(shop: Talk) -> None:
    write(shop)
    delivery = shop.forge.opens(shop.on)
    for _ in range(2):
        await shop.world.deliver("github", delivery)
    assert len(await shop.world.environments()) == 1
    assert len(shop.heard) == 2
