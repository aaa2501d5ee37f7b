"""What exchanges say, read: decimals stay text, and what is not as they describe it is refused, never half read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.events import Book, Change, Quote, Trade
from feeds.exchanges import dialect
from feeds.exchanges.dialect import Answered, Changed, Leaving, Malformed, Pong, Quoted, Traded, Whole
from feeds.instruments import Market

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.sampled_from(["1.5", "trade"])
DATA = st.dictionaries(st.sampled_from([*"espqmtuUbaBA", "pu"]), SCALAR | st.lists(st.lists(SCALAR, max_size=3), max_size=2), max_size=6)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "e": st.sampled_from(["trade", "depthUpdate", "bookTicker", "serverShutdown"]),
        "stream": SCALAR | st.sampled_from(["btcusdt@bookTicker", "btcusdt@trade"]),
        "topic": SCALAR | st.sampled_from(["orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"]),
        "type": SCALAR | st.just("snapshot"),
        "data": SCALAR | DATA | st.lists(DATA, max_size=2),
        "id": SCALAR,
        "error": SCALAR | DATA,
        "success": SCALAR,
        "ts": SCALAR,
    },
)


def binance(data: dict[str, Any], stream: str = "btcusdt@trade", market: Market = Market.SPOT) -> list[Any]:
    return dialect("binance", market).hear({"stream": stream, "data": data}, 7)


TRADE = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": 12, "p": "0.00100000", "q": "100.00", "T": 5, "m": True}
CHANGE = {"e": "depthUpdate", "E": 9, "s": "BTCUSDT", "U": 157, "u": 160, "b": [["0.0024", "10"]], "a": [["0.0026", "0.000"]]}


def test_binance_s_trade_keeps_its_decimals_and_the_taker_s_side() -> None:
    assert binance(TRADE) == [Traded("BTCUSDT", [Trade(at=7, id="12", price="0.00100000", size="100.00", side="sell", time=5)])]


def test_binance_s_change_and_quote() -> None:
    assert binance(CHANGE) == [
        Changed("BTCUSDT", Change(at=7, first=157, last=160, bids=[("0.0024", "10")], asks=[("0.0026", "0.000")], time=9))
    ]
    quote = {"u": 4, "s": "BTCUSDT", "b": "25.35190000", "B": "31.21", "a": "25.3652", "A": "40.66"}
    assert binance(quote, "btcusdt@bookTicker") == [
        Quoted("BTCUSDT", Quote(at=7, id=4, bid="25.35190000", bid_size="31.21", ask="25.3652", ask_size="40.66"))
    ]


def test_a_perpetual_s_change_follows_on_the_one_that_it_names() -> None:
    (changed,) = binance({**CHANGE, "pu": 149}, market=Market.PERPETUAL)
    assert (changed.change.first, changed.change.last) == (150, 160)


@pytest.mark.parametrize(
    "wrong",
    [
        {"p": 0.001},
        {"p": "1e-3"},
        {"p": "-1"},
        {"p": "NaN"},
        {"p": "1."},
        {"p": "1" * 31},
        {"p": "١"},
        {"q": None},
        {"s": 5},
        {"m": "yes"},
        {"t": -5},
        {"t": "12"},
    ],
)
def test_a_price_that_is_no_plain_decimal_or_a_field_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        binance({**TRADE, **wrong})


@pytest.mark.parametrize("wrong", [{"u": 1}, {"b": [["1"]]}, {"b": [["1", "2", "3"]]}, {"a": {"1": "2"}}, {"U": 1.5}])
def test_a_change_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        binance({**CHANGE, **wrong})


def test_binance_s_answers_and_farewell() -> None:
    spoken = dialect("binance", Market.SPOT)
    assert spoken.hear({"result": None, "id": 3}, 1) == [Answered("3")]
    assert spoken.hear({"error": {"code": 2, "msg": "Invalid request"}, "id": 3}, 1) == [Answered("3", "Invalid request")]
    assert spoken.hear({"e": "serverShutdown", "E": 1}, 1) == [Leaving()]
    assert spoken.hear({"stream": "!serverShutdown", "data": {}}, 1) == [Leaving()]


def bybit(topic: str, data: Any, kind: str = "delta", **more: Any) -> list[Any]:
    return dialect("bybit", Market.SPOT).hear({"topic": topic, "type": kind, "ts": 3, "data": data, **more}, 7)


def test_bybit_s_trades_books_and_changes() -> None:
    trade = {"T": 4, "s": "BTCUSDT", "S": "Buy", "v": "0.0010", "p": "16578.50", "i": "20f43950-d8dd"}
    assert bybit("publicTrade.BTCUSDT", [trade]) == [
        Traded("BTCUSDT", [Trade(at=7, id="20f43950-d8dd", price="16578.50", size="0.0010", side="buy", time=4)])
    ]
    levels = {"s": "BTCUSDT", "b": [["16493.50", "0.006"]], "a": [], "u": 18521288, "seq": 1}
    bids = [("16493.50", "0.006")]
    assert bybit("orderbook.50.BTCUSDT", levels, "snapshot", cts=8) == [
        Whole("BTCUSDT", Book(at=7, last=18521288, bids=bids, asks=[], time=8))
    ]
    assert bybit("orderbook.50.BTCUSDT", levels) == [
        Changed("BTCUSDT", Change(at=7, first=18521288, last=18521288, bids=bids, asks=[], time=3))
    ]


def test_bybit_s_update_one_is_a_restart_of_its_service_whatever_it_is_called() -> None:
    ((heard),) = bybit("orderbook.50.BTCUSDT", {"s": "BTCUSDT", "b": [], "a": [], "u": 1})
    assert isinstance(heard, Whole)
    assert heard.is_restart


def test_bybit_s_best_prices_are_of_its_book_of_one_level() -> None:
    spoken = dialect("bybit", Market.SPOT)

    def hear(kind: str, u: int, b: list[list[str]], a: list[list[str]]) -> Quote:
        (quoted,) = spoken.hear(
            {"topic": "orderbook.1.BTCUSDT", "type": kind, "ts": 1, "data": {"s": "BTCUSDT", "b": b, "a": a, "u": u}}, 1
        )
        assert isinstance(quoted, Quoted)
        return quoted.quote

    hear("snapshot", 5, [["10.10", "1"]], [["11", "2"]])
    quote = hear("delta", 6, [["10.10", "0"], ["10.20", "3"]], [])
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == ("10.20", "3", "11", "2")


def test_bybit_s_answers() -> None:
    spoken = dialect("bybit", Market.SPOT)
    assert spoken.hear({"success": True, "ret_msg": "pong", "op": "ping"}, 1) == [Pong()]
    assert spoken.hear({"op": "pong", "args": ["1"]}, 1) == [Pong()]
    assert spoken.hear({"success": True, "ret_msg": "", "req_id": "4", "op": "subscribe"}, 1) == [Answered("4")]
    assert spoken.hear({"success": False, "ret_msg": "bad", "req_id": "4", "op": "subscribe"}, 1) == [Answered("4", "bad")]


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
@given(message=SAID | SCALAR)
def test_nothing_that_is_said_breaks_who_hears(exchange: str, message: Any) -> None:
    spoken = dialect(exchange, Market.SPOT)
    try:
        heard = spoken.hear(message, 1)
    except Malformed:
        return
    assert msgspec.json.encode([each[1:] if isinstance(each, Traded) else each for each in heard])
