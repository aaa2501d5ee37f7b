"""The order management as it runs: a process of its own that is asked over HTTP and told prices by a server that speaks as NATS does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.domain import devenv
from bot.domain.devenv import DevEnv
from bot.sample.content.trading.orders import feed
from feeds.events import Batch, Trade, encode
from processes import free_port

CONTENT = Path(feed.__file__).parents[1]
KEY, BTC = "trl_key_of_the_test_0123456789", "binance.spot.BTCUSDT"
REFUSAL = b"-ERR 'Authorization Violation'\r\n"
PATIENCE_S = 60
pytestmark = [pytest.mark.feeds, pytest.mark.usefixtures("leaves_no_child")]


@dataclass
class Nats:
    """Enough of a server: takes one after another, tells a trade to whoever is there."""

    listening: socket.socket
    links: list[socket.socket] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    is_refusing: bool = False

    def serve(self) -> None:
        while True:
            try:
                link, _ = self.listening.accept()
            except OSError:
                return
            with suppress(OSError):  # it may be gone already
                link.sendall(b'INFO {"server_id":"test"}\r\n')
                self.said.append(link.recv(65_536).decode())
                self.links.append(link)
                link.sendall(REFUSAL if self.is_refusing else b"PING\r\nPONG\r\n")

    def refuse(self) -> None:
        """As NATS does to whoever came with a password that it has no more."""
        self.is_refusing = True
        for link in self.links:
            with suppress(OSError):
                link.sendall(REFUSAL)

    def price(self, price: str) -> None:
        payload = encode(Batch(1, 1, [Trade(1, "7", price, "0.1", "buy")]))
        frame = f"MSG market.data.binance.spot.BTCUSDT.trade 1 {len(payload)}\r\n".encode() + payload + b"\r\n"
        for link in self.links:
            try:
                link.sendall(frame)
            except OSError:
                self.links.remove(link)


class Trellis(ThreadingHTTPServer):
    """Hears how the book stands; `resume_by` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Heard)
        self.heard: list[dict[str, Any]] = []
        self.resume_by = ""
        self.status = 200


