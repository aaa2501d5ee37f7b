"""What a trading environment is given of its own, and what is taken back from it: its feed, and a key to its services."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import structlog

from bot.domain.trading import Trading
from bot.redaction import KNOWN
from bot.store.sessions import hash_of
from bot.store.store import Store
from bot.store.tokens import PREFIX
from bot.vault import paths
from bot.vault.vault import NoSecret, PathRefused, Vault, VaultUnavailable
from bot.worker.market_feed import FeedUnavailable, MarketFeed

log = structlog.get_logger()

_FAULTS = (FeedUnavailable, PathRefused, VaultUnavailable)


class NotEquipped(Exception):  # noqa: N818 - a sentence, as the ports have them
    """The feeds or whoever keeps the secrets cannot do it now."""


@dataclass(frozen=True)
class Secret:
    """A variable, and the path at which its value is kept."""

    name: str
    value: str
    path: str

    def __repr__(self) -> str:
        return f"Secret({self.name} at {self.path})"


@dataclass(frozen=True)
class Given:
    """Variables of a trading environment's services: `told` may be seen, `secrets` only by them."""

    told: tuple[tuple[str, str], ...]
    secrets: tuple[Secret, ...]

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        return (*self.told, *((each.name, each.value) for each in self.secrets))


class Equipment:
    """Each may be called again at any time with the same words: the same secrets come of it."""

    def __init__(self, vault: Vault, feed: MarketFeed, store: Store, api: str = "") -> None:
        self._vault, self._feed, self._store, self._api = vault, feed, store, api

    async def give(self, environment: str, trading: Trading) -> Given:
        """The variables of its services. What runs of it already goes on hearing. Raises NotEquipped."""
        try:
            number = await self._number(environment)
            key, password = await self._key(environment, number), await self._password(environment, number)
            await self._feed.want(environment, trading, password.value, besides=True)
            signer = await self._feed.signer()
        except _FAULTS as problem:
            raise NotEquipped(str(problem)) from problem
        told = {"FEED_URL": self._feed.url, "FEED_USER": environment, **({"FEED_CA": signer} if signer else {}), "TRELLIS_API": self._api}
        return Given(tuple(told.items()), (password, key))

    async def runs(self, environment: str, trading: Trading | None) -> None:
        """From now on it hears what this asks for, and nothing that only ran before. Where that cannot be done it hears too much."""
        try:
            if trading is None:
                await self._feed.drop(environment)
                return
            password = await self._password(environment, await self._number(environment))
            await self._feed.want(environment, trading, password.value, besides=False)
        except _FAULTS as problem:
            log.warning("interest_not_narrowed", environment=environment, reason=str(problem))

    async def rest(self, environment: str) -> None:
        """Nothing of it runs: it hears nothing, and its secrets stay. Raises NotEquipped."""
        try:
            await self._feed.drop(environment)
        except FeedUnavailable as problem:
            raise NotEquipped(str(problem)) from problem

    async def take_back(self, environment: str) -> None:
        """Nothing that it was given is worth anything any more. Raises NotEquipped."""
        async with self._store.transaction() as transaction:
            await transaction.trading.revoke(environment)
        await self.rest(environment)
        try:
            await self._vault.remove(environment)
        except _FAULTS as problem:
            raise NotEquipped(str(problem)) from problem

    async def equipped(self) -> frozenset[str]:
        """Whoever hears something, by id; a name that somebody chose is theirs. Raises NotEquipped."""
        try:
            return frozenset(each for each in await self._feed.heard_by() if paths.is_minted(each))
        except FeedUnavailable as problem:
            raise NotEquipped(str(problem)) from problem

    async def _number(self, environment: str) -> int:
        """Which of its keys it is to have, and which of its passwords: who asks for another has both made anew."""
        async with self._store.look() as look:
            known = await look.trading.key(environment)
        return known.number if known else 0

    async def _password(self, environment: str, number: int) -> Secret:
        path = paths.feed(environment, number)
        return Secret("FEED_PASSWORD", await self._minted(path, "feed"), path)

    async def _key(self, environment: str, number: int) -> Secret:
        path = paths.key(environment, number)
        key = await self._minted(path, "key")
        async with self._store.transaction() as transaction:
            if not await transaction.trading.minted(environment, hash_of(key), number):
                raise NotEquipped("its API key was made anew meanwhile")
        return Secret("TRADING_KEY", key, path)

    async def _minted(self, path: str, name: str) -> str:
        try:
            secret = await self._vault.read(path)
        except NoSecret:
            secret = f"{PREFIX}{name}_{secrets.token_urlsafe(32)}"
            await self._vault.write(path, secret)
        KNOWN.learn_for_now(secret)
        return secret
