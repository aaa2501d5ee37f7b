"""What is subscribed to is what live environments ask for, and each hears its own only."""

from __future__ import annotations

import asyncio
import json

import nats.errors
import pytest

from feeds import house as rooms
from feeds.events import Kind
from feeds.interest import Interest
from feeds.listener import ask
from feeds.visiting import told_of
from tests.fakes.exchanges.binance import FakeBinance
from tests.fakes.exchanges.bybit import FakeBybit
from tests.feeds.live.house import House, source, wanted

pytestmark = pytest.mark.feeds


async def test_subscriptions_follow_the_environments_on_the_connection_that_stands(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    one = await house.environment("one", "binance.spot.BTCUSDT", "binance.spot.ETHUSDT")
    await binance.until_followed("btcusdt@trade", "ethusdt@trade")
    two = await house.environment("two", "binance.spot.ETHUSDT", "binance.spot.SOLUSDT")
    await binance.until_followed("btcusdt@trade", "ethusdt@trade", "solusdt@trade")
    binance.trade("SOLUSDT")
    await two.until(lambda: len(two.of(Kind.TRADE)) == 1)
    await house.rooms.interests.remove("one")
    await binance.until(lambda: "btcusdt@trade" not in binance.links[0].topics)
    assert {topic.partition("@")[0] for topic in binance.links[0].topics} == {"ethusdt", "solusdt"}
    assert binance.opened == 1
    asked = [json.loads(each) for each in binance.asked]
    assert [each["params"][0].partition("@")[0] for each in asked] == ["btcusdt", "solusdt", "btcusdt"]
    assert [each["method"] for each in asked] == ["SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE"]
    assert one.of(Kind.TRADE) == []
    await house.rooms.interests.remove("two")
    await binance.until(lambda: not binance.links)


async def test_two_who_want_the_same_cost_the_exchange_one(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    ears = [await house.environment(f"e{number}", "binance.spot.BTCUSDT") for number in range(3)]
    await binance.until_followed("btcusdt@trade")
    for ear in ears:
        await ear.until(lambda ear=ear: bool(ear.of(Kind.DEPTH)))  # type: ignore[misc]
    binance.trade("BTCUSDT")
    for ear in ears:
        await ear.until(lambda ear=ear: bool(ear.of(Kind.TRADE)))  # type: ignore[misc]
    assert binance.opened == 1
    assert len(binance.asked) == 1


async def test_an_instrument_that_the_exchange_does_not_know_harms_no_other(house: House, bybit: FakeBybit) -> None:
    bybit.unknown = {"NONEUSDT"}
    multiplexer = await house.multiplexer(source("bybit", bybit))
    await house.environment("one", "bybit.spot.BTCUSDT", "bybit.spot.NONEUSDT")
    await bybit.until_followed("publicTrade.BTCUSDT", "orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT")
    session = multiplexer.sessions["bybit", "spot"]
    await bybit.until(lambda: len(session.lines) == 1 and len(session.lines[0].refused) == 3)
    assert not any("NONEUSDT" in topic for topic in bybit.links[0].topics)


async def test_an_instrument_that_the_exchange_has_no_book_of_is_asked_for_once_and_harms_no_other(
    house: House, binance: FakeBinance
) -> None:
    binance.unknown = {"NONEUSDT"}
    multiplexer = await house.multiplexer(source("binance", binance))
    ear = await house.environment("one", "binance.spot.BTCUSDT", "binance.spot.NONEUSDT")
    await binance.until(
        lambda: bool(binance.links) and binance.links[0].topics == {f"btcusdt@{each}" for each in ("trade", "depth@100ms", "bookTicker")}
    )
    await ear.until(lambda: bool(ear.of(Kind.DEPTH, "BTCUSDT")))
    session = multiplexer.sessions["binance", "spot"]
    await ear.until(lambda: session.refused == {"NONEUSDT": "there is no NONEUSDT"})  # marks come all the time
    [one] = [each for each in (await told_of(house.settings, "one")).instruments if each.instrument == "NONEUSDT"]
    assert (one.is_heard, one.refused) == (False, "there is no NONEUSDT")
    await ear.until(lambda: len(ear.of(Kind.MARK, "NONEUSDT")) >= 5)  # a second, in which it would have been asked for four times more
    assert len([path for path in binance.paths if "symbol=NONEUSDT" in path]) == 1


async def test_an_environment_hears_nothing_of_others_and_says_nothing(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    password = await house.interest("one", Interest(wanted("binance.spot.BTCUSDT")))
    await house.interest("two", Interest(wanted("binance.spot.ETHUSDT")))
    ear = await house.ear("one", password, ["market.data.binance.spot.BTCUSDT.>"])
    came = asyncio.Event()
    client = await rooms.connect(house.nats.url, "one", password)
    problems: list[str] = []

    async def note(problem: Exception) -> None:
        if "permissions violation" in str(problem).lower():
            problems.append(str(problem))
            came.set()

    client._error_cb = note
    for subject in (
        "market.data.binance.spot.ETHUSDT.>",
        "market.data.>",
        ">",
        "market.replay.two.>",
        "market.ask.two",
        "$KV.feeds_interest.>",
    ):
        await client.subscribe(subject)
    for subject in ("market.data.binance.spot.BTCUSDT.trade", "$KV.feeds_interest.two", "$JS.API.STREAM.DELETE.MARKET", "market.ask.two"):
        await client.publish(subject, b"{}")
    await client.flush()
    async with asyncio.timeout(60):
        while len(problems) < 10:
            came.clear()
            await came.wait()
    assert len(problems) == 10
    await client.close()
    await binance.until_followed("btcusdt@trade", "ethusdt@trade")
    binance.trade("ETHUSDT")
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    assert {heard.stream.instrument for heard in ear.heard} == {"BTCUSDT"}


async def test_an_environment_that_is_gone_is_let_in_no_more_and_the_others_stay(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    stays = await house.environment("stays", "binance.spot.BTCUSDT")
    password = await house.interest("goes", Interest(wanted("binance.spot.BTCUSDT")))
    await house.ear("goes", password, ["market.data.binance.spot.BTCUSDT.>"])
    await house.rooms.interests.remove("goes")
    await house.admit()
    with pytest.raises((nats.errors.Error, OSError)):  # who is turned away may see no more than the end of the connection
        for _ in range(1000):  # the server takes a moment
            client = await nats.connect(house.nats.url, user="goes", password=password, allow_reconnect=False)
            await client.close()
    await binance.until_followed("btcusdt@trade")
    binance.trade("BTCUSDT")
    await stays.until(lambda: bool(stays.of(Kind.TRADE)))
    assert stays.listener._client is not None
    assert stays.listener._client.stats["reconnects"] == 0


async def test_an_environment_tells_how_it_fares_when_it_is_asked(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("one", "binance.spot.BTCUSDT")
    await binance.until_followed("btcusdt@trade")
    for _ in range(5):
        binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 5)
    certificate = await ask(house.client, "one")
    account = certificate.accounts["market.data.binance.spot.BTCUSDT.trade"]
    assert (account.seen, account.lost) == (5, 0)
    assert [(each.first, each.last) for each in account.ranges] == [(1, 5)]
    with pytest.raises(nats.errors.Error):
        await ask(house.client, "nobody", 0.2)
