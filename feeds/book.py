"""An order book: levels by price, as the exchange wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from feeds.events import Book, Change, Level


class Levels:
    """A book that changes are applied to. Prices and sizes stay text; only their order is reckoned."""

    def __init__(self) -> None:
        self.last = 0
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}

    def replace(self, book: Book) -> None:
        self.last = book.last
        self._bids, self._asks = dict(book.bids), dict(book.asks)

    def apply(self, change: Change) -> None:
        self.last = change.last
        _apply(self._bids, change.bids)
        _apply(self._asks, change.asks)

    def whole(self, at: int, time: int = 0) -> Book:
        bids = sorted(self._bids.items(), key=_price, reverse=True)
        return Book(at=at, last=self.last, bids=bids, asks=sorted(self._asks.items(), key=_price), time=time)

    def best(self) -> tuple[Level | None, Level | None]:
        """The best bid and ask."""
        return max(self._bids.items(), key=_price, default=None), min(self._asks.items(), key=_price, default=None)


def _price(level: Level) -> Decimal:
    return Decimal(level[0])


def _apply(side: dict[str, str], levels: Iterable[Level]) -> None:
    for price, size in levels:
        if size.strip("0.") == "":
            side.pop(price, None)
        else:
            side[price] = size
