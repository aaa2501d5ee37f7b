"""An environment that is slow, or reads nothing, loses its own data only, and is told how much."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from feeds import meters
from feeds.connections import Connections
from feeds.continuity import Lost
from feeds.events import Batch, Kind, Quote, Stream, Trade, encode
from feeds.interest import Interest
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import House, a_house, source, wanted

pytestmark = pytest.mark.feeds


async def test_who_cannot_keep_up_is_told_which_it_lost(house: House, binance: FakeBinance) -> None:
    await house.multiplexer(source("binance", binance))
    quick = await house.environment("quick", "binance.spot.BTCUSDT")
    slow = await house.environment("slow", "binance.spot.BTCUSDT", most_held=3)
    await slow.close()  # it listens on, and takes nothing
    await binance.until_followed("btcusdt@trade")
    for number in range(1, 101):
        binance.trade("BTCUSDT")
        await quick.until(lambda number=number: len(quick.of(Kind.TRADE)) == number)  # type: ignore[misc]
    assert quick.lost() == []
    again = type(slow)(slow.listener)
    house.stack.push_async_callback(again.close)
    await again.until(lambda: bool(again.heard))
    await asyncio.sleep(0)
    binance.trade("BTCUSDT")
    await again.until(lambda: any(isinstance(each, Trade) and each.id == "101" for each in again.of(Kind.TRADE)))
    come = len(again.of(Kind.TRADE, "", Trade))
    lost = sum(each.last - each.first + 1 for each in again.of(Kind.TRADE, "", Lost))
    assert lost > 0
    assert come + lost == 101 - (int(again.of(Kind.TRADE, "", Trade)[0].id) - 1)
    assert slow.listener.continuity.certificate.accounts["market.data.binance.spot.BTCUSDT.trade"].lost == lost


async def test_who_never_reads_is_cut_off_alone_and_counted(tmp_path: Path) -> None:
    async with a_house(tmp_path, most_pending=2 * 1024 * 1024) as house, FakeBinance() as binance:
        multiplexer = await house.multiplexer(source("binance", binance))
        quick = await house.environment("quick", "binance.spot.BTCUSDT")
        interest = Interest(wanted("binance.spot.BTCUSDT"))
        password = await house.interest("deaf", interest)
        reader, writer = await _deaf(house, password)
        await binance.until_followed("btcusdt@trade")
        stream = Stream("binance", "spot", "BTCUSDT", Kind.QUOTE)
        connections = Connections(house.nats.monitor_url)
        before = meters.environment_cut.labels("deaf")._value.get()
        sent = 0
        assert multiplexer.lease is not None
        epoch = multiplexer.lease.epoch
        async with asyncio.timeout(60):
            while meters.environment_cut.labels("deaf")._value.get() == before:
                sent += 1  # far larger than any real one, so that buffers are soon full
                large = Quote(at=1, id=sent, bid="1" * 500_000, bid_size="1", ask="2", ask_size="1")
                await house.client.publish(stream.subject(), encode(Batch(epoch, sent, [large])))
                await quick.until(lambda sent=sent: len(quick.of(Kind.QUOTE)) == sent)  # type: ignore[misc]
                await connections.look({"deaf": interest, "quick": interest})
        assert quick.lost() == []
        assert meters.environment_cut.labels("quick")._value.get() == 0
        writer.close()
        del reader
        late = await house.ear("deaf", password, ["market.data.binance.spot.BTCUSDT.>"])
        binance.trade("BTCUSDT")
        await late.until(lambda: bool(late.of(Kind.TRADE)))
        assert late.of(Kind.TRADE)[-1].id == "1"


async def _deaf(house: House, password: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that subscribes and then never reads."""
    host, port = house.nats.url.removeprefix("nats://").split(":")
    for _ in range(1000):
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        await reader.readline()
        options = {"user": "deaf", "pass": password, "verbose": False, "pedantic": False, "lang": "x", "version": "1", "protocol": 1}
        writer.write(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        if (await reader.readline()).startswith(b"PONG"):
            writer.write(b"SUB market.data.binance.spot.BTCUSDT.> 1\r\nPING\r\n")
            await reader.readline()
            return reader, writer
        writer.close()
    raise AssertionError("it was not let in")
