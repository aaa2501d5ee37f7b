"""What exchanges list: asked once a day by whoever leads, and there for whoever reads what environments ask for."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import msgspec
import pytest

from feeds.instruments import Market
from feeds.listing import DAY_S, Listed, kept, key_of, listed_by
from feeds.visiting import all_listed
from tests.fakes.exchanges.binance import FakeBinance
from tests.fakes.exchanges.bybit import FakeBybit
from tests.feeds.live.house import PATIENCE_S, House, source

pytestmark = pytest.mark.feeds


async def known(house: House, key: str = "binance.spot") -> Listed:
    async with asyncio.timeout(PATIENCE_S):
        while (found := await kept(house.rooms.listed, key)) is None:
            await asyncio.sleep(0.02)
    return found


async def test_what_an_exchange_lists_and_trades_is_known_and_the_next_leader_does_not_ask_again(
    house: House, binance: FakeBinance
) -> None:
    one = await house.multiplexer(source("binance", binance))
    assert (await known(house)).instruments == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert await all_listed(replace(house.settings, sources=(source("binance", binance),))) == {
        ("binance", "spot"): frozenset({"BTCUSDT", "ETHUSDT", "SOLUSDT"})
    }
    await house.stop(one)
    two = await house.multiplexer(source("binance", binance), holder="two")
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed("btcusdt@trade")
    await ear.until(lambda: bool(ear.heard))
    assert two.is_leading
    assert binance.times_listed == 1


async def test_what_is_older_than_a_day_is_asked_for_anew(house: House, binance: FakeBinance) -> None:
    of = source("binance", binance)
    old = Listed(time.time() - DAY_S, of, ["GONEUSDT"])
    await house.rooms.listed.put("binance.spot", msgspec.json.encode(old))
    await house.multiplexer(of)
    await binance.until(lambda: binance.times_listed == 1)
    async with asyncio.timeout(PATIENCE_S):
        while (await known(house)).instruments != binance.listed:
            await asyncio.sleep(0.02)


async def test_perpetuals_are_listed_without_what_ends_at_a_date_page_by_page(bybit: FakeBybit) -> None:
    async with FakeBinance(is_perpetual=True) as binance:
        assert await listed_by(source("binance", binance, Market.PERPETUAL)) == sorted(binance.listed)
    assert await listed_by(source("bybit", bybit, Market.PERPETUAL)) == sorted(bybit.listed)
    assert bybit.times_listed == 2
    assert await listed_by(source("bybit", bybit)) == sorted(bybit.listed)


async def test_an_exchange_that_lists_nothing_changes_nothing_that_is_known(house: House, binance: FakeBinance) -> None:
    of = source("binance", binance)
    before = msgspec.json.encode(Listed(1.0, of, ["BTCUSDT"]))
    await house.rooms.listed.put(key_of(of.name, of.market), before)
    binance.listed = []
    await house.multiplexer(of)
    await binance.until(lambda: binance.times_listed == 1)
    await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed("btcusdt@trade")
    assert (await house.rooms.listed.get("binance.spot")).value == before
