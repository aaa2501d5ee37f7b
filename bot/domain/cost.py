"""What an environment costs: hours that it runs, times the price of its size. Prices are the operator's, or of a table with a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from bot.domain.datasets import Seeds
from bot.domain.environment import Environment, Size


@dataclass(frozen=True)
class Prices:
    """`per_hour` by size, in `currency` (a sign or a code: `€`, `USD`). Sizes without a price cost nothing.

    `source` says whence they are when they are not set by hand: `the price list of eu-west-1 of 2026-11-30`. What the engines in
    `besides` make has prices of its own, set by hand.
    """

    per_hour: Mapping[Size, float] = field(default_factory=dict)
    currency: str = "€"
    source: str = ""
    besides: Mapping[str, Mapping[Size, float]] = field(default_factory=dict)
    paused_per_hour: float = 0.0  # of whatever size: where pausing stops a machine, what is left of it is its disk
    gb_per_hour: float = 0.0  # of a disk of data, where somebody asked for one that lies in a snapshot

    @property
    def is_free(self) -> bool:
        """Whether nothing has a price."""
        return not any(any(each.values()) for each in (self.per_hour, *self.besides.values()))

    def of(self, size: Size, seconds: float, engine: str) -> float:
        return self.besides.get(engine, self.per_hour).get(size, 0.0) * max(0.0, seconds) / 3600

    def source_of(self, engine: str) -> str:
        return "" if engine in self.besides else self.source

    def of_pause(self, seconds: float, engine: str) -> float:
        return 0.0 if engine in self.besides else self.paused_per_hour * max(0.0, seconds) / 3600

    def of_disk(self, gb_s: float, engine: str) -> float:
        """`gb_s`: gigabytes times seconds."""
        return 0.0 if engine in self.besides else self.gb_per_hour * gb_s / 3600

    def shown(self, amount: float) -> str:
        """`€1.10`, `USD 1,100.00`; a fraction of a cent is `< €0.01`."""
        gap = " " if self.currency[-1:].isalpha() else ""
        if 0 < amount < 0.005:
            return f"< {self.currency}{gap}0.01"
        return f"{self.currency}{gap}{amount:,.2f}"


FREE = Prices()
PriceSource = Callable[[], Prices]
"""The prices as they are now: a table may be asked for anew while everything runs."""


def free() -> Prices:
    return FREE


class Lasting(Protocol):
    """What of an environment says how long it was paid for, and at which prices."""

    @property
    def size(self) -> Size: ...
    @property
    def engine(self) -> str: ...
    @property
    def earlier_s(self) -> Mapping[str, float]: ...
    @property
    def seeds(self) -> Seeds: ...

    @property
    def created_at(self) -> float: ...
    @property
    def gone_at(self) -> float | None: ...
    @property
    def paused_at(self) -> float | None: ...
    @property
    def paused_s(self) -> float: ...


def running_s(environment: Lasting, now: float) -> float:
    """How long it has been paid for: its life so far, without the time that it was paused."""
    return max(0.0, _end(environment, now) - environment.created_at - paused_s(environment, now))


def paused_s(environment: Lasting, now: float) -> float:
    """How long it has been paused in all."""
    return environment.paused_s + (_end(environment, now) - environment.paused_at if environment.paused_at is not None else 0)


def _end(environment: Lasting, now: float) -> float:
    return environment.gone_at if environment.gone_at is not None else now


def spent(environment: Lasting, prices: Prices, now: float) -> float:
    """Each hour at the price of the size that it had then, or of a pause, and of the disk of data that it had."""
    engine = environment.engine
    earlier = sum(prices.of(Size(size), seconds, engine) for size, seconds in environment.earlier_s.items())
    paused = prices.of_pause(paused_s(environment, now), engine)
    disk = prices.of_disk(environment.seeds.disk_gb_s(_end(environment, now)), engine)
    return earlier + paused + disk + prices.of(environment.size, _at_this_size_s(environment, now), engine)


def ahead(environment: Lasting, prices: Prices, seconds: float) -> float:
    """What so much more time costs of it, as it is now."""
    disk = prices.of_disk(environment.seeds.gigabytes * max(0.0, seconds), environment.engine)
    return prices.of(environment.size, seconds, environment.engine) + disk


def ahead_paused(environment: Lasting, prices: Prices, seconds: float) -> float:
    """The same, while it is paused."""
    return prices.of_pause(seconds, environment.engine) + prices.of_disk(environment.seeds.gigabytes * seconds, environment.engine)


def resized(environment: Environment, size: Size, now: float) -> Environment:
    """The same at another size from now on."""
    if size is environment.size:
        return environment
    before = environment.earlier_s.get(environment.size, 0.0)
    earlier = {**environment.earlier_s, str(environment.size): before + _at_this_size_s(environment, now)}
    return msgspec.structs.replace(environment, size=size, earlier_s=earlier)


def _at_this_size_s(environment: Lasting, now: float) -> float:
    return max(0.0, running_s(environment, now) - sum(environment.earlier_s.values()))
