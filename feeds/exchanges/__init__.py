"""How each exchange speaks: what is subscribed to, and what its messages mean."""

from feeds.exchanges.binance import Binance
from feeds.exchanges.bybit import Bybit
from feeds.exchanges.dialect import Dialect
from feeds.instruments import Market


def dialect(exchange: str, market: Market) -> Dialect:
    """Raises KeyError for an exchange that is not spoken."""
    return DIALECTS[exchange](market)


DIALECTS: dict[str, type[Binance] | type[Bybit]] = {"binance": Binance, "bybit": Bybit}

__all__ = ["DIALECTS", "Dialect", "dialect"]
