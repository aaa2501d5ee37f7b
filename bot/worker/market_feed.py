"""The port to the market-data feeds: what an environment hears, and that it hears nothing any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.domain.continuity import Certificate
from bot.domain.trading import Trading


class FeedUnavailable(Exception):  # noqa: N818 - a sentence, as the ports have them
    """The feeds do not answer, or let nobody in now: try again."""


class Certificates(Protocol):
    """What is asked by whoever looks."""

    async def certificate(self, environment: str) -> Certificate:
        """What it heard, from the multiplexer that leads now. Raises FeedUnavailable."""

    async def listed(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The instruments of each source and market of which the feeds know what its exchange lists. Raises FeedUnavailable."""


class MarketFeed(Certificates, Protocol):
    """Every method raises FeedUnavailable. An environment is named by its id, which is its user too."""

    @property
    def url(self) -> str:
        """Where an environment signs in."""

    async def signer(self) -> str:
        """Who signs the certificates there, as PEM text; "" where whom the system trusts does, or nothing is encrypted."""

    async def want(self, environment: str, trading: Trading, password: str, *, besides: bool) -> None:
        """Have it hear what this asks for, `besides` what it hears already or instead of that; it is let in when this returns."""

    async def drop(self, environment: str) -> None:
        """Have it let in no more, and nothing left of what it wanted. That there is nothing is success."""

    async def heard_by(self) -> frozenset[str]:
        """All who are let in or want something."""
