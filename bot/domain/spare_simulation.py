"""Past demand once more, with another number of warm spares: what they would have cost, and how long people would have waited."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.spares import Target, changes_at, wanted_at


@dataclass(frozen=True)
class Pace:
    """In seconds: how long somebody waits without a spare and from one, and how long making one takes; `ttl_s` is its life."""

    fresh_s: float
    claim_s: float
    make_s: float
    ttl_s: float
    at_once: int = 1


@dataclass(frozen=True)
class Simulated:
    """`idle_s` is the time of spares that nobody had claimed yet, over all of them; `waits_s` what each asker waited, in order."""

    idle_s: float
    made: int
    unused: int
    claimed: int
    waits_s: tuple[float, ...]

    @property
    def asked(self) -> int:
        return len(self.waits_s)

    def waited_s(self, share: float) -> float:
        """So many of all askers waited at most this long; 0 when nobody asked."""
        ordered = sorted(self.waits_s)
        return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] if ordered else 0.0


def simulate(asked_at: Sequence[float], targets: Sequence[Target], pace: Pace, since: float, until: float) -> Simulated:
    """Between two moments, beginning with none."""
    shelf = _Shelf(targets, pace, since)
    waits_s = []
    for moment in sorted(each for each in asked_at if since <= each < until):
        shelf.go_on(moment)
        waits_s.append(pace.claim_s if shelf.claim(moment) else pace.fresh_s)
    shelf.go_on(until)
    shelf.clear(until)
    return Simulated(shelf.idle_s, shelf.made, shelf.unused, shelf.claimed, tuple(waits_s))


class _Shelf:
    """What is ready (when it was begun, when it ends) and what is being made (when it is ready, when it was begun)."""

    def __init__(self, targets: Sequence[Target], pace: Pace, now: float) -> None:
        self._targets, self._pace, self._now = targets, pace, now
        self._ready: list[tuple[float, float]] = []
        self._making: list[tuple[float, float]] = []
        self._wanted, self._changes_at = wanted_at(targets, now), changes_at(targets, now)
        self.idle_s, self.made, self.unused, self.claimed = 0.0, 0, 0, 0

    def go_on(self, until: float) -> None:
        """Look whenever there is something to see, until then."""
        while self._now < until:
            self._look(self._now)
            ends = [end for _, end in self._ready] + [each[0] for each in self._making[:1]]
            self._now = min([until, *ends, *([self._changes_at] if self._changes_at is not None else [])])
        self._look(until)

    def _look(self, now: float) -> None:
        while self._making and self._making[0][0] <= now:
            ready_at, begun_at = heapq.heappop(self._making)
            self._ready.append((begun_at, ready_at + self._pace.ttl_s))
        if self._changes_at is not None and now >= self._changes_at:
            self._wanted, self._changes_at = wanted_at(self._targets, now), changes_at(self._targets, now)
        wanted = self._wanted
        stay = [each for each in self._ready if each[1] > now]
        stay = stay[max(0, len(stay) + len(self._making) - wanted) :]
        for begun_at, _ in self._ready[: len(self._ready) - len(stay)]:
            self._end(begun_at, now, is_used=False)
        self._ready = stay
        while len(self._making) < self._pace.at_once and len(stay) + len(self._making) < wanted:
            heapq.heappush(self._making, (now + self._pace.make_s, now))
            self.made += 1

    def claim(self, now: float) -> bool:
        fit = [each for each in self._ready if each[1] > now]
        if not fit:
            return False
        self._ready.remove(fit[0])
        self._end(fit[0][0], now, is_used=True)
        self.claimed += 1
        return True

    def clear(self, now: float) -> None:
        """What is left is paid for until the end."""
        for begun_at in [*(each[0] for each in self._ready), *(each[1] for each in self._making)]:
            self.idle_s += now - begun_at

    def _end(self, begun_at: float, now: float, *, is_used: bool) -> None:
        self.idle_s += now - begun_at
        self.unused += not is_used
