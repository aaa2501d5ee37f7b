"""NATS goes away and comes back: what waited comes, what was on its way is named."""

from __future__ import annotations

import os
import signal

import pytest

from feeds.events import Kind, Trade
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import House, source
from tests.feeds.live.named import unnamed
from tests.feeds.live.test_rollover import TOPICS

pytestmark = pytest.mark.feeds


async def test_nats_killed_in_the_middle_of_everything(house: House, binance: FakeBinance) -> None:
    multiplexer = await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)) and bool(ear.of(Kind.MARK)))
    for number in range(3):
        for _ in range(100):
            binance.move("BTCUSDT", [["99.0", str(binance.trade("BTCUSDT"))]])
        assert house.nats.pid is not None
        restarts = house.nats.restarts
        os.kill(house.nats.pid, signal.SIGKILL)
        last = binance.trade("BTCUSDT")
        await ear.until(lambda restarts=restarts: house.nats.restarts > restarts and bool(ear.of(Kind.MARK)))  # type: ignore[misc]
        binance.trade("BTCUSDT")
        last = binance.trade("BTCUSDT")
        await ear.until(lambda last=last: any(each.id == str(last) for each in ear.of(Kind.TRADE, "", Trade)), 60)  # type: ignore[misc]
        del number
    binance.move("BTCUSDT", [["98.0", "1"]])
    await ear.until(lambda: [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0])
    assert unnamed(ear, last) == []
    assert multiplexer.is_leading
