"""Which engine takes a trading environment: this machine's, or one whose hosts reach only sandboxes and the feed."""

from __future__ import annotations

from enum import StrEnum

_HOSTS, _MACHINES = "trading-env", "branch-env"


class Misplaced(StrEnum):
    NO_STRATEGY = "no_strategy"
    NO_TRADING_HOST = "no_trading_host"


def misplaced(engine: str, *, is_trading: bool) -> Misplaced | None:
    """What is wrong with making it there; None where nothing is."""
    if engine == _HOSTS and not is_trading:
        return Misplaced.NO_STRATEGY
    return Misplaced.NO_TRADING_HOST if engine == _MACHINES and is_trading else None
