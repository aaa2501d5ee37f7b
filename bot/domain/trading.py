"""What a trading environment is: sandboxes of exchanges, market data, limits of risk, a strategy. And what an operator offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.sandboxes import SANDBOXES, Addresses

TTL_HOURS = 48.0
LEAST_TTL_HOURS = 0.25
MOST_TTL_HOURS = 96.0
ON_PAPER = "simulator"
"""Where the orders of a strategy go that hears production."""


class Market(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"


class Mode(StrEnum):
    LIVE = "live"
    REPLAY = "replay"
    BOTH = "both"


class Heard(StrEnum):
    """Whose market data it is. Of production's it is on paper: there is no exchange that orders could go to."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Exchange:
    """Its sandbox, or on paper none at all: there is no way to say another."""

    name: str
    market: Market
    instruments: tuple[str, ...]


@dataclass(frozen=True)
class MarketData:
    """`start` and `end` (seconds since 1970) are of the replay, None where it is live only; `speed` 2: in half the time, 0: at once."""

    mode: Mode = Mode.LIVE
    start: float | None = None
    end: float | None = None
    source: Heard = Heard.SANDBOX
    speed: float = 1.0


@dataclass(frozen=True)
class Risk:
    """Limits; `max_order_rate` is orders a second."""

    max_position_usd: float
    max_drawdown_pct: float
    max_order_rate: float


@dataclass(frozen=True)
class Strategy:
    """Two paths in the repository."""

    binary: str
    config: str = ""


@dataclass(frozen=True)
class Trading:
    """The profile `trading` of a file."""

    exchanges: tuple[Exchange, ...]
    strategy: Strategy
    risk: Risk
    market_data: MarketData = MarketData()
    name: str = ""
    ttl_hours: float = TTL_HOURS

    @property
    def is_on_paper(self) -> bool:
        """It hears production, and its orders go to a simulator beside it: no exchange is there for it, and no key to one."""
        return self.market_data.source is Heard.PRODUCTION

    def as_json(self, sandboxes: Mapping[tuple[str, Market], Addresses]) -> str:
        """What the strategy is told in $TRADING: the same text for the same profile. Where its exchanges are, it is told here only."""
        data = {
            "mode": self.market_data.mode,
            **({"source": self.market_data.source} if self.is_on_paper else {}),
            "replay_start": _or_none(self.market_data.start),
            "replay_end": _or_none(self.market_data.end),
            **({"replay_speed": self.market_data.speed} if self.market_data.speed != 1 else {}),
        }
        exchanges = [_on_paper(each) if self.is_on_paper else _told(each, sandboxes[each.name, each.market]) for each in self.exchanges]
        said = {"exchanges": exchanges, "market_data": data, "risk_config": vars(self.risk)}
        return json.dumps(said, separators=(",", ":"), sort_keys=True)


def _told(exchange: Exchange, at: Addresses) -> dict[str, object]:
    said = {"name": exchange.name, "type": exchange.market, "sandbox": True, "instruments": exchange.instruments}
    return {**said, "rest_url": at.rest, "ws_url": at.ws}


def _on_paper(exchange: Exchange) -> dict[str, object]:
    return {"name": exchange.name, "type": exchange.market, "orders": ON_PAPER, "instruments": exchange.instruments}


@dataclass(frozen=True)
class Offer:
    """What the operator offers: `instruments`, else all that is `listed` by the exchange; `recorded_s`: how far back replays can go.

    `sandbox_hosts` are those that the operator answers for, beside the exchanges' own sandboxes; `heard` are production's sources that
    may be listened to.
    """

    sandboxes: Mapping[tuple[str, Market], Addresses] = field(
        default_factory=lambda: {(name, Market(market)): each for (name, market), each in SANDBOXES.items()}
    )
    sandbox_hosts: frozenset[str] = frozenset()
    instruments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listed: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    risk: Risk = Risk(1_000_000, 20, 50)
    recorded_s: float = 72 * 3600.0
    heard: frozenset[tuple[str, Market]] = frozenset()

    @property
    def exchanges(self) -> Mapping[str, frozenset[Market]]:
        return self.exchanges_of(Heard.SANDBOX)

    def exchanges_of(self, source: Heard) -> Mapping[str, frozenset[Market]]:
        """Their markets."""
        there = self.sandboxes.keys() if source is Heard.SANDBOX else self.heard
        names = {name for name, _ in there}
        return {each: frozenset(market for name, market in there if name == each) for each in sorted(names)}

    def known(self, exchange: str, market: str) -> frozenset[str] | None:
        """The instruments there; None where nobody knows them."""
        return self.instruments.get(exchange) or self.listed.get((exchange, market))


USUAL = Offer()


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _or_none(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
