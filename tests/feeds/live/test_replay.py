"""What was recorded is told again: the same events, between exact moments, at the pace that was asked for."""

from __future__ import annotations

import time

import pytest
from nats.aio.msg import Msg

from feeds.events import Kind, Trade
from feeds.interest import Interest, Mode, Replay
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import Ear, House, source, wanted
from tests.feeds.live.test_rollover import TOPICS

pytestmark = pytest.mark.feeds


async def recorded(house: House, binance: FakeBinance) -> Ear:
    """Thirty trades and changes of the book, with the book as it was in between."""
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    await house.multiplexer(source("binance", binance))
    ear = await house.environment("live", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    for number in range(1, 31):
        binance.trade("BTCUSDT")
        binance.move("BTCUSDT", [["99.0", str(number)]])
        await ear.until(lambda number=number: len(ear.of(Kind.TRADE)) == number and len(ear.of(Kind.DEPTH)) >= number + 1)  # type: ignore[misc]
    return ear


async def test_exactly_the_time_that_was_asked_for_is_told_again_beginning_with_the_book(house: House, binance: FakeBinance) -> None:
    live = await recorded(house, binance)
    trades = live.of(Kind.TRADE)
    replay = Replay(start=trades[9].at, end=trades[19].at, speed=0)
    ear = await house.environment("again", "binance.spot.BTCUSDT", mode=Mode.REPLAY, replay=replay)
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 10)
    changes = [each for each in live.of(Kind.DEPTH) if replay.start <= each.at < replay.end]
    await ear.until(lambda: len(ear.of(Kind.DEPTH)) == len(changes) + 1)
    assert ear.of(Kind.TRADE) == trades[9:19]
    whole, *rest = ear.of(Kind.DEPTH)
    assert rest == changes
    assert whole.bids == [("100.0", "1"), ("99.0", "9")]
    assert ear.lost() == []
    assert all(heard.subject.startswith("market.replay.again.") for heard in ear.heard)
    binance.trade("BTCUSDT")
    await live.until(lambda: len(live.of(Kind.TRADE)) == 31)
    assert len(ear.of(Kind.TRADE)) == 10


async def test_another_password_begins_no_replay_anew(house: House, binance: FakeBinance) -> None:
    trades = (await recorded(house, binance)).of(Kind.TRADE)
    replay = Replay(start=trades[9].at, end=trades[19].at, speed=0)
    told: list[Msg] = []

    async def overhear(message: Msg) -> None:
        told.append(message)

    await house.client.subscribe("market.replay.again.*.*.*.trade", cb=overhear)
    ear = await house.environment("again", "binance.spot.BTCUSDT", mode=Mode.REPLAY, replay=replay)
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 10)
    before = len(told)
    assert before
    await house.interest("again", Interest(wanted("binance.spot.BTCUSDT"), Mode.REPLAY, replay))
    other = await house.environment("other", "binance.spot.BTCUSDT", mode=Mode.REPLAY, replay=replay)
    await other.until(lambda: len(other.of(Kind.TRADE)) == 10)
    await house.client.flush()
    assert len(told) == before


async def test_a_replay_takes_the_time_that_it_took_divided_by_the_speed(house: House, binance: FakeBinance) -> None:
    live = await recorded(house, binance)
    trades = live.of(Kind.TRADE)
    start, end = trades[0].at, trades[-1].at + 1
    speed = (end - start) / 1e9 / 0.8  # so that it takes 0.8 s
    began = time.monotonic()
    ear = await house.environment("again", "binance.spot.BTCUSDT", mode=Mode.BOTH, replay=Replay(start=start, end=end, speed=speed))
    await ear.until(lambda: len(_replayed(ear)) == 30)
    assert time.monotonic() - began >= 0.75
    assert _replayed(ear) == trades
    last = binance.trade("BTCUSDT")
    await ear.until(
        lambda: any(
            heard.subject.startswith("market.data.") and heard.event.id == str(last)
            for heard in ear.heard
            if isinstance(heard.event, Trade)
        )
    )


def _replayed(ear: Ear) -> list[Trade]:
    return [heard.event for heard in ear.heard if heard.subject.startswith("market.replay.") and isinstance(heard.event, Trade)]
