"""Prices from the feed: as much of NATS's protocol as listening takes, and the mid of each quote, or the last trade where there is none."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, urlsplit

_NOT_LET_IN = (b"authorization violation", b"authentication revoked")
_SILENCE_S = 60.0  # marks come every second; NATS itself asks every two minutes


class NotLetIn(OSError):  # noqa: N818 - a sentence
    """The feed knows this password no more: it was made anew, and the API key with it."""


@dataclass(frozen=True)
class SignIn:
    """`ca` is who signs NATS' certificates, as PEM text; empty: whom the system trusts."""

    url: str
    user: str
    password: str
    ca: str = ""


def subjects_of(trading: dict[str, Any], user: str) -> list[str]:
    """What one may hear of one's exchanges."""
    mode = trading["market_data"]["mode"]
    live = [f"market.data.{each['name']}.{each['type']}.{name}.>" for each in trading["exchanges"] for name in each["instruments"]]
    return [*(live if mode != "replay" else []), *([f"market.replay.{user}.>"] if mode != "live" else [])]


class Mids:
    """The price of each instrument, as `exchange.market.INSTRUMENT`."""

    def __init__(self) -> None:
        self._quoted: set[str] = set()

    def of(self, subject: str, payload: bytes) -> Iterator[tuple[str, Decimal]]:
        name = ".".join(subject.split(".")[-4:-1])
        for event in json.loads(payload)["events"]:
            if event["t"] == "quote" and event["bid"] and event["ask"]:
                self._quoted.add(name)
                yield name, (Decimal(event["bid"]) + Decimal(event["ask"])) / 2
            elif event["t"] == "trade" and name not in self._quoted:
                yield name, Decimal(event["price"])


def connected(urls: str) -> tuple[SplitResult, socket.socket]:
    """The first server of a cluster that takes a connection; commas stand between their addresses. Raises OSError when none does."""
    first, *others = urls.split(",")
    at = urlsplit(first)
    try:
        return at, socket.create_connection((at.hostname or "127.0.0.1", at.port or 4222), timeout=_SILENCE_S)
    except OSError:
        if not others:
            raise
    return connected(",".join(others))


def listen(sign_in: SignIn, subjects: list[str], priced: Callable[[str, Decimal], None], let_in: Callable[[], None] = lambda: None) -> None:
    """Until the connection ends; `let_in` is called when the password was good. Raises NotLetIn, OSError."""
    (at, plain), mids = connected(sign_in.url), Mids()
    with plain:
        trusted = ssl.create_default_context(cadata=sign_in.ca or None)
        # From the first byte on: a server that would rather have it plain is not spoken with.
        link = trusted.wrap_socket(plain, server_hostname=at.hostname) if at.scheme == "tls" else plain
        reader = link.makefile("rb")
        reader.readline()  # INFO
        who = {"user": sign_in.user, "pass": sign_in.password, "verbose": False, "name": "orders", "lang": "python"}
        wanted = "".join(f"SUB {each} {number}\r\n" for number, each in enumerate(subjects, 1))
        link.sendall(f"CONNECT {json.dumps(who)}\r\n{wanted}PING\r\n".encode())
        while line := reader.readline():
            words = line.split()
            if line.startswith(b"PING"):
                link.sendall(b"PONG\r\n")
            elif line.startswith(b"PONG"):
                let_in()
            elif line.startswith(b"-ERR"):
                refused = any(each in line.lower() for each in _NOT_LET_IN)
                raise (NotLetIn if refused else OSError)(line.decode(errors="replace").strip())
            elif line.startswith(b"MSG"):
                payload = reader.read(int(words[-1]) + 2)[:-2]
                for name, price in mids.of(words[1].decode(), payload):
                    priced(name, price)
