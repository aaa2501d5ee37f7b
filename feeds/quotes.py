"""Continuity of the best bid and ask. Exchanges leave some out themselves, so only a broken connection is a gap. Pure."""

from __future__ import annotations

from feeds.events import Anything, Gap, Quote, Reason
from feeds.patience import BEHIND_NS


class Quotes:
    """Only what is newer counts; exchanges repeat the newest when nothing moves."""

    def __init__(self, last: int | None = None, since: int | None = None) -> None:
        self._last = last
        self._at = 0
        self._broken_since = since
        self._reason = Reason.TAKEOVER

    def take(self, quote: Quote, *, is_restart: bool = False) -> list[Anything]:
        if self._last is None or quote.id > self._last:
            gap = self._gap(quote.at)
        elif quote.id < self._last and (is_restart or 0 < self._at < quote.at - BEHIND_NS):
            gap = [Gap(at=quote.at, reason=Reason.RESTARTED, since=self._at)]
        else:
            if quote.id == self._last:
                self._at = quote.at
            return []
        self._last, self._at, self._broken_since = quote.id, quote.at, None
        return [*gap, quote]

    def broken(self, at: int) -> None:
        """No connection stands."""
        if self._broken_since is None and self._last is not None:
            self._broken_since, self._reason = at, Reason.DISCONNECTED

    def tick(self, at: int) -> list[Anything]:
        del at
        return []

    def _gap(self, at: int) -> list[Gap]:
        if self._broken_since is None:
            return []
        return [Gap(at=at, reason=self._reason, since=self._broken_since)]