class _Heard(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        server = self.server
        assert isinstance(server, Trellis)
        assert (self.path, self.headers["Authorization"]) == ("/api/v1/environments/demo-1/risk", f"Bearer {KEY}")
        server.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps({"resume_by": server.resume_by}).encode()
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@dataclass
class Desk:
    port: int
    process: subprocess.Popen[str]

    def ask(self, path: str, body: Any = None, key: str = KEY) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        content = body if isinstance(body, str | None) else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, content, {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return answer.status, found

    def order(self, id_: str, side: str, quantity: str) -> tuple[int, dict[str, Any]]:
        return self.ask("/orders", {"id": id_, "instrument": BTC, "side": side, "quantity": quantity})


@dataclass
class Place:
    """One environment's folder, feed and Trellis."""

    folder: Path
    nats: Nats
    trellis: Trellis

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        said = devenv.read((CONTENT / ".dev-env.yaml").read_bytes(), None)
        assert isinstance(said, DevEnv)
        url = f"nats://127.0.0.1:{self.nats.listening.getsockname()[1]}"
        given = {"FEED_URL": url, "FEED_USER": "e1", "FEED_PASSWORD": "secret", "TRADING_KEY": KEY, "TRELLIS_SLUG": "demo-1"}
        given |= {"HOME": str(self.folder), "PATH": os.environ["PATH"], "PORT": str(free_port()), **dict(said.services[0].env)}
        given |= {"TRELLIS_API": f"http://127.0.0.1:{self.trellis.server_address[1]}/api/v1"}
        argv = [sys.executable, "-B", "-m", "orders"]
        with subprocess.Popen(argv, cwd=CONTENT, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout
            try:
                while not (line := process.stdout.readline()).startswith("listening on port"):
                    assert line
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield Desk(int(line.split()[-1]), process)
            finally:
                process.kill()


T = TypeVar("T")


def until(found: Callable[[], T], what: Callable[[T], object]) -> T:
    """What `found` gives, as soon as `what` is true of it."""
    ends = time.monotonic() + PATIENCE_S
    while not what(it := found()):
        assert time.monotonic() < ends, it
        time.sleep(0.02)
    return it


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    listening = socket.create_server(("127.0.0.1", 0))
    nats, trellis = Nats(listening), Trellis()
    threads = [threading.Thread(target=nats.serve, daemon=True), threading.Thread(target=trellis.serve_forever, daemon=True)]
    for thread in threads:
        thread.start()
    yield Place(tmp_path, nats, trellis)
    trellis.shutdown()
    trellis.server_close()
    listening.close()
    for link in nats.links:
        link.close()


def priced(place: Place, desk: Desk, price: str) -> None:
    """The price has come when an order of nothing but a question is answered by it."""
    until(lambda: place.nats.links, bool)

    def held() -> bool:
        place.nats.price(price)
        _, answer = desk.order(f"{time.monotonic()}", "buy", "1000000")
        time.sleep(0.15)  # refused or not they count, and ten a second are allowed
        return str(answer["refused"]) not in {"no_price", "max_order_rate"}

    until(held, bool)


def test_it_fills_refuses_halts_resumes_and_comes_back_with_its_book(place: Place) -> None:
    with place.desk() as desk:
        assert desk.ask("/health", key="") == (200, {"well": True})
        until(lambda: desk.ask("/book")[0], lambda status: status == 200)
        priced(place, desk, "100000")
        signed = place.nats.said[0]
        assert '"user": "e1", "pass": "secret"' in signed
        assert "SUB market.data.binance.spot.BTCUSDT.> 1" in signed
        assert desk.order("o1", "buy", "0.1") == (200, {"id": "o1", "filled": "0.1", "price": "100000"})
        assert desk.order("o1", "buy", "0.1") == (200, {"id": "o1", "filled": "0.1", "price": "100000"})
        assert desk.order("o2", "buy", "0.001")[1]["refused"] == "max_position_usd"
        assert desk.ask("/book")[1]["held"] == {BTC: "0.1"}
    with place.desk() as desk:
        assert until(lambda: desk.ask("/book"), lambda found: found[0] == 200)[1]["held"] == {BTC: "0.1"}
        priced(place, desk, "94000")
        until(lambda: desk.order("o3", "sell", "0.01")[1].get("refused"), lambda code: code == "halted")
        told = until(lambda: place.trellis.heard[-1:], lambda heard: heard and heard[0]["halted"])[0]
        assert told["halted"] == "it is down by 6.00 % from its best, and 5 % is allowed"
        assert (told["orders"], told["halts"], told["equity_usd"]) == (1, 1, "9400.00")
        place.trellis.resume_by = "ada"
        until(lambda: desk.order("o4", "sell", "0.01")[0], lambda status: status == 200)
    assert KEY not in (place.folder / "orders" / "book.jsonl").read_text()


def test_the_next_process_takes_the_book_when_the_one_before_has_ended(place: Place) -> None:
    with place.desk() as second_later:
        until(lambda: second_later.ask("/book")[0], lambda status: status == 200)
        with place.desk() as second:
            assert second.ask("/health", key="")[0] == 200
            assert second.ask("/book")[0] == 503
            assert second.order("o1", "buy", "0.1")[0] == 503
            second_later.process.kill()
            until(lambda: second.ask("/book")[0], lambda status: status == 200)


def test_its_key_opens_nothing_from_when_the_feed_or_trellis_know_it_no_more(place: Place) -> None:
    with place.desk() as desk:
        until(lambda: desk.ask("/book")[0], lambda status: status == 200)
        place.nats.refuse()
        until(lambda: desk.ask("/book")[0], lambda status: status == 401)
        assert desk.order("o1", "buy", "0.1")[0] == 401
        assert desk.ask("/health", key="") == (200, {"well": True})
        place.nats.is_refusing = False
        until(lambda: desk.ask("/book")[0], lambda status: status == 200)
        place.trellis.status = 401
        until(lambda: desk.ask("/book")[0], lambda status: status == 401)
        place.trellis.status = 503
        heard = len(place.trellis.heard)
        until(lambda: len(place.trellis.heard), lambda count: count > heard + 1)
        assert desk.order("o2", "buy", "0.1")[0] == 401
        place.trellis.status = 200
        until(lambda: desk.ask("/book")[0], lambda status: status == 200)
        place.trellis.status, heard = 403, len(place.trellis.heard)
        until(lambda: len(place.trellis.heard), lambda count: count > heard + 1)
        assert desk.ask("/book")[0] == 200


def test_what_is_no_order_is_told_so_and_nobody_without_the_key_is_heard(place: Place) -> None:
    with place.desk() as desk:
        good = {"id": "o1", "instrument": BTC, "side": "buy", "quantity": "0.1"}
        for key in ("", "wrong", KEY + "x"):
            assert desk.ask("/orders", good, key)[0] == 401
            assert desk.ask("/book", key=key)[0] == 401
        wrongs: tuple[Any, ...] = (
            "{", "[" * 5000, "[]", "null", "1", {}, good | {"quantity": "-1"}, good | {"quantity": "NaN"}, good | {"quantity": "1e-30"},
            good | {"quantity": "Infinity"}, good | {"quantity": 0}, good | {"quantity": [1]}, good | {"quantity": True}, good | {"side": "hold"},
            good | {"side": ["buy"]}, good | {"instrument": "BTC"}, good | {"instrument": {}}, good | {"id": ""}, good | {"id": 7}, good | {"id": "x" * 101},
        )  # fmt: skip
        for wrong in wrongs:
            assert desk.ask("/orders", wrong)[0] == 422, wrong
        assert desk.ask("/orders", "x" * 20_000)[0] == 413
        assert desk.ask("/nowhere")[0] == 404
        assert desk.ask("/nowhere", good)[0] == 404
        until(lambda: desk.ask("/book")[0], lambda status: status == 200)
        assert desk.ask("/orders", good)[1]["refused"] == "no_price"
