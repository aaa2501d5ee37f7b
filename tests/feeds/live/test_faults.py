"""Whatever an exchange, a connection or NATS does: nothing is lost without a gap that names it, nothing comes twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from feeds.events import Gap, Kind, Reason, Trade
from tests.fakes.exchanges.binance import FakeBinance
from tests.fakes.exchanges.bybit import FakeBybit
from tests.feeds.live.house import Ear, House, source

pytestmark = pytest.mark.feeds
TOPICS = ("btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker")
BYBIT_TOPICS = ("publicTrade.BTCUSDT", "orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT")


async def listening(house: House, binance: FakeBinance, **changed: float) -> Ear:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    await house.multiplexer(source("binance", binance), **changed)
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    return ear


async def listening_to_bybit(house: House, bybit: FakeBybit) -> Ear:
    bybit.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    await house.multiplexer(source("bybit", bybit))
    ear = await house.environment("demo", "bybit.spot.BTCUSDT")
    await bybit.until_followed(*BYBIT_TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    return ear


def accounted(ear: Ear, first: int, last: int) -> None:
    """Every trade from `first` to `last` came once, or is in a gap."""
    come = [int(each.id) for each in ear.of(Kind.TRADE, "", Trade)]
    named = [number for gap in ear.of(Kind.TRADE, "", Gap) for number in range(int(gap.first), int(gap.last) + 1)]
    assert sorted(come + named) == list(range(first, last + 1))
    assert come == sorted(come)


async def test_twenty_thousand_trades_in_one_burst_all_come(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    for _ in range(20_000):
        binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.heard) >= 20_000 and len(ear.of(Kind.TRADE)) >= 20_000, 60)
    assert [int(each.id) for each in ear.of(Kind.TRADE)] == list(range(1, 20_001))
    assert ear.lost() == []


async def test_frames_out_of_order_and_repeated_are_put_right(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)

    def order(frames: list[object]) -> list[object]:
        doubled = [*frames, *frames[::3]]
        random.Random(7).shuffle(doubled)
        return doubled

    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    with binance.disordered(order):
        for number in range(200):
            binance.trade("BTCUSDT")
            binance.move("BTCUSDT", [["99.0", str(number)]], updates=3)
    last = binance.books["BTCUSDT"].last
    await ear.until(lambda: ear.of(Kind.DEPTH)[-1].last == last and len(ear.of(Kind.TRADE)) == 201)
    accounted(ear, 1, 201)
    assert ear.of(Kind.TRADE, "", Gap) == ear.of(Kind.DEPTH, "", Gap) == []
    assert ear.book().whole(0).bids == [("100.0", "1"), ("99.0", "199")]


async def test_trades_that_never_came_are_named(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    binance.trade("BTCUSDT")
    for _ in range(3):
        binance.trade("BTCUSDT", is_sent=False)
    binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3)
    one, gap, two = ear.of(Kind.TRADE)
    assert (one.id, gap.first, gap.last, gap.reason, two.id) == ("1", "2", "4", Reason.SEQUENCE, "5")


async def test_a_change_that_never_came_is_named_and_the_book_had_anew(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    last = binance.books["BTCUSDT"].last
    binance.move("BTCUSDT", [["98.0", "5"]], updates=2, is_sent=False)
    binance.move("BTCUSDT", [["97.0", "6"]])
    await ear.until(lambda: bool(ear.of(Kind.DEPTH, "", Gap)))
    binance.move("BTCUSDT", [["96.0", "7"]])
    await ear.until(lambda: ear.of(Kind.DEPTH)[-1].last == binance.books["BTCUSDT"].last)
    (gap,) = ear.of(Kind.DEPTH, "", Gap)
    assert (gap.reason, gap.first) == (Reason.SEQUENCE, str(last + 1))
    assert [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0]


async def test_snapshots_that_are_too_old_or_fail_are_asked_for_again(house: House, binance: FakeBinance) -> None:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    binance.old_snapshots = [{"lastUpdateId": 5, "bids": [["1.0", "1"]], "asks": []}]
    binance.fail_snapshots = 1
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    binance.move("BTCUSDT", [["99.0", "1"]])
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    assert binance.snapshots >= 2
    assert ear.book().whole(0).bids[-1] != ("1.0", "1")


async def test_an_upstream_that_dies_in_the_middle_of_a_burst_loses_nothing_unnamed(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    for _ in range(5):
        for number in range(300):
            await asyncio.sleep(0)  # so that some of it is on its way
            binance.trade("BTCUSDT")
            binance.move("BTCUSDT", [["99.0", str(number + 1)]])
            if number == 150:
                binance.cut()
        opened = binance.opened
        await binance.until(lambda opened=opened: not binance.links or binance.opened > opened)  # type: ignore[misc]
        await binance.until_followed(*TOPICS)
    for link in binance.links:
        await link.frames.join()
    last = binance.trade("BTCUSDT")
    binance.move("BTCUSDT", [["95.0", "1"]])
    await ear.until(lambda: any(trade.id == str(last) for trade in ear.of(Kind.TRADE, "", Trade)))
    await ear.until(lambda: ear.book().best()[0] is not None and ("95.0", "1") in ear.book().whole(0).bids)
    accounted(ear, 1, last)
    assert [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0]


async def test_an_exchange_that_takes_no_connection_is_tried_until_it_does(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    binance.is_open = False
    binance.cut()
    await binance.until(lambda: not binance.links)
    await ear.until(lambda: any(not mark.is_live for mark in ear.of(Kind.MARK)))
    binance.trade("BTCUSDT")
    binance.is_open = True
    await binance.until_followed(*TOPICS)
    binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3)
    accounted(ear, 1, 3)


async def test_bybit_s_cut_connection_is_a_gap_after_the_last_trade_that_came(house: House, bybit: FakeBybit) -> None:
    ear = await listening_to_bybit(house, bybit)
    (last,) = bybit.trades("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    bybit.cut()
    await bybit.until(lambda: not bybit.links)
    bybit.trades("BTCUSDT", 2)
    bybit.move("BTCUSDT", [["99.0", "4"]])
    await bybit.until_followed(*BYBIT_TOPICS)
    (first,) = bybit.trades("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3)
    _, gap, trade = ear.of(Kind.TRADE)
    assert (gap.first, gap.reason, trade.id) == (last, Reason.DISCONNECTED, first)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH, "", Gap)) and bool(ear.of(Kind.QUOTE, "", Gap)))
    assert [list(each) for each in ear.book().whole(0).bids] == bybit.books["BTCUSDT"].rows()[0]


async def test_bybit_s_lost_change_and_restart_are_gaps_and_the_book_begins_anew(house: House, bybit: FakeBybit) -> None:
    ear = await listening_to_bybit(house, bybit)
    bybit.move("BTCUSDT", [["99.0", "4"]], is_sent=False)
    bybit.move("BTCUSDT", [["98.0", "5"]])
    await ear.until(lambda: bool(ear.of(Kind.DEPTH, "", Gap)))
    assert ear.of(Kind.DEPTH, "", Gap)[0].reason == Reason.SEQUENCE
    assert [list(each) for each in ear.book().whole(0).bids] == bybit.books["BTCUSDT"].rows()[0]
    bybit.restart("BTCUSDT")
    bybit.move("BTCUSDT", [["97.0", "6"]])
    await ear.until(lambda: ear.of(Kind.DEPTH)[-1].last == 2)
    assert [gap.reason for gap in ear.of(Kind.DEPTH, "", Gap)] == [Reason.SEQUENCE, Reason.RESTARTED]
    assert [list(each) for each in ear.book().whole(0).bids] == bybit.books["BTCUSDT"].rows()[0]


async def test_bybit_s_repeated_best_and_trades_come_once(house: House, bybit: FakeBybit) -> None:
    ear = await listening_to_bybit(house, bybit)
    await ear.until(lambda: len(ear.of(Kind.QUOTE)) == 1)
    with bybit.disordered(lambda frames: frames * 3):
        bybit.repeat_best("BTCUSDT")
        bybit.trades("BTCUSDT", 1024)
    bybit.move("BTCUSDT", [["100.5", "1"]])
    await ear.until(lambda: len(ear.of(Kind.QUOTE)) == 2)
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 1024)
    assert len({each.id for each in ear.of(Kind.TRADE)}) == 1024


async def test_messages_that_make_no_sense_harm_nothing(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    wrong = [
        {"stream": "btcusdt@trade", "data": {"e": "trade", "s": "BTCUSDT", "t": 1, "p": 1.5, "q": "1", "T": 1, "m": True}},
        {"stream": "btcusdt@trade", "data": {"e": "trade", "s": "BTCUSDT", "t": 1, "p": "NaN", "q": "1", "T": 1, "m": True}},
        {"stream": "btcusdt@trade", "data": {"e": "trade", "s": "OTHER", "t": 1, "p": "1", "q": "1", "T": 1, "m": True}},
        {"stream": "btcusdt@trade", "data": []},
        {"stream": 7, "data": {}},
        {"stream": "btcusdt@depth@100ms", "data": {"e": "depthUpdate", "s": "BTCUSDT", "U": 9, "u": 3, "b": [], "a": []}},
        [],
        "text",
    ]
    for message in wrong:
        binance.send("btcusdt@trade", message)  # type: ignore[arg-type]
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    assert [each.id for each in ear.of(Kind.TRADE)] == ["1"]
    assert binance.opened == 1


async def test_half_a_message_is_none_and_what_was_in_it_is_named(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    binance.trade("BTCUSDT", is_sent=False)
    binance.send_part("btcusdt@trade")
    binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 3)
    accounted(ear, 1, 3)
    assert binance.opened == 1


async def test_a_connection_that_ends_in_a_frame_is_made_anew_and_what_was_in_it_is_named(house: House, binance: FakeBinance) -> None:
    ear = await listening(house, binance)
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    binance.trade("BTCUSDT", is_sent=False)
    binance.cut_in_a_frame()
    await binance.until(lambda: binance.opened == 2)
    await binance.until_followed(*TOPICS)
    last = binance.trade("BTCUSDT")
    await ear.until(lambda: any(trade.id == str(last) for trade in ear.of(Kind.TRADE, "", Trade)))
    accounted(ear, 1, last)
