"""One book and its limits, without a clock, a file or a network. Amounts are decimals, and sums and products of them exact."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from typing import Any

ZERO = Decimal(0)
EXACT = Context(prec=100)
"""As many digits as sums and products of quantities and prices can have; only quotients are rounded."""
STALE_S = 300.0
"""A price that is older fills nothing."""


def _plain(amount: Decimal) -> str:
    """Without zeros at its end: `5.0` → `5`."""
    return f"{amount.normalize():f}"


@dataclass(frozen=True)
class Limits:
    """`position`: the most that all positions are worth together, in USD; `rate`: orders a second."""

    position: Decimal
    drawdown_pct: Decimal
    rate: Decimal

    @classmethod
    def of(cls, risk: dict[str, Any]) -> Limits:
        names = ("max_position_usd", "max_drawdown_pct", "max_order_rate")
        return cls(*(Decimal(str(risk[name])) for name in names))

    @property
    def window_s(self) -> Decimal:
        """At least a second, and long enough for one order."""
        return max(Decimal(1), 1 / self.rate)

    @property
    def in_window(self) -> int:
        return max(1, int(self.rate * self.window_s))


@dataclass(frozen=True)
class Order:
    """`quantity` is above zero, `sign` 1 to buy and -1 to sell."""

    id: str
    instrument: str
    sign: int
    quantity: Decimal


@dataclass(frozen=True)
class Refusal:
    code: str
    why: str


@dataclass
class Book:
    """What is held, what was paid, and whether it is halted. It begins with as much money as its largest position."""

    limits: Limits
    cash: Decimal = ZERO
    held: dict[str, Decimal] = field(default_factory=dict)
    prices: dict[str, Decimal] = field(default_factory=dict)
    priced_at: dict[str, float] = field(default_factory=dict)
    peak: Decimal = ZERO
    halted: str = ""
    halts: int = 0
    filled: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    arrived: deque[float] = field(default_factory=deque)
    last_at: float = 0.0

    def __post_init__(self) -> None:
        self.cash = self.peak = self.limits.position

    @property
    def exposure(self) -> Decimal:
        """What all positions are worth, whichever way they go."""
        with localcontext(EXACT):
            return sum((abs(held) * self.prices[name] for name, held in self.held.items()), ZERO)

    @property
    def equity(self) -> Decimal:
        with localcontext(EXACT):
            return self.cash + sum((held * self.prices[name] for name, held in self.held.items()), ZERO)

    @property
    def drawdown_pct(self) -> Decimal:
        with localcontext(EXACT):
            return (self.peak - self.equity) * 100 / self.peak

    def price(self, instrument: str, price: Decimal, at: float) -> bool:
        """Whether this halts it: it is down from its best by as much as is allowed."""
        self.prices[instrument], self.priced_at[instrument] = price, at
        return self._look()

    def _look(self) -> bool:
        self.peak = max(self.peak, self.equity)
        if self.halted or self.drawdown_pct < self.limits.drawdown_pct:
            return False
        self.halt(f"it is down by {self.drawdown_pct:.2f} % from its best, and {_plain(self.limits.drawdown_pct)} % is allowed")
        return True

    def halt(self, why: str) -> None:
        self.halted = why
        self.halts += 1

    def throttle(self, at: float) -> Refusal | None:
        """Whatever comes of an order, it takes a place in its second; why there is none left for it. What finds none takes none."""
        at = max(at, self.last_at)
        recent = sum(1 for each in self.arrived if at - each < self.limits.window_s)
        if recent >= self.limits.in_window:
            return Refusal("max_order_rate", f"{_plain(self.limits.rate)} orders a second are allowed")
        self.arrives(at)
        return None

    def arrives(self, at: float) -> None:
        self.last_at = max(at, self.last_at)
        self.arrived.append(self.last_at)
        while len(self.arrived) > self.limits.in_window:
            self.arrived.popleft()

    def judge(self, order: Order, at: float) -> Refusal | None:
        """Why it is not filled; None when it may be."""
        if self.halted:
            return Refusal("halted", f"{self.halted}: somebody has to resume it")
        price = self.prices.get(order.instrument)
        if price is None or at - self.priced_at.get(order.instrument, 0.0) > STALE_S:
            return Refusal("no_price", f"there is no price of {order.instrument} of the last {STALE_S / 60:.0f} minutes")
        after = self._exposure_after(order, price)
        if after > self.limits.position and after >= self.exposure:
            return Refusal("max_position_usd", f"positions would be worth {after:.2f} USD, and {_plain(self.limits.position)} are allowed")
        return None

    def _exposure_after(self, order: Order, price: Decimal) -> Decimal:
        held = self.held.get(order.instrument, ZERO)
        with localcontext(EXACT):
            return self.exposure + (abs(held + order.sign * order.quantity) - abs(held)) * price

    def fill(self, order: Order, price: Decimal) -> None:
        """It was judged before."""
        with localcontext(EXACT):
            self.held[order.instrument] = self.held.get(order.instrument, ZERO) + order.sign * order.quantity
            self.cash -= order.sign * order.quantity * price
        self.prices[order.instrument] = price
        self.filled += 1

    def refuse(self, refusal: Refusal) -> None:
        self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1

    def resume(self) -> bool:
        """Begin anew from what there is now, as a person said. Where there is nothing left that cannot be."""
        if self.equity <= 0:
            return False
        self.peak, self.halted = self.equity, ""
        return True
