"""Everything at once: a burst, a dying exchange, frames that change places and come twice, NATS killed, one who never reads."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from feeds.events import Kind, Trade
from feeds.interest import Interest
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import House, source, wanted
from tests.feeds.live.named import unnamed
from tests.feeds.live.test_rollover import TOPICS
from tests.feeds.live.test_slow import _deaf

pytestmark = pytest.mark.feeds
TRADES, EACH = 20_000, 500


async def test_a_burst_in_which_everything_goes_wrong_loses_nothing_unnamed_and_tells_nothing_twice(
    house: House, binance: FakeBinance
) -> None:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    await house.multiplexer(source("binance", binance))
    password = await house.interest("deaf", Interest(wanted("binance.spot.BTCUSDT")))
    reader, writer = await _deaf(house, password)
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)) and bool(ear.of(Kind.MARK)))
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    shuffling = random.Random(11)

    def order(frames: list[object]) -> list[object]:
        mixed = [*frames, *frames[::7]]
        shuffling.shuffle(mixed)
        return mixed

    for number in range(TRADES // EACH):
        with binance.disordered(order):
            for _ in range(EACH):
                binance.trade("BTCUSDT")
            binance.move("BTCUSDT", [["99.0", str(number + 1)]])
        await asyncio.sleep(0)
        if number % 10 == 4:
            opened = binance.opened
            binance.cut()
            await binance.until(lambda opened=opened: binance.opened > opened)  # type: ignore[misc]
            await binance.until_followed(*TOPICS)
        if number == TRADES // EACH // 2:
            assert house.nats.pid is not None
            restarts = house.nats.restarts
            os.kill(house.nats.pid, signal.SIGKILL)
            await ear.until(lambda restarts=restarts: house.nats.restarts > restarts)  # type: ignore[misc]
    for link in binance.links:
        await link.frames.join()
    last = binance.trade("BTCUSDT")
    binance.move("BTCUSDT", [["98.0", "1"]])
    await ear.until(lambda: any(each.id == str(last) for each in ear.of(Kind.TRADE, "", Trade)[-500:]))
    await ear.until(lambda: [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0])
    assert unnamed(ear, last) == []
    ids = [each.id for each in ear.of(Kind.TRADE, "", Trade)]
    assert len(ids) == len(set(ids))
    writer.close()
    del reader
