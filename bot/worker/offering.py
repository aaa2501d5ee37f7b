"""What may be asked for now: the operator's offer, with what the feeds know of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from bot.domain.trading import USUAL, Offer
from bot.worker.market_feed import Certificates, FeedUnavailable

_KNOWN_S, _AGAIN_S, _PATIENCE_S = 300.0, 30.0, 4.0


class Offering:
    """Asks the feeds now and then, and only for a file that names exchanges; while they do not answer what was known stays."""

    def __init__(self, offer: Offer = USUAL, market: Certificates | None = None) -> None:
        self.offer = offer
        self._market = market
        self._listed: Mapping[tuple[str, str], frozenset[str]] = {}
        self._due = 0.0
        self._looking = asyncio.Lock()

    async def now(self, file: bytes | None) -> Offer:
        """For this `.dev-env.yaml`."""
        if self._market is None or b"exchanges" not in (file or b""):
            return self.offer
        async with self._looking:
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + await self._look(self._market)
        return replace(self.offer, listed=self._listed)

    async def _look(self, market: Certificates) -> float:
        """In how many seconds to look again."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._listed = await market.listed()
        except (FeedUnavailable, TimeoutError):
            return _AGAIN_S
        return _KNOWN_S if self._listed else _AGAIN_S
