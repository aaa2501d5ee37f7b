"""Production's market data is heard without a key: nothing that is asked bears one, and nothing private can be asked at all."""

from __future__ import annotations

import ccxt
import pytest

from feeds.events import Kind
from feeds.instruments import Market
from feeds.line import exchange_of
from feeds.settings import Source
from tests.fakes.exchanges.binance import FakeBinance
from tests.feeds.live.house import House, source
from tests.feeds.live.test_rollover import TOPICS

pytestmark = pytest.mark.feeds


@pytest.mark.parametrize("name", ["binance", "bybit"])
@pytest.mark.parametrize("is_sandbox", [True, False])
async def test_no_exchange_has_a_key_and_so_nothing_private_is_ever_sent(name: str, is_sandbox: bool) -> None:
    exchange = exchange_of(Source(name, name, Market.SPOT, is_sandbox=is_sandbox, rest_url="http://127.0.0.1:1"))
    try:
        assert {getattr(exchange, each, None) or "" for each in ("apiKey", "secret", "password", "token", "privateKey")} == {""}
        exchange.markets = exchange.markets_by_id = {}
        for asked in (
            exchange.fetch_balance(),
            exchange.create_order("BTC/USDT", "market", "buy", 1),
            exchange.privateGetAccount() if name == "binance" else exchange.privateGetV5AccountInfo(),
        ):
            with pytest.raises((ccxt.AuthenticationError, ccxt.BadSymbol)):
                await asked
    finally:
        await exchange.close()


async def test_production_is_heard_as_any_and_bears_nothing_secret(house: House, binance: FakeBinance) -> None:
    live = source("binance", binance)
    await house.multiplexer(Source("binance-live", "binance", Market.SPOT, is_sandbox=False, ws_url=live.ws_url, rest_url=live.rest_url))
    binance.move("BTCUSDT", [["100.0", "1"]], [["101.0", "1"]])
    ear = await house.environment("paper", "binance-live.spot.BTCUSDT")
    await binance.until_followed(*TOPICS)
    binance.trade("BTCUSDT")
    await ear.until(lambda: bool(ear.of(Kind.TRADE)) and bool(ear.of(Kind.DEPTH)))
    assert binance.headers
    for headers in binance.headers:
        assert not {"x-mbx-apikey", "authorization", "cookie", "x-bapi-api-key", "x-bapi-sign"} & {each.lower() for each in headers}
    assert {each.partition("?")[0] for each in binance.paths} == {"/stream", "/api/v3/depth", "/api/v3/exchangeInfo"}
    assert not any("signature" in each or "apiKey" in each for each in [*binance.asked, *binance.paths])
