"""Orders over HTTP. Whoever sends one, or looks at the book, shows the environment's key."""

from __future__ import annotations

import hmac
import json
import threading
import time
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from .journal import Journal
from .limits import Order
from .report import told_of

_MOST_BYTES = 16_384
_SIGNS = {"buy": 1, "sell": -1}


class BadOrder(ValueError):  # noqa: N818 - a sentence
    """What was sent is no order."""


def order_of(said: Any, known: frozenset[str]) -> Order:
    """`quantity` is text or a whole number, never a binary fraction. Raises BadOrder."""
    if not isinstance(said, dict) or not {"id", "instrument", "side", "quantity"} <= said.keys():
        raise BadOrder('an order is {"id": …, "instrument": …, "side": "buy" or "sell", "quantity": "0.001"}')
    id_, instrument, side = said["id"], said["instrument"], said["side"]
    if not isinstance(id_, str) or not 0 < len(id_) <= 100:
        raise BadOrder('"id" is text of up to 100 characters, another one for each order')
    if not isinstance(instrument, str) or instrument not in known:
        raise BadOrder(f"there is no {instrument!r} here: there is {', '.join(sorted(known))}")
    if not isinstance(side, str) or side not in _SIGNS:
        raise BadOrder('"side" is "buy" or "sell"')
    quantity = _decimal(said["quantity"])
    if not quantity.is_finite() or not 0 < quantity < Decimal("1e12") or int(quantity.as_tuple().exponent) < -18:
        raise BadOrder('"quantity" is a decimal above zero, as text')
    return Order(id_, instrument, _SIGNS[side], quantity)


def _decimal(said: Any) -> Decimal:
    """NaN for what is none."""
    try:
        return Decimal(said) if isinstance(said, str | int) and not isinstance(said, bool) else Decimal("NaN")
    except InvalidOperation:
        return Decimal("NaN")


class Desk:
    """The journal behind a lock; None while another process has it."""

    def __init__(self, instruments: frozenset[str], key: str) -> None:
        self.lock = threading.Lock()
        self.journal: Journal | None = None
        self.instruments, self._key = instruments, key
        self.refused_by: set[str] = set()
        """Those who know the key, or the password that goes with it, no more: both were made anew, and it opens nothing."""

    def knows(self, authorization: str) -> bool:
        return bool(self._key) and not self.refused_by and hmac.compare_digest(authorization.encode(), f"Bearer {self._key}".encode())

    def priced(self, instrument: str, price: Decimal) -> None:
        with self.lock:
            if self.journal and instrument in self.instruments and price > 0:
                self.journal.price(instrument, price, time.time())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/health":
            self.answer(200, {"well": True})
        elif path in {"/", "/book"} and self.is_known():
            self.look()
        elif path not in {"/", "/book"}:
            self.answer(404, {"why": "there are /orders, /book and /health"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self.answer(413, {"why": f"an order has at most {_MOST_BYTES} bytes"})
            return
        body = self.rfile.read(int(length))
        if self.path != "/orders":
            self.answer(404, {"why": "orders are sent to /orders"})
        elif self.is_known():
            self.take(body)

    def take(self, body: bytes) -> None:
        desk = self.server.desk
        try:
            order = order_of(json.loads(body, parse_float=str), desk.instruments)
        except (ValueError, RecursionError) as problem:
            self.answer(422, {"why": str(problem)})
            return
        with desk.lock:
            found = desk.journal.order(order, time.time()) if desk.journal else None
        if found is None:
            self.answer(503, {"why": "the process before this one still has the book"})
        else:
            self.answer(409 if "refused" in found else 200, {"id": order.id, **found})

    def look(self) -> None:
        desk = self.server.desk
        with desk.lock:
            book = desk.journal.book if desk.journal else None
            if book is not None:
                held = {name: str(amount) for name, amount in book.held.items() if amount}
                shown = {**told_of(book), "held": held, "cash_usd": str(book.cash), "refused": dict(book.refused)}
        if book is None:
            self.answer(503, {"why": "the process before this one still has the book"})
        else:
            self.answer(200, shown)

    def is_known(self) -> bool:
        if self.server.desk.knows(self.headers.get("Authorization", "")):
            return True
        self.answer(401, {"why": "Authorization: Bearer and this environment's key, as it is now"})
        return False

    def answer(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002 - the library's signature
        print(f"{self.command} {self.path.partition('?')[0]} {args[1] if len(args) > 1 else ''}", flush=True)


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, desk: Desk) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.desk = desk
