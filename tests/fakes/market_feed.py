"""The feeds in memory: who is let in with what, and what they hear."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.continuity import Certificate
from bot.domain.trading import Trading
from bot.worker.market_feed import FeedUnavailable


@dataclass(frozen=True)
class Hearing:
    password: str
    profiles: tuple[Trading, ...]

    @property
    def instruments(self) -> set[str]:
        return {
            f"{each.name}.{each.market}.{token}" for profile in self.profiles for each in profile.exchanges for token in each.instruments
        }


class FakeMarketFeed:
    """`hearing` is by environment; while `is_down` nothing can be said."""

    url = "nats://127.0.0.1:4222"
    ca = ""

    def __init__(self) -> None:
        self.hearing: dict[str, Hearing] = {}
        self.is_down = False
        self.others: set[str] = set()
        self.instruments_listed: dict[tuple[str, str], frozenset[str]] = {}
        self.certificates: dict[str, Certificate] = {}

    async def signer(self) -> str:
        return self.ca

    def _answer(self) -> None:
        if self.is_down:
            raise FeedUnavailable("NATS does not answer at nats://127.0.0.1:4222: it took too long")

    async def want(self, environment: str, trading: Trading, password: str, *, besides: bool) -> None:
        self._answer()
        before = self.hearing.get(environment)
        self.hearing[environment] = Hearing(password, (*(before.profiles if before and besides else ()), trading))

    async def drop(self, environment: str) -> None:
        self._answer()
        self.hearing.pop(environment, None)

    async def certificate(self, environment: str) -> Certificate:
        self._answer()
        return self.certificates.get(environment, Certificate(0.0, is_let_in=environment in self.hearing))

    async def listed(self) -> dict[tuple[str, str], frozenset[str]]:
        self._answer()
        return self.instruments_listed

    async def heard_by(self) -> frozenset[str]:
        self._answer()
        return frozenset(self.hearing) | self.others
