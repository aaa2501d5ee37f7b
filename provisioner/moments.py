"""Moments as labels and variables have them."""

from __future__ import annotations

from datetime import UTC, datetime

_SHAPE = "%Y-%m-%dT%H:%M:%SZ"


def moment(at: float) -> str:
    """Of seconds since 1970."""
    return datetime.fromtimestamp(int(at), UTC).strftime(_SHAPE)


def at(moment: str) -> float:
    """Raises ValueError for what is no such moment."""
    return datetime.strptime(moment, _SHAPE).replace(tzinfo=UTC).timestamp()
