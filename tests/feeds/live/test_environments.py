"""What a worker says of an environment is what NATS does: it is let in, hears its own, and nothing of it is left when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.market_feed import NatsFeed
from bot.domain.ids import new_id
from bot.domain.trading import Exchange, Market, MarketData, Mode, Risk, Strategy, Trading
from bot.feeds import feeds_settings
from bot.settings import Settings
from bot.worker.market_feed import FeedUnavailable
from feeds import house as rooms
from feeds.events import Kind
from feeds.interests import BUCKET, Interests
from feeds.listener import Listener
from feeds.multiplexer import Multiplexer
from feeds.visiting import is_let_in
from processes import free_port
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S, Ear

pytestmark = pytest.mark.feeds
LIVE = MarketData()
RISK, PASSWORD = Risk(10_000, 5, 10), "trl_feed_0123456789abcdefghij"


def profile(*tokens: str, data: MarketData = LIVE) -> Trading:
    return Trading((Exchange("binance", Market.SPOT, tokens),), Strategy("bin/strategy"), RISK, data)


def settings_of(folder: Path, binance: FakeBinance) -> Settings:
    source = {"exchange": "binance", "markets": ["spot"], "ws_url": binance.ws_url, "rest_url": binance.rest_url}
    feeds = {"nats_port": free_port(), "status_port": free_port(), "record_mb": 256, "sources": {"binance": source}}
    return Settings(data_dir=folder, feeds=feeds)  # type: ignore[arg-type]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Multiplexer]:
    """`trellis feeds`, with a NATS server of its own."""
    made = Multiplexer(replace(feeds_settings(settings), mark_s=0.2, overlap_s=0.3))
    task = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not made.is_leading:
                assert not task.done(), task.exception()
                await asyncio.sleep(0.05)
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def seen(settings: Settings) -> AsyncIterator[Interests]:
    """What is wanted, over a connection that comes back when it is cut off."""
    password = (feeds_settings(settings).folder / "nats" / "nats.password").read_text().strip()
    client = await rooms.connect(NatsFeed(settings).url, "trellis", password)
    try:
        interests = (await rooms.furnish(client, settings.feeds.record_hours, settings.feeds.record_mb)).interests
        await interests.has_changed()
        yield interests
    finally:
        await client.close()


async def stored(settings: Settings) -> tuple[int, set[str]]:
    """How many messages the bucket holds, marks of what was deleted included, and who wants something."""
    async with seen(settings) as interests:
        info = await interests._jetstream.stream_info(f"KV_{BUCKET}", subjects_filter=">")
        return info.state.messages, set(interests.all)


async def test_let_in_it_hears_and_gone_there_is_not_even_a_mark_of_it(tmp_path: Path, binance: FakeBinance) -> None:
    settings, id_ = settings_of(tmp_path, binance), new_id()
    feed = NatsFeed(settings)
    async with running(settings):
        await feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)
        assert await feed.heard_by() == {id_}
        async with Listener(feed.url, id_, PASSWORD, ["market.data.binance.spot.BTCUSDT.>"]) as listener:
            ear = Ear(listener)
            await binance.until_followed("btcusdt@trade")
            binance.trade("BTCUSDT")
            await ear.until(lambda: bool(ear.of(Kind.TRADE)))
            await ear.close()
        await feed.drop(id_)
        await binance.until(lambda: not binance.links)
        assert await stored(settings) == (0, set())
        async with asyncio.timeout(PATIENCE_S):
            while await is_let_in(feed.url, id_, PASSWORD):
                await asyncio.sleep(0.05)
        await feed.drop(id_)
        assert await feed.heard_by() == set()


async def test_what_the_exchange_lists_is_what_an_environment_may_ask_for(tmp_path: Path, binance: FakeBinance) -> None:
    settings = settings_of(tmp_path, binance)
    feed = NatsFeed(settings)
    assert await feed.listed() == {}  # no feeds were ever here
    async with running(settings):
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await feed.listed()):
                await asyncio.sleep(0.05)
        assert found == {("binance", "spot"): frozenset(binance.listed)}
    with pytest.raises(FeedUnavailable):
        await feed.listed()


async def test_of_another_password_the_old_one_lets_nobody_in_and_whoever_came_with_it_is_out(tmp_path: Path, binance: FakeBinance) -> None:
    settings, id_, new = settings_of(tmp_path, binance), new_id(), f"{PASSWORD}-1"
    feed = NatsFeed(settings)
    async with running(settings):
        await feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)
        async with Listener(feed.url, id_, PASSWORD, ["market.data.binance.spot.BTCUSDT.>"]) as before:
            ear = Ear(before)
            await binance.until_followed("btcusdt@trade")
            heard = binance.trade("BTCUSDT")
            await ear.until(lambda: bool(ear.of(Kind.TRADE)))
            await feed.want(id_, profile("BTCUSDT"), new, besides=True)
            assert not await is_let_in(feed.url, id_, PASSWORD)
            assert before._client
            async with asyncio.timeout(PATIENCE_S):
                while before._client.is_connected:
                    await asyncio.sleep(0.05)
            async with Listener(feed.url, id_, new, ["market.data.binance.spot.BTCUSDT.>"]) as after:
                anew = Ear(after)
                last = binance.trade("BTCUSDT")
                await anew.until(lambda: bool(anew.of(Kind.TRADE)))
                assert [each.id for each in anew.of(Kind.TRADE)] == [str(last)]
                await anew.close()
            assert [each.id for each in ear.of(Kind.TRADE)] == [str(heard)]
            await ear.close()
        await binance.until(lambda: len(binance.links) == 1)


async def test_the_same_again_changes_nothing_and_what_is_besides_is_added(tmp_path: Path, binance: FakeBinance) -> None:
    settings, id_ = settings_of(tmp_path, binance), new_id()
    feed = NatsFeed(settings)
    replayed = MarketData(Mode.REPLAY, 1_000.0, 2_000.5)
    async with running(settings):
        await feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)
        async with seen(settings) as interests:
            first, number = interests.all[id_], interests._seen
        await feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)
        async with seen(settings) as interests:
            assert (interests.all[id_], interests._seen) == (first, number)
        await feed.want(id_, profile("ETHUSDT", data=replayed), PASSWORD, besides=True)
        async with seen(settings) as interests:
            both = interests.all[id_]
        assert [each.instrument for each in both.wanted] == ["BTCUSDT", "ETHUSDT"]
        assert (both.mode, both.password_hash) == ("both", first.password_hash)
        assert both.replay is not None
        assert (both.replay.start, both.replay.end) == (1_000_000_000_000, 2_000_500_000_000)
        await feed.want(id_, profile("ETHUSDT", data=replayed), PASSWORD, besides=False)
        async with seen(settings) as interests:
            assert [each.instrument for each in interests.all[id_].wanted] == ["ETHUSDT"]
            assert interests.all[id_].mode == "replay"


async def test_of_two_that_change_at_once_none_is_lost(tmp_path: Path, binance: FakeBinance) -> None:
    settings, stays = settings_of(tmp_path, binance), new_id()
    feed = NatsFeed(settings)
    async with running(settings) as multiplexer:
        goes = [new_id() for _ in range(5)]
        await asyncio.gather(*(feed.want(each, profile("ETHUSDT"), PASSWORD, besides=True) for each in goes))
        await asyncio.gather(feed.want(stays, profile("BTCUSDT"), PASSWORD, besides=True), *(feed.drop(each) for each in goes))
        await binance.until(lambda: {each.partition("@")[0] for link in binance.links for each in link.topics} == {"btcusdt"})
        assert set(multiplexer.interests) == {stays}
        assert await stored(settings) == (1, {stays})


async def test_where_there_were_never_feeds_nobody_hears_them_and_nobody_is_let_in(tmp_path: Path, binance: FakeBinance) -> None:
    feed = NatsFeed(settings_of(tmp_path, binance))
    assert await feed.heard_by() == set()
    await feed.drop(new_id())
    with pytest.raises(FeedUnavailable, match="run trellis feeds"):
        await feed.want(new_id(), profile("BTCUSDT"), PASSWORD, besides=True)


async def test_feeds_that_are_away_say_so(tmp_path: Path, binance: FakeBinance) -> None:
    settings, id_ = settings_of(tmp_path, binance), new_id()
    feed = NatsFeed(settings)
    async with running(settings):
        await feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)
    for asking in (feed.drop(id_), feed.heard_by(), feed.want(id_, profile("BTCUSDT"), PASSWORD, besides=True)):
        with pytest.raises(FeedUnavailable, match="NATS does not answer"):
            await asking
    async with running(settings):
        assert await feed.heard_by() == {id_}
        assert await is_let_in(feed.url, id_, PASSWORD)
