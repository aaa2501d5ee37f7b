"""Instruments: however somebody writes one, one form, which is what exchanges call it."""

from __future__ import annotations

import re

_QUOTES = ("USDT", "USDC", "TUSD", "FDUSD", "BUSD")
_TOKEN = re.compile(r"[A-Z0-9]{3,30}")
_WRITTEN = re.compile(r"([A-Za-z0-9]+)(?:[/_-]([A-Za-z0-9]+))?(?::([A-Za-z0-9]+))?")


def instrument(written: str) -> str | None:
    """`BTC/USDT`, `btc-usdt`, `BTC/USDT:USDT` and `BTCUSDT` are `BTCUSDT`; None for what is no instrument."""
    found = _WRITTEN.fullmatch(written.strip())
    joined = f"{found[1]}{found[2] or ''}".upper() if found else ""
    return joined if _TOKEN.fullmatch(joined) else None


def transposed(token: str) -> str:
    """The one that was meant where letters of what it is quoted in changed places (`BTCUSTD`), else ""."""
    if token.endswith(_QUOTES):
        return ""
    return next((f"{token[: -len(each)]}{each}" for each in _QUOTES if sorted(token[-len(each) :]) == sorted(each)), "")
