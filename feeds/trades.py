"""Continuity of trades: in order, none twice, and a gap wherever some are missing. Pure; what several connections hear makes one stream."""

from __future__ import annotations

from collections import deque

from feeds.events import Anything, Gap, Reason, Trade
from feeds.ordered import Ordered
from feeds.patience import BEHIND_MS, HOLE_NS

REMEMBERED = 32_768


class NumberedTrades:
    """Trades whose ids count up by one (Binance): a hole in the ids is a gap, and only that. `since`: as with NamedTrades."""

    def __init__(self, last: int | None = None, since: int | None = None) -> None:
        self._ordered: Ordered[Trade] = Ordered(last)
        self._time = 0
        self._broken_since = since if last is None else None
        self._reason = Reason.TAKEOVER

    def take(self, trade: Trade) -> list[Anything]:
        number = int(trade.id)
        last = self._ordered.last
        if last is None and self._broken_since is not None:
            return self._begin(trade, number, self._broken_since)
        if last is not None and number <= last and self._time and trade.time > self._time + BEHIND_MS:
            return self._anew(trade, number, last)
        ready = self._ordered.take(number, number, trade, trade.at)
        if ready:
            self._time = max(self._time, ready[-1].time)
        return [*ready]

    def broken(self, at: int) -> None:
        """No connection stands. The ids will say what was missed, unless none is known yet."""
        if self._ordered.last is None and self._broken_since is None:
            self._broken_since, self._reason = at, Reason.DISCONNECTED

    def tick(self, at: int) -> list[Anything]:
        """Give up holes that stayed."""
        ready: list[Anything] = []
        while self._ordered.is_overdue(at - HOLE_NS):
            first, last, behind = self._ordered.skip(at)
            ready += [Gap(at=at, reason=Reason.SEQUENCE, first=str(first), last=str(last)), *behind]
        return ready

    def _begin(self, trade: Trade, number: int, since: int) -> list[Anything]:
        self._ordered = Ordered(number)
        return [Gap(at=trade.at, reason=self._reason, last=str(number - 1), since=since), trade]

    def _anew(self, trade: Trade, number: int, last: int) -> list[Anything]:
        self._ordered, self._time = Ordered(number), trade.time
        return [Gap(at=trade.at, reason=Reason.RESTARTED, first=str(last + 1)), trade]


class NamedTrades:
    """Trades whose ids only name them (Bybit): a gap is wherever no connection stood.

    Of whoever led before: `since` when it told last that it was there, and `seen`, the newest that it published.
    """

    def __init__(self, since: int | None = None, seen: tuple[str, ...] = ()) -> None:
        self._broken_since = since
        self._reason = Reason.TAKEOVER
        self._order = deque(seen)
        self._seen = set(seen)

    def take(self, trade: Trade) -> list[Anything]:
        if trade.id in self._seen:
            return []
        ready: list[Anything] = [trade]
        if self._broken_since is not None:
            after = self._order[-1] if self._order else ""
            ready.insert(0, Gap(at=trade.at, reason=self._reason, first=after, since=self._broken_since))
            self._broken_since = None
        self._remember(trade.id)
        return ready

    def broken(self, at: int) -> None:
        """No connection stands: what is said until the next trade is lost, and the gap names the trade after which it was."""
        if self._broken_since is None:
            self._broken_since, self._reason = at, Reason.DISCONNECTED

    def tick(self, at: int) -> list[Anything]:
        del at
        return []

    def _remember(self, id: str) -> None:
        self._seen.add(id)
        self._order.append(id)
        if len(self._order) > REMEMBERED:
            self._seen.discard(self._order.popleft())
