"""How the feeds fare, asked over HTTP: health, metrics, status, and the certificate of an environment."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from feeds.certificate import Certificate
from feeds.events import Kind
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import PATIENCE_S, House, source
from tests.feeds.live.test_rollover import TOPICS, begun

pytestmark = pytest.mark.feeds
TRADES = "market.data.binance.spot.BTCUSDT.trade"


async def asked(port: int, path: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.read()


async def until(port: int, path: str, status: int, words: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):  # it may just begin
                if await asked(port, path) == (status, words):
                    return
            await asyncio.sleep(0.05)


async def metrics(port: int) -> dict[tuple[str, ...], float]:
    status, body = await asked(port, "/metrics")
    assert status == 200
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


async def test_it_tells_what_is_followed_counted_and_lost(house: House, binance: FakeBinance) -> None:
    made, ear = await begun(house, binance)
    port = made.settings.status_port
    before = await metrics(port)
    for _ in range(5):
        binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 5)
    assert await asked(port, "/healthz") == (200, b"leading")
    status, body = await asked(port, "/status")
    assert status == 200
    assert msgspec.json.decode(body) == {
        "is_leading": True,
        "environments": ["demo"],
        "sources": {"binance.spot": {"is_live": True, "connections": 1, "instruments": ["BTCUSDT"], "refused": {}, "rollovers": 0}},
    }
    counted = await metrics(port)
    trades = ("trellis_feeds_events_total", "trade", "spot", "binance")
    assert counted[trades] - before.get(trades, 0) == 5
    lag = ("trellis_feeds_lag_seconds_count", "spot", "binance")
    assert counted[lag] > before.get(lag, 0)
    assert counted["trellis_feeds_leader",] == 1


async def test_a_certificate_says_what_was_seen_and_what_was_lost(house: House, binance: FakeBinance) -> None:
    made, ear = await begun(house, binance)
    await ear.until(lambda: bool(ear.of(Kind.MARK)))
    with binance.disordered(lambda sent: [*sent[:2], *sent[4:]]):
        for _ in range(6):
            binance.trade("BTCUSDT")
    await ear.until(lambda: len(ear.of(Kind.TRADE)) == 5)  # four, and the gap
    status, body = await asked(made.settings.status_port, "/certificates/demo")
    assert status == 200
    certificate = msgspec.json.decode(body, type=Certificate)
    assert certificate.environment == "demo"
    account = certificate.accounts[TRADES]
    assert (account.seen, account.lost) == (5, 0)
    assert [(each.first, each.last) for each in account.ranges] == [(1, 5)]
    assert [(each.reason, each.first, each.last) for each in account.gaps] == [("sequence", "3", "4")]


async def test_an_environment_that_is_none_or_says_nothing_has_no_certificate(house: House, binance: FakeBinance) -> None:
    made, _ = await begun(house, binance)
    port = made.settings.status_port
    assert await asked(port, "/certificates/another") == (504, b"another does not answer")
    assert (await asked(port, "/certificates/%3E"))[0] == 404
    assert (await asked(port, "/certificates/a.b"))[0] == 404
    assert (await asked(port, "/anything"))[0] == 404


async def test_who_waits_is_well_and_who_has_no_nats_is_not(house: House, binance: FakeBinance) -> None:
    one = await house.multiplexer(source("binance", binance))
    await house.environment("demo", "binance.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    two = await house.multiplexer(source("binance", binance), holder="two")
    await until(two.settings.status_port, "/healthz", 200, b"waiting")
    assert await asked(one.settings.status_port, "/healthz") == (200, b"leading")
    await house.nats.stop()
    await until(one.settings.status_port, "/healthz", 503, b"NATS does not answer")
    await house.nats.start({})
    await until(one.settings.status_port, "/healthz", 200, b"leading")
