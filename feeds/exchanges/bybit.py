"""Bybit v5, public streams. Source: bybit-exchange/docs, v5/websocket/public (trade, orderbook) and connect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from feeds.book import Levels
from feeds.events import Book, Change, Quote, Trade
from feeds.exchanges.dialect import Answered, Asking, Changed, Decimal, Heard, Json, Malformed, Pong, Quoted, Rows, Traded, Whole
from feeds.instruments import Market

_DEPTH = 50
_LISTED_IN_ONE, _MOST_PAGES = 1000, 20


class _Trade(msgspec.Struct):
    T: int
    s: str
    S: str  # the taker's side
    v: Decimal
    p: Decimal
    i: str


class _Levels(msgspec.Struct):
    s: str
    b: Rows
    a: Rows
    u: int


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    contractType: str = "LinearPerpetual"  # noqa: N815 - the exchange's name; spot has none


class _Page(msgspec.Struct):
    symbols: list[_Symbol] = msgspec.field(name="list")
    cursor: str = msgspec.field(name="nextPageCursor", default="")


class _Listed(msgspec.Struct):
    result: _Page


class Bybit:
    has_numbered_trades = False
    asking: Asking | None = None  # the whole book comes with the subscription
    topics_in_one = 10  # spot allows no more

    def __init__(self, market: Market) -> None:
        self._market = market
        self._best: dict[str, Levels] = {}

    async def listed(self, exchange: Any) -> list[str]:
        """Page by page."""
        asked = {"category": "spot" if self._market is Market.SPOT else "linear", "limit": _LISTED_IN_ONE, "cursor": ""}
        found: list[_Symbol] = []
        for _ in range(_MOST_PAGES):
            answer = await exchange.publicGetV5MarketInstrumentsInfo({key: each for key, each in asked.items() if each})
            try:
                page = msgspec.convert(answer, _Listed).result
            except msgspec.ValidationError as problem:
                raise Malformed(str(problem)) from problem
            found += page.symbols
            asked["cursor"] = page.cursor
            if not page.cursor:
                break
        return [each.symbol for each in found if each.status == "Trading" and each.contractType == "LinearPerpetual"]

    def address(self, urls: Json) -> str:
        url: str = urls["public"]["spot" if self._market is Market.SPOT else "linear"]
        return url

    def topics(self, instrument: str) -> tuple[str, ...]:
        return f"publicTrade.{instrument}", self.depth_topic(instrument), f"orderbook.1.{instrument}"

    def depth_topic(self, instrument: str) -> str:
        return f"orderbook.{_DEPTH}.{instrument}"

    def request(self, id: int, topics: Sequence[str], *, is_more: bool) -> Json:
        return {"op": "subscribe" if is_more else "unsubscribe", "args": list(topics), "req_id": str(id)}

    def hear(self, message: Any, at: int) -> list[Heard]:
        if not isinstance(message, dict):
            raise Malformed("no object")
        topic = message.get("topic")
        if not isinstance(topic, str):
            return _answer(message)
        try:
            return self._event(topic, message, at)
        except msgspec.ValidationError as problem:
            raise Malformed(str(problem)) from problem

    def _event(self, topic: str, message: Json, at: int) -> list[Heard]:
        kind, _, rest = topic.partition(".")
        if kind == "publicTrade":
            return [_trades(rest, msgspec.convert(message.get("data"), list[_Trade]), at)]
        if kind != "orderbook":
            return []
        levels = msgspec.convert(message.get("data"), _Levels)
        is_whole = message.get("type") == "snapshot" or levels.u == 1
        time = message.get("cts") or message.get("ts") or 0
        if not isinstance(time, int):
            raise Malformed("a time that is no number")
        if rest.startswith("1."):
            return self._quote(levels, is_whole=is_whole, time=time, at=at)
        return [_depth(levels, is_whole=is_whole, time=time, at=at)]

    def _quote(self, levels: _Levels, *, is_whole: bool, time: int, at: int) -> list[Heard]:
        """The best level of each side; spot tickers have none, so it comes from the book of one level."""
        best = Levels() if is_whole else self._best.get(levels.s, Levels())
        best.apply(Change(at=at, first=levels.u, last=levels.u, bids=levels.b, asks=levels.a))
        self._best[levels.s] = best
        (bid, bid_size), (ask, ask_size) = (each or ("", "") for each in best.best())
        quote = Quote(at=at, id=levels.u, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size, time=time)
        return [Quoted(levels.s, quote, is_restart=levels.u == 1)]


def _trades(instrument: str, said: list[_Trade], at: int) -> Traded:
    if any(each.s != instrument or each.S not in {"Buy", "Sell"} for each in said):
        raise Malformed("a trade of another instrument, or of no side")
    return Traded(instrument, [Trade(at=at, id=each.i, price=each.p, size=each.v, side=each.S.lower(), time=each.T) for each in said])


def _depth(levels: _Levels, *, is_whole: bool, time: int, at: int) -> Heard:
    if is_whole:
        book = Book(at=at, last=levels.u, bids=levels.b, asks=levels.a, time=time)
        return Whole(levels.s, book, is_restart=levels.u == 1)
    return Changed(levels.s, Change(at=at, first=levels.u, last=levels.u, bids=levels.b, asks=levels.a, time=time))


def _answer(message: Json) -> list[Heard]:
    if message.get("op") in {"ping", "pong"} or message.get("ret_msg") == "pong":
        return [Pong()]
    if "success" in message:
        problem = "" if message["success"] else str(message.get("ret_msg") or "refused")
        return [Answered(str(message.get("req_id", "")), problem)]
    return []
