"""Instruments: however somebody writes one, one token."""

from __future__ import annotations

import re
from enum import StrEnum

_TOKEN = re.compile(r"[A-Z0-9]{3,30}")
_WRITTEN = re.compile(r"([A-Z0-9]+)(?:[/_-]([A-Z0-9]+)(?::\2)?)?")
SOURCE = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Market(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"


class NoInstrument(ValueError):  # noqa: N818 - the text is the sentence
    """What was written is no instrument."""


def token(written: str) -> str:
    """`BTC/USDT`, `btc-usdt`, `BTC/USDT:USDT` and `BTCUSDT` are all `BTCUSDT`, which is what exchanges call it. Raises NoInstrument."""
    found = _WRITTEN.fullmatch(written.strip().upper()) if written.isascii() else None
    joined = f"{found[1]}{found[2] or ''}" if found else ""
    if not _TOKEN.fullmatch(joined):
        raise NoInstrument(f"{written!r} is no instrument: write BTC/USDT or BTCUSDT")
    return joined
