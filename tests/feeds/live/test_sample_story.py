"""The whole story of a trading environment with real services: the sample's strategy and its order management run by a keeper, on a feed that a
multiplexer tells over NATS of a local exchange, told to Trellis over HTTP. It begins with an opened pull request and ends with nothing left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import sample
from bot.app.engines import Place
from bot.app.github import access_of
from bot.app.market_feed import NatsFeed
from bot.app.tokens import ForgeTokens
from bot.domain.environment import Environment, State
from feeds.visiting import is_let_in
from processes import free_port
from provisioner.remotes import GitRepositories
from tests.browser import signed_in
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk
from tests.conversations.test_trading_feed import stored_rows
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S
from tests.feeds.live.test_environments import running, stored
from tests.provisioner.house import Keeper, eventually
from tests.served import served
from tests.world import _UNRECORDED, LOCAL, TOOLS, World, a_world

pytestmark = pytest.mark.feeds
HIGH, LOW = "100000", "80000"


def commit(repository: Path) -> str:
    """The sample's branch, opened by itself and with a strategy in a hurry; its commit."""
    sample.git(repository, "switch", "--quiet", "trading")
    file, strategy = repository / ".dev-env.yaml", repository / "strategy.json"
    file.write_text(f"{file.read_text()}create: {{on: opened}}\n")
    strategy.write_text(json.dumps({"instrument": "binance.spot.BTCUSDT", "quantity": "0.05", "every_s": 0.2}))
    sample.git(repository, "commit", "--quiet", "--all", "--message", "Hurry")
    return sample.git(repository, "rev-parse", "HEAD").decode().strip()


