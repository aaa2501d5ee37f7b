"""Binance's combined streams and its depth by REST."""

from __future__ import annotations

import itertools
import json
import time
from collections import defaultdict
from typing import Any

from aiohttp import web

from tests.fakes.exchanges.exchange import FakeExchange, Json, Link, Rows


class FakeBinance(FakeExchange):
    """`is_perpetual`: USDⓈ-M futures, whose changes name the one before (`pu`) and whose trades are aggregates."""

    def __init__(self, *, is_perpetual: bool = False) -> None:
        super().__init__()
        self.is_perpetual = is_perpetual
        self.snapshots = 0
        self.fail_snapshots = 0
        self.old_snapshots: list[Json] = []
        self._trade_ids: dict[str, Any] = defaultdict(lambda: itertools.count(1))

    def routes(self, app: web.Application) -> None:
        base = "/fapi/v1" if self.is_perpetual else "/api/v3"
        app.router.add_get(f"{base}/depth", self._depth)
        app.router.add_get(f"{base}/exchangeInfo", self._info)

    def change_topics(self, link: Link, topics: list[str], *, is_more: bool) -> str:
        """As the real one: any name will do, and of one that there is not nothing ever comes."""
        (link.topics.update if is_more else link.topics.difference_update)(topics)
        return ""

    def answer(self, link: Link, said: Json) -> Json | None:
        method = said.get("method")
        if method not in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            return {"error": {"code": 2, "msg": "Invalid request: missing field `method`"}, "id": said.get("id")}
        problem = self.change_topics(link, said["params"], is_more=method == "SUBSCRIBE")
        return {"error": {"code": 2, "msg": problem}, "id": said["id"]} if problem else {"result": None, "id": said["id"]}

    async def _info(self, request: web.Request) -> web.Response:
        del request
        self.times_listed += 1
        self._tell()
        names = [*((each, "TRADING", "PERPETUAL") for each in self.listed), ("OLDUSDT", "BREAK", "PERPETUAL")]
        names += [("BTCUSDT_261225", "TRADING", "CURRENT_QUARTER")] if self.is_perpetual else []
        return web.json_response({"symbols": [{"symbol": name, "status": how, "contractType": kind} for name, how, kind in names]})

    async def _depth(self, request: web.Request) -> web.Response:
        self.snapshots += 1
        self._tell()
        if request.query["symbol"] in self.unknown:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        if self.fail_snapshots:
            self.fail_snapshots -= 1
            return web.json_response({"code": -1000, "msg": "busy"}, status=500)
        if self.old_snapshots:
            return web.json_response(self.old_snapshots.pop(0))
        return web.json_response(self.snapshot(request.query["symbol"]))

    def snapshot(self, symbol: str) -> Json:
        bids, asks = self.books[symbol].rows()
        return {"lastUpdateId": self.books[symbol].last, "bids": bids[:1000], "asks": asks[:1000]}

    def trade(self, symbol: str, price: str = "1.00", size: str = "1", *, is_sent: bool = True) -> int:
        """One more trade; its id."""
        number: int = next(self._trade_ids[symbol])
        kind, name = ("aggTrade", "a") if self.is_perpetual else ("trade", "t")
        now = int(time.time() * 1000)
        data = {"e": kind, "E": now, "s": symbol, name: number, "p": price, "q": size, "T": now, "m": True, "M": True}
        if is_sent:
            self._combined(f"{symbol.lower()}@{kind}", data)
        return number

    def move(self, symbol: str, bids: Rows = [], asks: Rows = [], *, updates: int = 1, is_sent: bool = True) -> int:  # noqa: B006 - not changed
        """One change of the book, of so many updates; its last number."""
        book = self.books[symbol]
        before, book.last = book.last, book.last + updates
        book.move(bids, asks)
        data: Json = {"e": "depthUpdate", "E": int(time.time() * 1000), "s": symbol, "U": before + 1, "u": book.last, "b": bids, "a": asks}
        if self.is_perpetual:
            data |= {"U": before + 7, "pu": before}  # not contiguous: only pu is
            data["U"] = min(data["U"], book.last)
        if is_sent:
            self._combined(f"{symbol.lower()}@depth@100ms", data)
        return book.last

    def quote(self, symbol: str) -> None:
        bids, asks = self.books[symbol].rows()
        data = {"u": self.books[symbol].last, "s": symbol, "b": bids[0][0], "B": bids[0][1], "a": asks[0][0], "A": asks[0][1]}
        self._combined(f"{symbol.lower()}@bookTicker", data)

    def leave(self) -> None:
        """Tell all that are connected now that it will soon close."""
        for link in self.links:
            link.frames.put_nowait(json.dumps({"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1770123456789}}))

    def _combined(self, stream: str, data: Json) -> None:
        self.send(stream, {"stream": stream, "data": data})
