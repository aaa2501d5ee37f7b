"""The bot as a GitHub App: the same conversations, with tokens that come and go meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.message import Platform
from bot.domain.record import CONTEXT
from bot.store.feeds import listening
from tests.conversations.talk import Talk
from tests.fakes.forge import commit
from tests.fakes.github_app import FakeApp
from tests.world import SHOP, World, a_world

PROJECTS = {
    "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP},
    "site": {"forge": "github", "id": "43", "path": "zeta/site", "clone_url": "https://forge.example/zeta/site.git"},
}


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, is_app=True, projects=PROJECTS) as made:
        made.github.project("zeta/site", id=43)
        yield made


def app_of(talk: Talk) -> FakeApp:
    app = talk.world.github.app
    assert app is not None
    return app


async def test_an_app_makes_an_environment_and_shows_it_on_github(shop: Talk) -> None:
    await shop.makes()
    assert shop.title == "✅ **demo-vn4gah** · `demo` · ready in 0.0 s"
    assert {each.author.login for each in shop.forge.comments(shop.on)} == {"dana", "trellis[bot]"}
    assert shop.signs == ["eyes", "+1"]
    assert shop.forge.records.shown() == [f"{shop.on.sha[:8]} {CONTEXT}: success · ready · http://demo-vn4gah.localhost:8780"]
    assert [each.state for each in shop.forge.records.deployments] == ["success"]
    assert app_of(shop).given == 1, "one token serves chat, rights, news and records"


async def test_a_token_is_renewed_before_it_ends(shop: Talk) -> None:
    await shop.makes()
    for _ in range(10):
        await shop.after(hours=0.3)
        await shop.says("/ivy status")
    assert app_of(shop).given == 4
    assert app_of(shop).refused == 0, "none was used after its end"
    assert len(shop.forge.asked("GET installation")) == 1
    assert len(shop.heard) == 12


async def test_a_token_that_is_revoked_is_renewed_at_once(shop: Talk) -> None:
    await shop.makes()
    app_of(shop).revoke()
    await shop.pushes(commit("two"))
    assert [each.state for each in shop.forge.records.deployments] == ["inactive", "success"]
    app_of(shop).revoke()
    [said] = await shop.says("/ivy whoami")
    assert said.startswith("You are **dana**")
    assert app_of(shop).given == 3


async def test_an_app_that_is_installed_anew_goes_on(shop: Talk) -> None:
    await shop.makes()
    app = app_of(shop)
    app.installations.clear()
    assert await shop.says("/ivy whoami") == []
    app.install("acme")
    late = await shop.after(seconds=60)
    assert "could not be asked" in late[0]
    [said] = await shop.says("/ivy whoami")
    assert said.startswith("You are **dana**")


async def test_each_owner_has_an_installation_and_a_token_of_its_own(shop: Talk) -> None:
    world = shop.world
    app_of(shop).install("zeta")
    site = world.github.project_at("zeta/site")
    on = world.github.pull_request(site, number=3, branch="new", author=shop.by)
    await world.deliver("github", world.github.says(on, shop.by, "/ivy whoami"))
    await shop.says("/ivy whoami")
    assert [len(world.github.said_by_bot(on)), len(shop.heard)] == [1, 1]
    assert app_of(shop).given == 2


async def test_the_app_does_not_answer_itself(shop: Talk) -> None:
    await shop.makes()
    said = shop.forge.add_comment(shop.on, shop.world.github.bot, "/ivy terminate")
    await shop.world.deliver("github", shop.world.github.tells_comment(said))
    assert (await shop.world.environment()).is_wanted


async def test_a_comment_whose_answer_was_lost_is_found_as_the_apps(shop: Talk) -> None:
    shop.forge.lose_next("POST comment")
    await shop.says("/ivy whoami")
    await shop.after(seconds=5)
    assert len(shop.heard) == 1


async def test_an_account_of_a_github_app_is_known(shop: Talk) -> None:
    me = await shop.world.edges.chats[Platform.GITHUB].me()
    assert (me.id, me.name, me.is_bot) == ("905", "trellis[bot]", True)


async def test_what_the_apps_webhook_could_not_deliver_is_found_in_the_apps_own_record(shop: Talk) -> None:
    """Of its own repository; what another one's was told is not fetched for it."""
    world, github = shop.world, shop.world.github
    site = Talk(world, shop.by, github.pull_request("zeta/site", number=3, branch="other", author=shop.by))
    app_of(shop).install("zeta")
    world.repositories.branches[PROJECTS["site"]["clone_url"]] = lambda: site.on.project.heads
    await world.poll()
    world.clock.advance(seconds=60)
    delivery = github.sends(github.says(shop.on, shop.by, "/ivy create"), 503)
    assert delivery.comment is not None
    github.sends(github.says(site.on, site.by, "good work"), 0)
    world.clock.advance(seconds=60)
    github.edits(delivery.comment, "Please:\n\n/ivy create")  # no list has it as it was said
    world.clock.advance(hours=0.2)
    await world.poll()
    assert [each.branch for each in await world.environments()] == ["demo"]
    assert len(github.asked("GET delivery")) == 2, "each project asks for what is its own"


async def test_an_app_that_is_not_told_of_its_webhook_says_so_and_the_lists_do_the_work(shop: Talk) -> None:
    await shop.world.poll()
    shop.world.clock.advance(seconds=60)
    shop.forge.says(shop.on, shop.by, "/ivy create")  # nobody was told
    shop.forge.fail_next("LIST deliveries", 404, times=2)
    shop.world.clock.advance(hours=0.2)
    await shop.world.poll()
    assert len(await shop.world.environments()) == 1
    async with shop.world.store.look() as look:
        found = await listening(look.connection, "shop")
    assert found is not None
    assert found.cursor.deliveries_problem == "GitHub does not tell the App of its webhook"
