"""Continuity of a book: it follows its changes; where it cannot, that is a gap, and the whole book is wanted anew. Pure."""

from __future__ import annotations

from feeds.book import Levels
from feeds.events import Anything, Book, Change, Gap, Reason
from feeds.ordered import Ordered
from feeds.patience import BEHIND_MS, HOLE_NS

_UNKNOWN = -10  # below every number: everything waits for the whole


class Depth:
    """`last` is the newest update that another multiplexer published."""

    def __init__(self, last: int | None = None) -> None:
        self.levels = Levels()
        self.wants_whole = True
        self._published = last
        self._reason = Reason.TAKEOVER
        self._ordered: Ordered[Change] = Ordered(_UNKNOWN)
        self._time = 0

    def take(self, change: Change) -> list[Anything]:
        last = self._ordered.last
        if last is not None and change.last <= last and self._time and change.time > self._time + BEHIND_MS:
            self._lose(Reason.RESTARTED)
        ready = self._ordered.take(change.first, change.last, change, change.at)
        if ready:
            self.wants_whole = False  # the hole was filled after all
        return self._follow(ready)

    def whole(self, book: Book, *, is_restart: bool = False) -> list[Anything]:
        """A snapshot; one that says nothing new, or that ends before what waits begins, is of no use.

        `is_restart`: the exchange counts anew, so its numbers cannot be compared with those before.
        """
        if is_restart and (self.wants_whole or book.last != self._published):
            self._lose(Reason.RESTARTED)
            return self._adopt(book)
        if not self.wants_whole or (self._published is not None and self._reason != Reason.RESTARTED and book.last < self._published):
            return []
        waiting = self._ordered.first_waiting()
        return [] if waiting is not None and waiting > book.last + 1 else self._adopt(book)

    @property
    def has_followed(self) -> bool:
        return self._ordered.last != _UNKNOWN

    def broken(self, at: int) -> None:
        """No connection stands. Unless what comes next follows on what is known, the whole is wanted."""
        del at
        if not self.wants_whole:
            self.wants_whole, self._reason = True, Reason.DISCONNECTED

    def tick(self, at: int) -> list[Anything]:
        """Stop following when a hole stays. What waits behind it is kept for after the whole book."""
        if not self.wants_whole and self._ordered.is_overdue(at - HOLE_NS):
            self.wants_whole, self._reason = True, Reason.SEQUENCE
        return []

    def _lose(self, reason: Reason) -> None:
        self.wants_whole, self._reason, self._ordered, self._time = True, reason, Ordered(_UNKNOWN), 0

    def _adopt(self, book: Book) -> list[Anything]:
        ready: list[Anything] = [book]
        if self._published is not None and self._published != book.last:
            is_counted_on = self._published < book.last and self._reason != Reason.RESTARTED
            ready.insert(
                0,
                Gap(at=book.at, reason=self._reason, first=str(self._published + 1), last=str(book.last) if is_counted_on else ""),
            )
        self.wants_whole, self._reason = False, Reason.SEQUENCE
        self.levels.replace(book)
        self._published, self._time = book.last, book.time
        return [*ready, *self._follow(self._ordered.begin_at(book.last))]

    def _follow(self, changes: list[Change]) -> list[Anything]:
        for change in changes:
            self.levels.apply(change)
            self._published = change.last
            self._time = max(self._time, change.time)
        return [*changes]
