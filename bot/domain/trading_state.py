"""How a trading environment's book stands, as its own order management tells, and whether something holds it."""

from __future__ import annotations

import msgspec


class Told(msgspec.Struct, frozen=True):
    """Amounts are decimals as text. `halted` is why it is halted, "" while it is not; `halts` how often it was."""

    orders: int
    refused: int
    position_usd: str
    equity_usd: str
    drawdown_pct: str
    halted: str
    halts: int


class TradingState(msgspec.Struct, frozen=True, kw_only=True):
    """`resume_for` is the halt that somebody wants to be over, by its number; `held_for` what holds it until `held_until`."""

    environment_id: str
    told_at: float | None = None
    told: Told | None = None
    halted_at: float | None = None
    resume_for: int = 0
    resume_by: str = ""
    held_until: float | None = None
    held_for: str = ""

    @property
    def is_halted(self) -> bool:
        return self.told is not None and bool(self.told.halted)

    @property
    def is_to_resume(self) -> bool:
        """Somebody said so, of this halt."""
        return self.is_halted and self.told is not None and self.resume_for == self.told.halts

    def is_held(self, now: float) -> bool:
        return self.held_until is not None and now < self.held_until
