"""What an exchange says reaches who asked for it."""

from __future__ import annotations

import pytest

from feeds.events import Kind, Quote, Trade
from tests.fakes.exchanges.binance import FakeBinance
from tests.fakes.exchanges.bybit import FakeBybit
from tests.feeds.live.house import House, source

pytestmark = pytest.mark.feeds


async def test_binance_s_trades_book_and_best_prices_arrive_as_it_wrote_them(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed("btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker")
    binance.move("BTCUSDT", [["64000.10", "0.50000000"]], [["64000.20", "1.00000000"]])
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    binance.trade("BTCUSDT", "64000.10000000", "0.00100000")
    binance.move("BTCUSDT", [["64000.10", "0.00000000"], ["64000.00", "3"]])
    binance.quote("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.QUOTE) and ear.of(Kind.TRADE) and ear.book().best()[0] == ("64000.00", "3")))
    (trade,) = ear.of(Kind.TRADE)
    assert (trade.id, trade.price, trade.size, trade.side) == ("1", "64000.10000000", "0.00100000", "sell")
    (quote,) = ear.of(Kind.QUOTE)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask) == ("64000.00", "3", "64000.20")
    assert ear.lost() == []


async def test_bybit_s_trades_book_and_best_prices_arrive(house: House, bybit: FakeBybit) -> None:
    bybit.move("BTCUSDT", [["16578.40", "1"]], [["16578.60", "2"]])
    await house.multiplexer(source("bybit", bybit))
    ear = await house.environment("demo", "bybit.spot.BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.DEPTH) and ear.of(Kind.QUOTE)))
    ids = bybit.trades("BTCUSDT", 3)
    bybit.move("BTCUSDT", [["16578.50", "7"]])
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3 and len(ear.of(Kind.QUOTE)) == 2)
    assert [each.id for each in ear.of(Kind.TRADE, "", Trade)] == ids
    assert ear.book().best() == (("16578.50", "7"), ("16578.60", "2"))
    assert ear.of(Kind.QUOTE)[-1].bid == "16578.50"
