"""The key of a trading environment, as far as it is written down: when it was minted, and who saw it."""

from __future__ import annotations

import msgspec


class TradingKey(msgspec.Struct, frozen=True):
    """Never the key itself. `shown_to` is a name; "" while nobody saw it. Revoked it opens nothing.

    `number` grows with each that is made anew.
    """

    environment_id: str
    minted_at: float
    shown_at: float | None = None
    shown_to: str = ""
    revoked_at: float | None = None
    number: int = 0

    @property
    def is_to_be_shown(self) -> bool:
        return self.shown_at is None and self.revoked_at is None
