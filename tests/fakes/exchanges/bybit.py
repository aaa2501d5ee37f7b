"""Bybit's v5 public streams."""

from __future__ import annotations

import itertools
import time
import uuid

from aiohttp import web

from tests.fakes.exchanges.exchange import FakeExchange, Json, Link, Rows


class FakeBybit(FakeExchange):
    def __init__(self) -> None:
        super().__init__()
        self._begun: set[tuple[int, str]] = set()
        self._sequence = itertools.count(1)

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/v5/market/instruments-info", self._info)

    async def _info(self, request: web.Request) -> web.Response:
        """Two on a page; spot has one page of all."""
        self.times_listed += 1
        self._tell()
        is_spot = request.query["category"] == "spot"
        begin = int(request.query.get("cursor") or 0)
        end = len(self.listed) if is_spot else begin + 2
        rows = [
            {"symbol": each, "status": "Trading"} | ({} if is_spot else {"contractType": "LinearPerpetual"})
            for each in self.listed[begin:end]
        ]
        rows += [{"symbol": "BTC-25DEC26", "status": "Trading", "contractType": "LinearFutures"}] if not is_spot else []
        page = {"category": request.query["category"], "list": rows, "nextPageCursor": str(end) if end < len(self.listed) else ""}
        return web.json_response({"retCode": 0, "retMsg": "OK", "result": page, "time": 0})

    def answer(self, link: Link, said: Json) -> Json | None:
        if said.get("op") == "ping":
            return {"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": said.get("req_id", ""), "op": "ping"}
        if len(said["args"]) > 10:
            return {"success": False, "ret_msg": "args size >10", "conn_id": "c", "req_id": said["req_id"], "op": said["op"]}
        is_more = said["op"] == "subscribe"
        problem = self.change_topics(link, said["args"], is_more=is_more)
        if not is_more:
            self._begun -= {(id(link), topic) for topic in said["args"]}
        return {"success": not problem, "ret_msg": problem, "conn_id": "c", "req_id": said["req_id"], "op": said["op"]}

    def subscribed(self, link: Link) -> None:
        for topic in sorted(link.topics):
            kind, _, rest = topic.partition(".")
            if kind == "orderbook" and (id(link), topic) not in self._begun:
                self._begun.add((id(link), topic))
                depth, _, symbol = rest.partition(".")
                self.send(topic, self._book_message(int(depth), symbol, "snapshot", *self._top(symbol, int(depth))), to=link)

    def _top(self, symbol: str, depth: int) -> tuple[Rows, Rows]:
        bids, asks = self.books[symbol].rows()
        return bids[:depth], asks[:depth]

    def _book_message(self, depth: int, symbol: str, kind: str, bids: Rows, asks: Rows) -> Json:
        now = int(time.time() * 1000)
        data = {"s": symbol, "b": bids, "a": asks, "u": self.books[symbol].last, "seq": next(self._sequence)}
        return {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": now, "data": data, "cts": now}

    def trades(self, symbol: str, count: int = 1, *, is_sent: bool = True) -> list[str]:
        """So many trades in one frame; their ids."""
        now = int(time.time() * 1000)
        ids = [str(uuid.uuid4()) for _ in range(count)]
        each = {"T": now, "s": symbol, "S": "Buy", "v": "0.001", "p": "16578.50", "BT": False}
        if is_sent:
            topic = f"publicTrade.{symbol}"
            self.send(topic, {"topic": topic, "type": "snapshot", "ts": now, "data": [{**each, "i": id_} for id_ in ids]})
        return ids

    def move(self, symbol: str, bids: Rows = [], asks: Rows = [], *, is_sent: bool = True) -> int:  # noqa: B006 - not changed
        """One change of the book; its number. The best level is told too, whole as always."""
        book = self.books[symbol]
        book.last += 1
        book.move(bids, asks)
        if is_sent:
            self.send(f"orderbook.50.{symbol}", self._book_message(50, symbol, "delta", bids, asks))
            self.repeat_best(symbol)
        return book.last

    def repeat_best(self, symbol: str) -> None:
        """As it does when nothing has moved for three seconds: the same number again."""
        self.send(f"orderbook.1.{symbol}", self._book_message(1, symbol, "snapshot", *self._top(symbol, 1)))

    def restart(self, symbol: str) -> None:
        """Its service began anew: a snapshot with u=1."""
        self.books[symbol].last = 1
        self.send(f"orderbook.50.{symbol}", self._book_message(50, symbol, "snapshot", *self._top(symbol, 50)))
        self.repeat_best(symbol)
