"""How much one token may ask for: so many at once, so many a second. Each process counts for itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_MOST_KNOWN = 10_000


@dataclass(frozen=True)
class Pace:
    burst: float = 120
    each_s: float = 20


class Buckets:
    """A bucket of permits for each key, filled again at an even pace."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, key: str) -> int:
        """Take a permit: 0, or whole seconds until there is one again."""
        now = self._clock()
        left, since = self._left.get(key, (self._pace.burst, now))
        left = min(self._pace.burst, left + (now - since) * self._pace.each_s)
        if len(self._left) >= _MOST_KNOWN:
            self._left.clear()
        self._left[key] = (left - 1 if left >= 1 else left, now)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._pace.each_s))
