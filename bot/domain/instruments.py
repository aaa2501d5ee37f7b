"""Instruments: however somebody writes one, one form, which is what exchanges call it."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

_QUOTES = ("USDT", "USDC", "TUSD", "FDUSD", "BUSD")
_COINS = ("BTC", "ETH", "BNB")
_OTHERS = ("USD1", "USDE", "USD", "DAI", "SOL", "XRP", "TRX", "DOGE", "PERP", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD", "ARS", "MXN", "COP")
_MORE = ("PLN", "CZK", "RON", "UAH", "ZAR", "IDR", "NGN", "KRW")
_TOKEN = re.compile(r"[A-Z0-9]{3,30}")
_WRITTEN = re.compile(r"([A-Z0-9]+)(?:[/_-]([A-Z0-9]+)(?::\2)?)?")
_SETTLED = re.compile(r"[A-Z0-9]+[/_-][A-Z0-9]+:([A-Z0-9]+)")
_WORD = re.compile(r"[A-Z0-9]+")


def instrument(written: str) -> str | None:
    """`BTC/USDT`, `btc-usdt`, `BTC/USDT:USDT` and `BTCUSDT` are `BTCUSDT`; None for what is no instrument.

    After a colon stands in what a perpetual is settled: its quote, for inverse ones (`BTC/USD:BTC`) are other instruments.
    """
    found = _WRITTEN.fullmatch(_folded(written))
    joined = f"{found[1]}{found[2] or ''}" if found else ""
    return joined if _TOKEN.fullmatch(joined) else None


def settled_in(written: str) -> str:
    """What stands after the colon of a pair (`BTC/USDT:USDT`), which only perpetuals have; else ""."""
    found = _SETTLED.fullmatch(_folded(written))
    return found[1] if found else ""


def meant_by(written: str, *, is_perpetual: bool) -> str:
    """The nearest thing to what is no instrument that is one: `BTC/USDT` for `BTC:USDT`, `BTCUSDT` for `binance:BTCUSDT`."""
    before, _, after = _folded(written[:80]).partition(":")
    words: list[str] = _WORD.findall(before)
    last = next(iter(_WORD.findall(after)), "")
    if len(words) == 1 and last in _QUOTES and not words[0].endswith(_QUOTES):
        words.append(last)
    elif len(words) == 1 and last not in _QUOTES and after.endswith(_QUOTES):
        words = _WORD.findall(after)
    if len(words) == 1 and words[0].endswith(_QUOTES) and instrument(words[0]):
        return words[0]
    if len(words) < 2 or not words[0].strip("0123456789") or instrument(f"{words[0]}/{words[1]}") is None:
        return "BTC/USDT"
    quote = "USDT" if words[1] == "USD" and last else words[1]
    return f"{words[0]}/{quote}:{quote}" if is_perpetual and last and last != words[1] else f"{words[0]}/{quote}"


def _folded(written: str) -> str:
    return written.strip().upper() if written.isascii() else ""


def meant(token: str, known: Collection[str] | None) -> str | None:
    """None for one that there is, or may be where nobody knows what there is; else the nearest right one, or "" where none is near."""
    if known is None:
        return _meant_by_its_end(token)
    if token in known:
        return None
    turned = (token[at:] + token[:at] for at in range(1, len(token)))
    return next((each for each in turned if each in known), "") or next(iter(get_close_matches(token, sorted(known), 1, 0.5)), "")


def _meant_by_its_end(token: str) -> str | None:
    """By what it is quoted in: letters that changed places (`BTCUSTD`), one too many (`BTCUSDTT`), both the other way round (`USDTBTC`)."""
    if turned := next((f"{coin}{each}" for each in _QUOTES for coin in _COINS if token == f"{each}{coin}"), ""):
        return turned
    if any(len(token) > len(each) and token.endswith(each) for each in (*_QUOTES, *_COINS, *_OTHERS, *_MORE)):
        return None if token.endswith(_QUOTES) else _transposed(token) or None
    near = [f"{token[:at]}{each}" for at in range(2, len(token)) for each in _QUOTES]
    return _transposed(token) or next(iter(get_close_matches(token, near, 1, 0.85)), "")


def _transposed(token: str) -> str:
    return next((f"{token[: -len(each)]}{each}" for each in _QUOTES if _ends_in_its_letters(token, each)), "")


def _ends_in_its_letters(token: str, quote: str) -> bool:
    return len(token) > len(quote) and sorted(token[-len(quote) :]) == sorted(quote)
