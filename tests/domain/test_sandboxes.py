"""An exchange's address in an environment can only be a sandbox's, however it is spelled."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sandboxes import SANDBOXES, fault, is_production, production_in
from bot.domain.service_config import ServiceConfig
from bot.domain.wall import breach

MORE = frozenset({"127.0.0.1", "exchange.example"})


@pytest.mark.parametrize("url", [url for each in SANDBOXES.values() for url in (each.rest, each.ws)])
def test_sandboxes_are_sandboxes(url: str) -> None:
    assert fault(url) == ""
    assert production_in(url) == ""


@pytest.mark.parametrize(
    "written", ["https://api%2ebinance.com", "https://api。binance．com", "ａｐｉ.binance.com", "https://%61pi.bybit.com/v5"]
)
def test_productions_hosts_are_seen_however_they_are_spelled(written: str) -> None:
    assert production_in(f"./s --to {written}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws", "https://exchange.example/api"])
def test_what_an_operator_answers_for_is_one_too_and_without_them_none(url: str) -> None:
    assert fault(url, MORE) == ""
    assert "no sandbox that is known here" in fault(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.binance.com",
        "https://API.BINANCE.COM",
        "https://api.binance.com.",
        "https://api1.binance.com:443/api",
        "wss://stream.binance.com:9443/ws",
        "https://fapi.binance.com",
        "https://api.bybit.com",
        "wss://stream.bybit.com/v5/public/spot",
        "https://api.bytick.com",
        "https://binance.com",
        "https://testnet.binance.vision@api.binance.com/",
        "https://api.binance.com#@testnet.binance.vision",
        "https://api.binance.com\\@testnet.binance.vision",
        "https://testnet.binance.vision.example",
        "https://xtestnet.binance.vision",
        "https://testnet.binance.vision:99999",
        "https://user:pass@testnet.binance.vision",
        "http://testnet.binance.vision",
        "ftp://testnet.binance.vision",
        "//testnet.binance.vision",
        "testnet.binance.vision",
        " https://testnet.binance.vision",
        "https://testnet.binance.visi\N{LATIN SMALL LETTER O WITH STROKE}n",
        "https://t\N{CYRILLIC SMALL LETTER IE}stnet.binance.vision",
        "https://[::1]",
        "https://169.254.169.254",
        "https://",
        "",
        "http://exchange.example",
    ],
)
def test_nothing_else_is_one(url: str) -> None:
    assert fault(url, MORE)


@pytest.mark.parametrize("host", ["api.binance.com", "stream.bybit.com", "bybit.com"])
def test_an_operator_cannot_answer_for_production(host: str) -> None:
    assert is_production(host)
    assert "production" in fault(f"https://{host}", frozenset({host}))


@given(st.text(max_size=80))
def test_no_text_makes_it_fall_over(text: str) -> None:
    assert fault(text)
    assert isinstance(production_in(text), str)


def strategy(**changed: object) -> ServiceConfig:
    one = {
        "name": "binance",
        "sandbox": True,
        "rest_url": "https://testnet.binance.vision",
        "ws_url": "wss://stream.testnet.binance.vision",
    }
    return ServiceConfig("strategy", "./bin/strategy", env=(("TRADING", json.dumps({"exchanges": [one | changed]})),))


TOLD = dict(strategy().env)["TRADING"]


def test_what_is_rendered_for_sandboxes_breaches_nothing() -> None:
    web = ServiceConfig("web", "python3 app.py", env=(("URL", "https://api.example.com"), ("TRADING", TOLD)))
    assert breach([strategy(), web], frozenset(), TOLD) == ""


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (strategy(sandbox=False), "binance is not a sandbox"),
        (strategy(sandbox="true"), "binance is not a sandbox"),
        (strategy(rest_url="https://127.0.0.1"), "127.0.0.1 is no sandbox that is known here"),
        (strategy(ws_url="wss://stream.binance.com"), "names stream.binance.com"),
        (strategy(ws_url=None), "cannot be read"),
        (ServiceConfig("strategy", "x", env=(("TRADING", "{}"),)), "cannot be read"),
        (ServiceConfig("strategy", "x", env=(("TRADING", "[1"),)), "cannot be read"),
        (ServiceConfig("web", "./run --api=https://api.binance.com/api"), "the command of web names api.binance.com"),
        (ServiceConfig("web", "./run", build="curl api.bybit.com"), "the build of web names api.bybit.com"),
        (strategy(name="bybit"), "strategy would be told other exchanges or limits in $TRADING"),
        (ServiceConfig("web", "./run"), "web would be told other exchanges or limits in $TRADING"),
        (ServiceConfig("web", "./run", env=(("TRADING", TOLD), ("TRADING", TOLD))), "web would be told other exchanges or limits"),
        (ServiceConfig("web", "./run", env=(("BASE", "API.Binance.COM:443"),)), "the variable BASE of web names API.Binance.COM"),
    ],
)
def test_whatever_else_is_rendered_is_a_breach(service: ServiceConfig, told: str) -> None:
    assert told in breach([strategy(), service], frozenset(), TOLD)
