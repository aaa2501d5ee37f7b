"""What hears production trades on paper: no exchange, no address and no key is there for it, whatever it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.app.markets import offer_of
from bot.domain import devenv
from bot.domain.egress import ways_of
from bot.domain.sandboxes import PUBLIC, fault, is_production, production_in, public_fault
from bot.domain.service_config import DevEnv, ServiceConfig
from bot.domain.trading import Exchange, Heard, Market, MarketData, Offer
from bot.domain.wall import breach
from bot.feeds import feeds_settings
from bot.settings import Settings, SettingsError
from tests.domain.test_devenv_file import agree

OFFER = Offer(heard=frozenset({("binance-live", Market.SPOT)}), instruments={"binance-live": frozenset({"BTCUSDT"})})
FILE = """\
version: 1
exchanges:
  - {name: binance-live, type: spot, instruments: [BTC/USDT]}
market_data: {mode: live, source: production}
risk_config: {max_position_usd: 10000, max_drawdown_pct: 5, max_order_rate: 10}
strategy: {binary: bin/strategy}
"""


def read(text: str, offer: Offer = OFFER) -> DevEnv:
    found = devenv.read(text.encode(), None, offer, 0.0)
    assert isinstance(found, DevEnv), found
    return found


def refused(text: str, offer: Offer = OFFER) -> list[str]:
    found = devenv.read(text.encode(), None, offer, 0.0)
    assert isinstance(found, tuple), found
    return [f"{each.line}:{each.column} {each.code} → {each.suggestion}" for each in found]


def test_it_hears_production_and_is_told_of_no_exchange() -> None:
    found = read(FILE)
    assert found.trading is not None
    assert found.trading.is_on_paper
    assert (found.trading.exchanges, found.trading.market_data) == (
        (Exchange("binance-live", Market.SPOT, ("BTCUSDT",)),),
        MarketData(source=Heard.PRODUCTION),
    )
    told = json.loads(dict(found.services[0].env)["TRADING"])
    assert told["exchanges"] == [{"name": "binance-live", "type": "spot", "orders": "simulator", "instruments": ["BTCUSDT"]}]
    assert told["market_data"]["source"] == "production"
    assert "://" not in json.dumps(told)
    assert breach(found.services, frozenset(), found.trading.as_json(OFFER.sandboxes)) == ""
    agree(FILE)


@pytest.mark.parametrize("sandbox", ["true", "false"])
def test_a_sandbox_and_production_are_said_nowhere_beside_it(sandbox: str) -> None:
    code = {"true": "no_sandbox → source: sandbox", "false": "sandbox_only → sandbox: true"}[sandbox]
    assert refused(FILE.replace("spot,", f"spot, sandbox: {sandbox},")) == [f"3:47 {code}"]


def test_a_sandbox_is_not_heard_as_production_nor_production_traded_as_a_sandbox() -> None:
    assert refused(FILE.replace("binance-live", "binance")) == ["3:12 unknown_exchange → binance-live"]
    assert refused(FILE.replace(", source: production", "")) == ["3:12 unknown_exchange → binance"]
    assert refused(FILE.replace("source: production", "source: prod"))[-1].startswith("4:35 wrong_type")
    assert refused(FILE, Offer())[0].startswith("4:35 unknown_exchange")


def told(**more: object) -> ServiceConfig:
    exchange = {"name": "binance-live", "type": "spot", "orders": "simulator", "instruments": ["BTCUSDT"], **more}
    return ServiceConfig("strategy", "./s", env=(("TRADING", json.dumps({"exchanges": [exchange]})),))


@pytest.mark.parametrize("more", [{"rest_url": "https://testnet.binance.vision"}, {"ws_url": ""}, {"sandbox": False}, {"api_key": "x"}])
def test_whatever_else_it_would_be_told_is_a_breach(more: dict[str, object]) -> None:
    assert breach([told()], frozenset(), dict(told().env)["TRADING"]) == ""
    wrong = told(**more)
    assert "binance-live is on paper, and told with" in breach([wrong], frozenset(), dict(wrong.env)["TRADING"])


@pytest.mark.parametrize("url", [url for each in PUBLIC.values() for url in (each.rest, each.ws)])
def test_where_production_is_heard_no_environment_is_led(url: str) -> None:
    assert public_fault(url) == ""
    host = url.partition("://")[2].partition("/")[0]
    assert is_production(host)
    assert production_in(f"./s --to {url}") == host
    assert fault(url) != ""
    assert host not in {each.host for each in ways_of(OFFER)}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.binance.com",
        "wss://ws-api.binance.com",
        "https://evil.example",
        "http://data-api.binance.vision",
        "https://k:s@fapi.binance.com",
        "x",
    ],
)
def test_a_source_of_production_is_at_hosts_of_public_market_data_only(url: str, tmp_path: Path) -> None:
    sources = {"binance-live": {"exchange": "binance", "markets": ["spot"], "sandbox": False, "rest_url": url}}
    with pytest.raises(SettingsError, match="TRELLIS_FEEDS__SOURCES: binance-live: "):
        offer_of(Settings(data_dir=tmp_path, feeds={"sources": sources}))  # type: ignore[arg-type]


def test_the_multiplexer_hears_production_there_and_only_where_an_operator_says_so(tmp_path: Path) -> None:
    sources = {"binance-live": {"exchange": "binance", "sandbox": False}, "bybit": {"exchange": "bybit"}}
    settings = Settings(data_dir=tmp_path, feeds={"sources": sources})  # type: ignore[arg-type]
    assert offer_of(settings).heard == {("binance-live", Market.SPOT), ("binance-live", Market.PERPETUAL)}
    found = {(each.name, str(each.market)): (each.is_sandbox, each.ws_url, each.rest_url) for each in feeds_settings(settings).sources}
    assert found["binance-live", "spot"] == (False, "wss://data-stream.binance.vision/stream", "https://data-api.binance.vision")
    assert found["bybit", "spot"] == (True, "", "")
    assert offer_of(Settings(data_dir=tmp_path)).heard == frozenset()