@dataclass
class Story:
    world: World
    keeper: Keeper
    feed: NatsFeed
    shop: Talk
    repository: Path
    sha: str

    async def book(self, slug: str, key: str) -> tuple[int, Any]:
        """Asked of the order management through the proxy, as anybody would."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            host = {"host": f"{slug}.localhost:{self.keeper.port}", "authorization": f"Bearer {key}"}
            answer = await client.get(f"http://127.0.0.1:{self.keeper.port}/book", headers=host)
            return answer.status_code, answer.json()

    async def secret(self, it: Environment, name: str) -> str:
        """From where they are kept."""
        return await self.world.parts.environments._equipment._vault.read(f"/dev-envs/{it.id}/{name}")


async def until(is_so: Callable[[], Awaitable[bool]], meanwhile: Callable[[], object] = lambda: None) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():
            meanwhile()
            await asyncio.sleep(0.1)


@asynccontextmanager
async def a_story(tmp_path: Path, binance: FakeBinance) -> AsyncIterator[Story]:
    repository = sample.make(tmp_path / "sample")
    sha, data, keeper = commit(repository), tmp_path / "data", Keeper(tmp_path / "data", {"sandbox": "off"})
    source = {"exchange": "binance", "markets": ["spot"], "ws_url": binance.ws_url, "rest_url": binance.rest_url}
    projects = {
        "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": str(repository), **_UNRECORDED},
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS, **_UNRECORDED},
        "lab": {"forge": "local", "clone_url": LOCAL, "slack_channels": "C0LAB"},
    }
    settings: dict[str, Any] = {
        "feeds": {"nats_port": free_port(), "status_port": free_port(), "record_mb": 256, "sources": {"binance": source}},
        "trading": {"sandbox_hosts": ["127.0.0.1"]},
        "projects": projects,
        "port": free_port(),
        "proxy_port": keeper.port,
    }
    async with a_world(data, **settings) as world, running(world.settings), served(world, world.settings.port):
        await keeper.start()
        try:
            repositories = GitRepositories(data / "git", ForgeTokens(world.settings, access_of(world.settings)))
            feed = NatsFeed(world.settings)
            world.edges = replace(world.edges, market=feed, place=Place(keeper.engine, repositories))
            await world.hire("worker-2", 0.0)
            dana = world.github.user("dana", id=7, right="write")
            opened = world.github.pull_request("acme/shop", number=12, branch="trading", sha=sha, author=dana)
            yield Story(world, keeper, feed, Talk(world, dana, opened), repository, sha)
        finally:
            await keeper.stop()
            await eventually(lambda: keeper.left() == [])


async def test_the_sample_from_an_opened_request_to_nothing_left(tmp_path: Path, binance: FakeBinance) -> None:
    async with a_story(tmp_path, binance) as story:
        world, shop = story.world, story.shop
        await world.deliver("github", world.github.opens(shop.on))
        it = await world.environment()
        assert it.state == State.READY, shop.heard
        assert f"@dana **{it.slug}** is ready" in shop.heard[-1]
        assert "Its API key is shown once, on [its page]" in shop.heard[-1]
        key, password = await story.secret(it, "key"), await story.secret(it, "feed")
        assert await is_let_in(story.feed.url, it.id, password)

        await binance.until_followed("btcusdt@trade")
        assert (await story.book(it.slug, "wrong"))[0] == 401

        async def trades() -> bool:
            status, book = await story.book(it.slug, key)
            return status == 200 and book["orders"] > 3

        await until(trades, lambda: binance.trade("BTCUSDT", HIGH))

        async def is_told() -> bool:
            return "orders: " in await shop.answer("/ivy status")

        await until(is_told)

        prices = iter([HIGH, LOW] * 10_000)

        async def is_halted() -> bool:
            await world.settle()
            return any(f"**{it.slug}** is halted" in each for each in shop.heard)

        await until(is_halted, lambda: binance.trade("BTCUSDT", next(prices)))
        assert "**halted** since" in await shop.answer("/ivy status")
        _, halted = await story.book(it.slug, key)
        assert halted["halts"] == 1
        assert "takes orders again within seconds" in await shop.answer(f"/ivy resume {it.slug}")

        async def trades_again() -> bool:
            status, book = await story.book(it.slug, key)
            return status == 200 and not book["halted"] and book["orders"] > halted["orders"]

        await until(trades_again, lambda: binance.trade("BTCUSDT", LOW))
        _, halted = await story.book(it.slug, key)

        lost, lost_password = key, password
        await shop.says(f"/ivy restart {it.slug} --new-key")
        key, password = await story.secret(it, "key-1"), await story.secret(it, "feed-1")
        assert (await story.book(it.slug, lost))[0] == 401
        assert [await is_let_in(story.feed.url, it.id, each) for each in (lost_password, password)] == [False, True]
        await until(trades_again, lambda: binance.trade("BTCUSDT", LOW))

        warning = [each for each in await shop.after(hours=44) if "/ivy extend" in each]
        assert len(warning) == 1
        assert "@dana" in warning[0]
        slack = Slack(world)
        said = await slack.dm(f"/ivy extend {it.slug} 4h", by="ada")
        assert f"{it.slug}* has 4 h more" in said[-1].shown
        await shop.after(hours=5)
        assert (await world.environment()).state == State.READY
        assert (await story.book(it.slug, key))[0] == 200

        await shop.after(hours=4)
        assert (await world.past(it.id)).state == State.GONE
        assert any(f"**{it.slug}** is gone" in each for each in shop.heard)
        await nothing_is_left(story, it, key, password, binance)
        told = "\n".join((*shop.heard, *(each.shown for each in slack.said), await stored_rows(world)))
        written = told + "".join(each.read_bytes().decode("latin-1") for each in (tmp_path / "data").rglob("*") if each.is_file())
        assert it.id in written
        assert not [each for each in (key, password, lost, lost_password) if each in written]


async def nothing_is_left(story: Story, it: Environment, key: str, password: str, binance: FakeBinance) -> None:
    """Processes, files, credentials, subscriptions, states."""
    keeper, data = story.keeper, story.world.settings.data_dir
    assert not any(keeper.runs(word) for word in ("orders", "strategy"))
    assert keeper.worktrees() == []
    assert not (data / "environments" / it.id).exists()
    assert list((data / "vault").rglob("*.sealed")) == []
    assert await stored(story.world.settings) == (0, set())
    await binance.until(lambda: not binance.links)
    async with asyncio.timeout(PATIENCE_S):
        while await is_let_in(story.feed.url, it.id, password):
            await asyncio.sleep(0.05)
    port = story.world.settings.port
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}/api/v1/environments/{it.slug}/hold"
        assert (await client.post(url, json={}, headers={"authorization": f"Bearer {key}"})).status_code == 401
    async with signed_in(story.world, "dana") as web:
        assert (await web.sends(f"/environments/{it.slug}/key?id={it.id}")).status_code in {404, 503}
