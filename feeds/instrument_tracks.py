"""All that is followed of one instrument."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.depth import Depth
from feeds.events import Anything, Book, Change, Kind, Quote, Trade
from feeds.exchanges.dialect import Changed, Quoted, Said, Traded, Whole
from feeds.quotes import Quotes
from feeds.trades import NamedTrades, NumberedTrades

Told = list[tuple[Kind, list[Anything]]]


@dataclass(frozen=True)
class Before:
    """What another multiplexer published last of an instrument, and when it told anything, be it a mark (0: never)."""

    trades: tuple[str, ...] = ()
    depth: int | None = None
    quote: int | None = None
    at: int = 0


class InstrumentTracks:
    """Takes what is heard of an instrument on any connection; gives what is to be told."""

    def __init__(self, *, has_numbered_trades: bool, before: Before = Before()) -> None:
        since = before.at or None
        self.depth = Depth(before.depth)
        self.quotes = Quotes(before.quote, since)
        self.trades: NumberedTrades | NamedTrades
        if has_numbered_trades:
            self.trades = NumberedTrades(int(before.trades[-1]) if before.trades else None, since)
        else:
            self.trades = NamedTrades(since, before.trades)

    def take(self, heard: Said) -> Told:
        match heard:
            case Traded(_, trades):
                return [(Kind.TRADE, [each for trade in trades for each in self.trades.take(trade)])]
            case Quoted(_, quote, is_restart):
                return [(Kind.QUOTE, self.quotes.take(quote, is_restart=is_restart))]
            case Changed(_, change):
                return [(Kind.DEPTH, self.depth.take(change))]
            case Whole(_, book, is_restart):
                return [(Kind.DEPTH, self.depth.whole(book, is_restart=is_restart))]

    def tick(self, at: int) -> Told:
        return [(Kind.TRADE, self.trades.tick(at)), (Kind.DEPTH, self.depth.tick(at)), (Kind.QUOTE, self.quotes.tick(at))]

    def broken(self, at: int) -> None:
        for each in (self.trades, self.depth, self.quotes):
            each.broken(at)


def before_of(events: list[list[Anything]]) -> Before:
    """What the last batches of an instrument tell, of whichever kinds."""
    flat = [event for batch in events for event in batch]
    trades = tuple(event.id for event in flat if isinstance(event, Trade))
    depths = [event.last for event in flat if isinstance(event, Book | Change)]
    quotes = [event.id for event in flat if isinstance(event, Quote)]
    at = max((event.at for event in flat), default=0)
    return Before(trades, depths[-1] if depths else None, quotes[-1] if quotes else None, at)
