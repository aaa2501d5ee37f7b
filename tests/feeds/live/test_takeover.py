"""Several multiplexers: one leads, another takes over within its lease, and whoever led before says nothing more."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from nats.js.errors import KeyNotFoundError

from feeds import house as rooms
from feeds.events import Batch, Kind, Stream, Trade, encode
from feeds.lease import win
from feeds.publisher import Publisher
from feeds.server import NatsServer
from processes import free_port
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S, House, source
from tests.feeds.live.named import unnamed
from tests.feeds.live.one import begin, holder
from tests.feeds.live.test_rollover import TOPICS

pytestmark = pytest.mark.feeds
KILLS = int(os.environ.get("TRELLIS_TEST_KILLS", "10"))
LEASE_S = 0.4


async def test_who_waits_takes_over_and_numbers_on(house: House, binance: FakeBinance) -> None:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    one = await house.multiplexer(source("binance", binance))
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    await ear.until(lambda: bool(ear.of(Kind.DEPTH)))
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)))
    two = await house.multiplexer(source("binance", binance), holder="two")
    await house.stop(one)
    binance.trade("BTCUSDT")
    await binance.until(lambda: binance.opened == 2)
    await binance.until_followed(*TOPICS)
    assert two.is_leading
    binance.trade("BTCUSDT")
    await ear.until(lambda: any(each.id == "3" for each in ear.of(Kind.TRADE, "", Trade)))
    assert unnamed(ear, 3) == []
    account = ear.listener.continuity.certificate.accounts["market.data.binance.spot.BTCUSDT.trade"]
    assert account.lost == 0
    assert len({each.epoch for each in account.ranges}) == 2


async def test_a_leader_that_stood_still_says_nothing_once_its_lease_is_over(house: House) -> None:
    before = await win(house.rooms.leases, "one", 0.2)
    after = await win(house.rooms.leases, "two", 60.0)  # the other one does not renew, so it may
    assert after.epoch > before.epoch
    assert not before.is_valid
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]

    await house.client.subscribe("market.data.>", cb=hear)
    trade = Trade(at=1, id="1", price="1", size="1", side="buy")
    publishers = [Publisher(house.client, each.epoch, lambda lease=each: lease.is_valid) for each in (before, after)]  # type: ignore[misc]
    publishing = [asyncio.create_task(each.run()) for each in publishers]
    for each in publishers:
        each.put(Stream("binance", "spot", "BTCUSDT", Kind.TRADE), [trade])
    async with asyncio.timeout(PATIENCE_S):
        await publishers[1].until_idle()
    assert heard == [encode(Batch(after.epoch, 1, [trade]))]
    for task in publishing:
        task.cancel()


async def test_many_that_begin_at_once_make_the_recording_once(tmp_path: Path) -> None:
    nats = NatsServer(tmp_path / "nats", free_port(), "trellis", 256)
    await nats.start({})
    clients = [await rooms.connect(nats.url, "trellis", nats.password) for _ in range(5)]
    try:
        made = await asyncio.gather(*(rooms.furnish(client, 1 + number, 256) for number, client in enumerate(clients)))
        infos = [await each.jetstream.stream_info(rooms.RECORDING) for each in made]
        assert [info.config.max_bytes for info in infos] == [256 * 1024 * 1024] * 5
    finally:
        for client in clients:
            await client.close()
        await nats.stop()


async def test_only_one_of_many_that_want_it_leads(house: House) -> None:
    wishes = [asyncio.create_task(win(house.rooms.leases, f"m{number}", 1.0)) for number in range(8)]
    done, waiting = await asyncio.wait(wishes, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    lease = done.pop().result()
    await lease.give_back()
    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    assert done.pop().result().epoch > lease.epoch
    for each in waiting:
        each.cancel()


async def test_leaders_are_killed_again_and_again_and_nothing_is_lost_unnamed(house: House, binance: FakeBinance) -> None:
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    settings = replace(house.settings, sources=(source("binance", binance),), lease_s=LEASE_S)
    ear = await house.environment("demo", "binance.spot.BTCUSDT")
    running = [begin(settings, f"m{number}") for number in range(3)]
    try:
        await ear.until(lambda: bool(ear.of(Kind.MARK)))  # from here on all comes or is named
        for kill in range(KILLS):
            leader = await _leader(house, running)
            await binance.until_followed(*TOPICS)
            for _ in range(20):
                binance.move("BTCUSDT", [["99.0", str(binance.trade("BTCUSDT"))]])
                await asyncio.sleep(0.001)
            leader.kill()
            leader.join()
            running.remove(leader)
            running.append(begin(settings, f"m{kill + 3}"))
        await _leader(house, running)
        heard = len(ear.of(Kind.TRADE, "", Trade))
        async with asyncio.timeout(60):
            while len(ear.of(Kind.TRADE, "", Trade)) == heard:  # until whoever leads now is there
                number = binance.trade("BTCUSDT")
                await asyncio.sleep(0.02)
        binance.move("BTCUSDT", [["98.0", "1"]])
        await ear.until(lambda: [list(each) for each in ear.book().whole(0).bids] == binance.books["BTCUSDT"].rows()[0], 60)
        await ear.until(lambda: any(each.id == str(number) for each in ear.of(Kind.TRADE, "", Trade)[-200:]))
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.join(10)
    assert unnamed(ear, number) == []


async def _leader(house: House, running: list[BaseProcess]) -> BaseProcess:
    """Whoever of them holds the lease; whoever is dead may still do so for a moment."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(KeyNotFoundError):
                entry = await house.rooms.leases.get("leader")
                for each in running:
                    if f'"{holder(each.pid)}"'.encode() in (entry.value or b""):
                        return each
            await asyncio.sleep(0.01)
