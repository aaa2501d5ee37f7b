"""Connections are exchanged for new ones: the new one stands before the old one goes, and nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.feeds import feeds
from bot.settings import Settings, SettingsError
from feeds.events import Gap, Kind, Trade
from feeds.multiplexer import Multiplexer
from tests.fakes.exchanges.binance import FakeBinance
from tests.fakes.exchanges.bybit import FakeBybit
from tests.feeds.live.house import Ear, House, source

pytestmark = pytest.mark.feeds
TOPICS = ("btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker")


async def busy(binance: FakeBinance, is_done: Callable[[], bool]) -> None:
    """Trade and move until then."""
    number = 0
    async with asyncio.timeout(60):
        while not is_done():
            number += 1
            binance.trade("BTCUSDT")
            binance.move("BTCUSDT", [["99.0", str(number)]], updates=2)
            binance.quote("BTCUSDT")
            await asyncio.sleep(0.001)


async def begun(house: House, binance: FakeBinance, **changed: float) -> tuple[Multiplexer, Ear]:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    made = await house.multiplexer(source("binance", binance), **changed)
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    return made, ear


async def nothing_was_noticed(ear: Ear, binance: FakeBinance) -> None:
    last = binance.trade("BTCUSDT")
    binance.move("BTCUSDT", [["95.0", "1"]])
    await ear.until(lambda: ear.of(Kind.TRADE)[-1].id == str(last) and ear.of(Kind.DEPTH)[-1].last == binance.books["BTCUSDT"].last)
    assert [int(each.id) for each in ear.of(Kind.TRADE, "", Trade)] == list(range(1, last + 1))
    assert [each for kind in Kind for each in ear.of(kind, "", Gap)] == []
    quotes = [each.id for each in ear.of(Kind.QUOTE)]
    assert quotes == sorted(set(quotes))
    assert [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0]
    assert ear.lost() == []


async def test_an_exchange_that_says_it_will_close_is_left_before_it_does(house: House, binance: FakeBinance) -> None:
    multiplexer, ear = await begun(house, binance)
    session = multiplexer.sessions["binance", "spot"]
    working = asyncio.create_task(busy(binance, lambda: session.rollovers == 1))
    binance.leave()
    await working
    assert binance.opened == 2
    await binance.until(lambda: len(binance.links) == 1)
    await nothing_was_noticed(ear, binance)


async def test_an_old_connection_is_exchanged_and_so_is_the_next(house: House, binance: FakeBinance) -> None:
    multiplexer, ear = await begun(house, binance, rollover_s=0.5, overlap_s=0.1)
    session = multiplexer.sessions["binance", "spot"]
    await busy(binance, lambda: session.rollovers >= 3)
    await nothing_was_noticed(ear, binance)


async def test_a_new_connection_that_cannot_be_had_leaves_the_old_one_alone(house: House, binance: FakeBinance) -> None:
    multiplexer, ear = await begun(house, binance)
    session = multiplexer.sessions["binance", "spot"]
    binance.is_open = False
    session.roll()
    working = asyncio.create_task(busy(binance, lambda: session.rollovers == 1))
    await ear.until(lambda: len(ear.of(Kind.TRADE)) > 100)
    assert binance.opened == 1
    binance.is_open = True
    session.roll()
    await working
    await nothing_was_noticed(ear, binance)


async def test_bybit_s_connections_are_exchanged_without_a_new_book(house: House, bybit: FakeBybit) -> None:
    bybit.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    multiplexer = await house.multiplexer(source("bybit", bybit))
    ear = await house.environment("demo", "bybit.spot.BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)) and bool(ear.of(Kind.QUOTE)))
    session = multiplexer.sessions["bybit", "spot"]
    session.roll()
    ids: list[str] = []
    async with asyncio.timeout(60):
        while session.rollovers == 0:
            ids += bybit.trades("BTCUSDT", 2)
            bybit.move("BTCUSDT", [["99.0", str(len(ids))]])
            await asyncio.sleep(0.001)
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == len(ids) and ear.of(Kind.DEPTH)[-1].last == bybit.books["BTCUSDT"].last)
    assert [each.id for each in ear.of(Kind.TRADE)] == ids
    assert [each for kind in Kind for each in ear.of(kind, "", Gap)] == []
    assert [list(each) for each in ear.book().whole(0).bids] == bybit.books["BTCUSDT"].rows()[0]
    assert bybit.opened == 2


async def test_an_operator_has_a_connection_exchanged_before_maintenance(
    house: House, binance: FakeBinance, capsys: pytest.CaptureFixture[str]
) -> None:
    multiplexer, ear = await begun(house, binance)
    session = multiplexer.sessions["binance", "spot"]
    given = {"nats_url": house.nats.url, "nats_password": house.nats.password}
    settings = Settings(data_dir=house.settings.data, feeds=given)  # type: ignore[arg-type]
    working = asyncio.create_task(busy(binance, lambda: session.rollovers == 1))
    assert await feeds(settings, ["roll", "binance.spot"]) == 0
    await working
    assert "binance.spot: rolling\n" in capsys.readouterr().out
    assert binance.opened == 2
    await nothing_was_noticed(ear, binance)
    assert await feeds(settings, ["roll", "bybit.spot"]) == 0
    assert "bybit.spot: no connection stands\n" in capsys.readouterr().out
    with pytest.raises(SettingsError, match=r"there is no source kraken.spot: there are binance.perpetual, binance.spot"):
        await feeds(settings, ["roll", "kraken.spot"])
