"""What the order management of the sample understands of the feed: what our own feeds publish."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from bot.sample.content.trading.orders import feed
from feeds.events import Batch, Quote, Trade, encode
from tests.feeds.live.certificates import Signer

BTC = "binance.spot.BTCUSDT"


def test_what_the_feed_says_is_heard_as_mids() -> None:
    mids = feed.Mids()
    subject = "market.data.binance.spot.BTCUSDT"
    trade = encode(Batch(1, 1, [Trade(1, "7", "100.10", "0.1", "buy")]))
    quote = encode(Batch(1, 2, [Quote(1, 8, "100.1", "1", "100.2", "1"), Quote(1, 9, "", "", "100.3", "1")]))
    assert [(name, str(price)) for name, price in mids.of(f"{subject}.trade", trade)] == [(BTC, "100.10")]
    assert [(name, str(price)) for name, price in mids.of(f"{subject}.quote", quote)] == [(BTC, "100.15")]
    assert list(mids.of(f"{subject}.trade", trade)) == []
    assert list(mids.of("market.replay.e1.binance.spot.BTCUSDT.trade", trade)) == []


def test_it_listens_to_what_it_may_hear() -> None:
    exchanges = [{"name": "binance", "type": "spot", "instruments": ["BTCUSDT"]}]
    for mode, subjects in (
        ("live", ["market.data.binance.spot.BTCUSDT.>"]),
        ("replay", ["market.replay.e1.>"]),
        ("both", ["market.data.binance.spot.BTCUSDT.>", "market.replay.e1.>"]),
    ):
        assert feed.subjects_of({"exchanges": exchanges, "market_data": {"mode": mode}}, "e1") == subjects


def test_of_a_cluster_any_server_that_answers_will_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as gone:
        here, nowhere = (f"nats://127.0.0.1:{each.getsockname()[1]}" for each in (there, gone))
        gone.close()
        at, plain = feed.connected(f"{nowhere},{here}")
        plain.close()
        assert at.port == there.getsockname()[1]
        with pytest.raises(OSError):  # noqa: PT011 - whichever the system says
            feed.connected(nowhere)


def test_by_tls_it_hears_prices_and_says_no_password_to_whom_it_does_not_trust(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(*signer.signs("nats"))
    said: list[bytes] = []
    payload = b'{"events": [{"t": "quote", "bid": "99", "ask": "101"}]}'

    def answer(plain: socket.socket) -> None:
        with suppress(OSError), shown.wrap_socket(plain, server_side=True) as link:
            link.sendall(b"INFO {}\r\n")
            said.append(link.recv(4096))
            link.sendall(b"MSG market.data.binance.spot.BTCUSDT.quote 1 %d\r\n%s\r\n" % (len(payload), payload))

    prices: dict[str, Decimal] = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tls://127.0.0.1:{server.getsockname()[1]}"
        for ca in (signer.ca, Signer(tmp_path, "stranger").ca):
            answering = threading.Thread(target=lambda: answer(server.accept()[0]))
            answering.start()
            with suppress(ssl.SSLError):
                feed.listen(feed.SignIn(url, "e1", "secret", ca.read_text()), ["market.data.>"], prices.__setitem__)
            answering.join()
    assert prices == {"binance.spot.BTCUSDT": Decimal(100)}
    [heard] = said
    assert b'"pass": "secret"' in heard
