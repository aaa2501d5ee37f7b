"""The whole story of a trading environment, with a NATS server, a multiplexer and a local exchange that speaks as Binance does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.market_feed import NatsFeed
from bot.domain.environment import State
from feeds.events import Kind
from feeds.listener import Listener
from feeds.visiting import is_let_in
from processes import free_port
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk
from tests.conversations.test_trading import FILE, write
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S, Ear
from tests.feeds.live.test_environments import running, stored
from tests.world import World, a_world

pytestmark = pytest.mark.feeds


async def with_real_feeds(world: World) -> NatsFeed:
    """The same world, whose worker says what environments want to `trellis feeds`."""
    feed = NatsFeed(world.settings)
    world.edges = replace(world.edges, market=feed)
    await world.hire("worker-2", 0.0)
    return feed


async def test_from_an_opened_request_to_nothing_left(tmp_path: Path, binance: FakeBinance) -> None:
    source = {"exchange": "binance", "markets": ["spot"], "ws_url": binance.ws_url, "rest_url": binance.rest_url}
    feeds = {"nats_port": free_port(), "status_port": free_port(), "record_mb": 256, "sources": {"binance": source}}
    async with a_world(tmp_path, feeds=feeds, trading={"sandbox_hosts": ["127.0.0.1"]}) as world, running(world.settings):
        feed = await with_real_feeds(world)
        dana = world.github.user("dana", id=7, right="write")
        shop = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
        write(shop, f"{FILE}create: {{on: opened}}\n")

        await world.deliver("github", world.github.opens(shop.on))
        environment = await world.environment()
        assert environment.state == State.READY
        assert f"@dana **{environment.slug}** is ready" in shop.heard[-1]

        [spec] = world.engine.running.values()
        given = dict(spec.secrets)
        assert binance.rest_url in dict(spec.services[0].env)["TRADING"]
        async with Listener(given["FEED_URL"], given["FEED_USER"], given["FEED_PASSWORD"], ["market.data.binance.spot.BTCUSDT.>"]) as heard:
            ear = Ear(heard)
            await binance.until_followed("btcusdt@trade")
            binance.trade("BTCUSDT")
            await ear.until(lambda: bool(ear.of(Kind.TRADE)))
            await ear.close()
        assert heard.continuity.certificate.lost == 0

        [warning] = await shop.after(hours=44)
        assert "@dana" in warning
        assert f"/ivy extend {environment.slug}" in warning

        slack = Slack(world)
        said = await slack.dm(f"/ivy extend {environment.slug} 4h", by="ada")
        assert f"{environment.slug}* has 4 h more" in said[-1].shown
        await shop.after(hours=5)
        assert (await world.environment()).state == State.READY

        await shop.after(hours=4)
        assert (await world.past(environment.id)).state == State.GONE
        assert f"**{environment.slug}** is gone" in shop.heard[-1]
        assert world.engine.running == {}
        assert await stored(world.settings) == (0, set())
        await binance.until(lambda: not binance.links)
        async with asyncio.timeout(PATIENCE_S):
            while await is_let_in(feed.url, environment.id, given["FEED_PASSWORD"]):
                await asyncio.sleep(0.05)
        assert list((tmp_path / "vault").rglob("*.sealed")) == []
        written = "\n".join(shop.heard) + "\n".join(each.shown for each in slack.said)
        assert given["FEED_PASSWORD"] not in written
        assert given["TRADING_KEY"] not in written
