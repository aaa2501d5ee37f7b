"""Binance, combined streams. Source: binance-spot-api-docs, web-socket-streams.md and rest-api.md; the USDⓈ-M market streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from feeds.events import Book, Change, Quote, Trade
from feeds.exchanges.dialect import Answered, Asking, Changed, Decimal, Heard, Json, Leaving, Malformed, Quoted, Rows, Traded
from feeds.instruments import Market

_DEPTH = 1000
_OPEN = "TRADING"


class _Trade(msgspec.Struct):
    s: str
    p: Decimal
    q: Decimal
    m: bool  # the buyer was the maker, so the taker sold
    t: int = -1
    a: int = -1  # of an aggregate
    T: int = 0


class _Quote(msgspec.Struct):
    """It says neither what it is nor when it was: the stream's name does, and futures add a time."""

    u: int
    s: str
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal
    T: int = 0


class _Change(msgspec.Struct):
    s: str
    U: int
    u: int
    b: Rows
    a: Rows
    E: int = 0
    pu: int | None = None  # futures: the `u` before this one, for their U does not follow on it


class _Whole(msgspec.Struct):
    lastUpdateId: int  # noqa: N815 - the exchange's name
    bids: Rows
    asks: Rows
    E: int = 0


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    contractType: str = ""  # noqa: N815 - the exchange's name


class _Symbols(msgspec.Struct):
    symbols: list[_Symbol]


class Binance:
    has_numbered_trades = True
    topics_in_one = 100

    def __init__(self, market: Market) -> None:
        self._is_spot = market is Market.SPOT
        self.asking: Asking | None = _ByRest(is_spot=self._is_spot)
        self._trades = "trade" if self._is_spot else "aggTrade"

    async def listed(self, exchange: Any) -> list[str]:
        few = {"symbolStatus": _OPEN, "showPermissionSets": "false"}
        answer = await (exchange.publicGetExchangeInfo(few) if self._is_spot else exchange.fapiPublicGetExchangeInfo())
        try:
            found = msgspec.convert(answer, _Symbols).symbols
        except msgspec.ValidationError as problem:
            raise Malformed(str(problem)) from problem
        return [each.symbol for each in found if each.status == _OPEN and (self._is_spot or each.contractType.endswith("PERPETUAL"))]

    def address(self, urls: Json) -> str:
        url: str = urls["spot" if self._is_spot else "linear"]
        return url.removesuffix("/ws") + "/stream"

    def topics(self, instrument: str) -> tuple[str, ...]:
        name = instrument.lower()
        return f"{name}@{self._trades}", self.depth_topic(instrument), f"{name}@bookTicker"

    def depth_topic(self, instrument: str) -> str:
        return f"{instrument.lower()}@depth@100ms"

    def request(self, id: int, topics: Sequence[str], *, is_more: bool) -> Json:
        return {"method": "SUBSCRIBE" if is_more else "UNSUBSCRIBE", "params": list(topics), "id": id}

    def hear(self, message: Any, at: int) -> list[Heard]:
        if not isinstance(message, dict):
            raise Malformed("no object")
        data = message.get("data", message)
        stream = message.get("stream", "")
        if not isinstance(data, dict) or not isinstance(stream, str):
            raise Malformed("no data")
        try:
            return self._event(str(data.get("e") or stream.partition("@")[2]), data, message, at)
        except msgspec.ValidationError as problem:
            raise Malformed(str(problem)) from problem

    def _event(self, kind: str, data: Json, message: Json, at: int) -> list[Heard]:
        if kind == self._trades:
            return [_trade(msgspec.convert(data, _Trade), at)]
        if kind == "depthUpdate":
            return [_change(msgspec.convert(data, _Change), at)]
        if kind == "bookTicker":
            said = msgspec.convert(data, _Quote)
            return [Quoted(said.s, Quote(at=at, id=said.u, bid=said.b, bid_size=said.B, ask=said.a, ask_size=said.A, time=said.T))]
        if kind == "serverShutdown" or message.get("stream") == "!serverShutdown":
            return [Leaving()]
        return _answer(message)


class _ByRest:
    def __init__(self, *, is_spot: bool) -> None:
        self._is_spot = is_spot

    async def ask(self, exchange: Any, instrument: str) -> Json:
        ask = exchange.publicGetDepth if self._is_spot else exchange.fapiPublicGetDepth
        answer: Json = await ask({"symbol": instrument, "limit": _DEPTH})
        return answer

    def read(self, answer: Json, at: int) -> Book:
        try:
            said = msgspec.convert(answer, _Whole, strict=False)  # ccxt gives numbers of REST answers as text
        except msgspec.ValidationError as problem:
            raise Malformed(str(problem)) from problem
        return Book(at=at, last=said.lastUpdateId, bids=said.bids, asks=said.asks, time=said.E)


def _trade(said: _Trade, at: int) -> Traded:
    number = said.t if said.t >= 0 else said.a
    if number < 0:
        raise Malformed("a trade without an id")
    side = "sell" if said.m else "buy"
    return Traded(said.s, [Trade(at=at, id=str(number), price=said.p, size=said.q, side=side, time=said.T)])


def _change(said: _Change, at: int) -> Changed:
    first = said.U if said.pu is None else said.pu + 1
    if first > said.u:
        raise Malformed("a change that ends before it begins")
    return Changed(said.s, Change(at=at, first=first, last=said.u, bids=said.b, asks=said.a, time=said.E))


def _answer(message: Json) -> list[Heard]:
    error = message.get("error", message if "code" in message else None)
    if isinstance(error, dict):
        return [Answered(str(message.get("id", "")), str(error.get("msg") or "refused"))]
    return [Answered(str(message["id"]))] if "id" in message else []
