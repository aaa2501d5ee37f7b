"""Where exchanges' sandboxes are. An environment is told of these hosts and of those an operator adds, never of production."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Addresses:
    rest: str
    ws: str


SANDBOXES: Mapping[tuple[str, str], Addresses] = {
    ("binance", "spot"): Addresses("https://testnet.binance.vision", "wss://stream.testnet.binance.vision"),
    ("binance", "perpetual"): Addresses("https://testnet.binancefuture.com", "wss://fstream.binancefuture.com"),
    ("bybit", "spot"): Addresses("https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"),
    ("bybit", "perpetual"): Addresses("https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"),
}
"""By exchange and market. Sources: Binance's spot and USDⓈ-M testnets, Bybit's V5 integration guidance; the same in ccxt 4.5.90."""

PUBLIC: Mapping[tuple[str, str], Addresses] = {
    ("binance", "spot"): Addresses("https://data-api.binance.vision", "wss://data-stream.binance.vision/stream"),
    ("binance", "perpetual"): Addresses("https://fapi.binance.com", "wss://fstream.binance.com/stream"),
    ("bybit", "spot"): Addresses("https://api.bybit.com", "wss://stream.bybit.com/v5/public/spot"),
    ("bybit", "perpetual"): Addresses("https://api.bybit.com", "wss://stream.bybit.com/v5/public/linear"),
}
"""Where production's public market data is heard, by the multiplexer only and without any key: no environment is told of these.
Binance's two for spot serve nothing but market data. Sources: Binance's spot web-socket streams and REST documents, USDⓈ-M market
streams, Bybit's V5 connect page."""

_PUBLIC_HOSTS = frozenset(str(urlsplit(url).hostname) for each in PUBLIC.values() for url in (each.rest, each.ws))
_HOSTS = frozenset(str(urlsplit(url).hostname) for each in SANDBOXES.values() for url in (each.rest, each.ws))
_PRODUCTION = (
    "data-api.binance.vision",
    "data-stream.binance.vision",
    "binance.com",
    "binance.us",
    "binance.me",
    "bybit.com",
    "bytick.com",
    "bybit.eu",
    "bybit.nl",
    "bybit-tr.com",
    "bybit.kz",
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_NAMES = re.compile(r"[A-Za-z0-9.-]{4,253}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def is_production(host: str) -> bool:
    """Whether it is of an exchange's own and no sandbox."""
    name = host.lower().strip(".")
    return name not in _HOSTS and any(name == each or name.endswith(f".{each}") for each in _PRODUCTION)


def production_in(text: str) -> str:
    """The first host of an exchange's production that a text names, also as URLs and name resolution would read it, or ""."""
    plain = unicodedata.normalize("NFKC", unquote(text)).replace("\u3002", ".")
    return next((each for each in _NAMES.findall(f"{text} {plain}") if is_production(each)), "")


def public_fault(url: str) -> str:
    """What is wrong with an address as one of production's public market data, or ""; this machine is for tests and proxies."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return f"{url!r} is no address"
    schemes = {"https", "wss", "http", "ws"} if host in _LOOPBACK else {"https", "wss"}
    wrong = (
        (not url.isascii() or url != url.strip() or "\\" in url or not _NAME.fullmatch(host), f"{url!r} is no address"),
        (parts.username is not None or parts.password is not None, f"the address of {host} bears a user or a password"),
        (host not in _PUBLIC_HOSTS | _LOOPBACK, f"{host} is none of public market data that is known here"),
        (parts.scheme not in schemes, f"{host} is asked over {parts.scheme or 'nothing'}, and not over https or wss"),
    )
    return next((sentence for is_so, sentence in wrong if is_so), "")


def fault(url: str, more: frozenset[str] = frozenset()) -> str:
    """What is wrong with an address as a sandbox's, or "". `more` are hosts that an operator answers for; production is none of them."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return f"{url!r} is no address"
    schemes = {"https", "wss", "http", "ws"} if host in _LOOPBACK else {"https", "wss"}
    wrong = (
        (not url.isascii() or url != url.strip() or "\\" in url or not _NAME.fullmatch(host), f"{url!r} is no address"),
        (parts.username is not None or parts.password is not None, f"the address of {host} bears a user or a password"),
        (is_production(host), f"{host} is an exchange's production"),
        (host not in _HOSTS | more, f"{host} is no sandbox that is known here"),
        (parts.scheme not in schemes, f"{host} is asked over {parts.scheme or 'nothing'}, and not over https or wss"),
    )
    return next((sentence for is_so, sentence in wrong if is_so), "")
