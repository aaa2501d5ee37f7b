"""A clock that the test owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

NOON = 1_796_040_000.0  # Sunday 29 November 2026, 20:00 UTC; any time will do, as long as it is always the same


class ManualClock:
    def __init__(self, at: float = NOON) -> None:
        self.at = at

    async def now(self, connection: AsyncConnection | None) -> float:
        return self.at

    def advance(self, *, hours: float = 0, seconds: float = 0) -> None:
        self.at += hours * 3600 + seconds
