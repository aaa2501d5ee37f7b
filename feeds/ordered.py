"""Numbered things put in order: what was there already is dropped, what comes early waits, a hole that stays is told."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
MOST_WAITING = 20_000


class Ordered(Generic[T]):
    """Each thing covers the numbers `first` to `last`. `last` is the highest that was given out without a hole; None before the first."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.hole_since: int | None = None
        self._waiting: dict[int, tuple[int, T]] = {}

    def take(self, first: int, last: int, thing: T, at: int) -> list[T]:
        """What can be given out now, in order."""
        if self.last is None or first <= self.last + 1 <= last:
            self.last = last
            return [thing, *self._next()] if self._waiting else [thing]
        if last > self.last and (first not in self._waiting or self._waiting[first][0] < last):
            if len(self._waiting) >= MOST_WAITING:  # nobody gave the hole up: what comes from now on is enough to go on with
                self._waiting.clear()
            self._waiting[first] = (last, thing)
            self.hole_since = at if self.hole_since is None else self.hole_since
        return []

    def is_overdue(self, before: int) -> bool:
        """Whether a hole is older than that moment, or so much waits behind it that waiting is no use."""
        return self.hole_since is not None and (self.hole_since <= before or len(self._waiting) >= MOST_WAITING)

    def skip(self, at: int) -> tuple[int, int, list[T]]:
        """Give up the hole: its first and last number, and what came behind it."""
        first = (self.last or 0) + 1
        self.last = min(self._waiting) - 1
        hole = (first, self.last)
        self.hole_since = at
        return (*hole, self._next())

    def begin_at(self, last: int) -> list[T]:
        """Everything up to `last` is known otherwise; what follows it."""
        self.last = last
        return self._next()

    def first_waiting(self) -> int | None:
        return min(self._waiting, default=None)

    def _next(self) -> list[T]:
        ready: list[T] = []
        reached = self.last or 0
        for first in sorted(self._waiting):
            last, thing = self._waiting[first]
            if first > reached + 1:
                break
            if last > reached:
                ready.append(thing)
                reached = last
            del self._waiting[first]
        self.last = reached
        if not self._waiting:
            self.hole_since = None
        return ready
