"""However an instrument is written, it is one; and what all environments want is asked for once."""

from __future__ import annotations

import pytest

from feeds.instruments import Market, NoInstrument, token
from feeds.interest import Interest, Mode, Replay, Wanted, is_environment, union


@pytest.mark.parametrize("written", ["BTC/USDT", "btc/usdt", "BTC-USDT", "btc_usdt", "BTCUSDT", " BTCUSDT ", "BTC/USDT:USDT"])
def test_one_instrument_has_one_token(written: str) -> None:
    assert token(written) == "BTCUSDT"


@pytest.mark.parametrize("written", ["", "BT", "BTC//USDT", "BTC USDT", "BTC.>", "*", "BTC/USDT/EUR", "BTC\nUSDT", "БТК/USDT", "A" * 31])
def test_what_is_none_or_could_be_a_pattern_of_subjects_is_refused(written: str) -> None:
    with pytest.raises(NoInstrument, match="is no instrument: write BTC/USDT or BTCUSDT"):
        token(written)


def wanted(source: str, instrument: str, market: Market = Market.SPOT) -> Wanted:
    return Wanted(source, market, instrument)


def test_the_union_has_each_instrument_once_and_none_that_is_only_replayed() -> None:
    replay = Replay(1, 2)
    interests = {
        "one": Interest((wanted("binance", "BTCUSDT"), wanted("bybit", "BTCUSDT"))),
        "two": Interest((wanted("binance", "BTCUSDT"), wanted("binance", "ETHUSDT", Market.PERPETUAL))),
        "three": Interest((wanted("binance", "SOLUSDT"),), Mode.REPLAY, replay),
        "four": Interest((wanted("bybit", "XRPUSDT"),), Mode.BOTH, replay),
    }
    assert union(interests) == {
        ("binance", "spot"): {"BTCUSDT"},
        ("bybit", "spot"): {"BTCUSDT", "XRPUSDT"},
        ("binance", "perpetual"): {"ETHUSDT"},
    }
    assert union({}) == {}


@pytest.mark.parametrize(
    ("source", "instrument"), [("binance.spot", "BTCUSDT"), ("*", "BTCUSDT"), ("binance", "BTC/USDT"), ("binance", ">")]
)
def test_nothing_that_widens_a_subject_can_be_wanted(source: str, instrument: str) -> None:
    with pytest.raises(ValueError, match="no "):
        wanted(source, instrument)


@pytest.mark.parametrize("name", ["", ">", "a.b", "A", "-a", "a" * 64, "a b"])
def test_nothing_that_widens_a_subject_can_be_an_environment(name: str) -> None:
    assert not is_environment(name)


def test_a_replay_needs_its_time() -> None:
    with pytest.raises(ValueError, match="start and end"):
        Interest((), Mode.REPLAY)
    with pytest.raises(ValueError, match="start before its end"):
        Replay(2, 2)
