"""What stands before whoever keeps the secrets: so many questions and no more, each answer remembered for a while, all of it counted.

A question to AWS costs money: an environment that begins anew in a loop is a bill.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot import meters
from bot.vault import paths
from bot.vault.vault import PathRefused, Vault, VaultUnavailable

log = structlog.get_logger()
_MINUTE_S, _HOUR_S = 60.0, 3600.0


@dataclass(frozen=True)
class Pace:
    """`alarm_per_hour`: so many questions of one process are told of, once an hour."""

    per_minute: int = 60
    alarm_per_hour: int = 600
    remembered_s: float = 300.0


class Guarded:
    """Fills the port `Vault`. While it `is_shut` nobody is told anything."""

    def __init__(self, vault: Vault, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._vault, self._pace, self._clock = vault, pace, clock
        self._known: dict[str, tuple[float, str]] = {}
        self._asked: deque[float] = deque()
        self._told_at = -_HOUR_S
        self.is_shut = False

    async def read(self, path: str) -> str:
        path = self._may_be_asked(path)
        now = self._clock()
        known = self._known.get(path)
        if known and now < known[0]:
            meters.secret_reads.labels("remembered").inc()
            return known[1]
        self._count(now)
        secret = await self._vault.read(path)
        self._known[path] = (now + self._pace.remembered_s, secret)
        return secret

    async def write(self, path: str, secret: str) -> None:
        path = self._may_be_asked(path)
        self._known.pop(path, None)
        await self._vault.write(path, secret)

    async def remove(self, environment: str) -> None:
        beginning = paths.own(environment)
        for path in [each for each in self._known if each.startswith(beginning)]:
            del self._known[path]
        await self._vault.remove(environment)

    def _may_be_asked(self, path: str) -> str:
        if self.is_shut or not paths.is_environments(path):
            meters.secret_reads.labels("refused").inc()
        if self.is_shut:
            raise PathRefused("the wall before production's secrets does not hold: no secret is given")
        return paths.checked(path)

    @property
    def too_often(self) -> int:
        """How many were asked for within the last hour, where that is more than is usual; else 0."""
        since = self._clock() - _HOUR_S
        asked = sum(1 for at in self._asked if at > since)
        return asked if asked > self._pace.alarm_per_hour else 0

    def _count(self, now: float) -> None:
        """Raises VaultUnavailable when it is too much."""
        while self._asked and self._asked[0] <= now - _HOUR_S:
            self._asked.popleft()
        if sum(1 for at in self._asked if at > now - _MINUTE_S) >= self._pace.per_minute:
            meters.secret_reads.labels("too_many").inc()
            raise VaultUnavailable(f"secrets are asked for more than {self._pace.per_minute} times a minute")
        self._asked.append(now)
        meters.secret_reads.labels("asked").inc()
        if len(self._asked) > self._pace.alarm_per_hour and now >= self._told_at + _HOUR_S:
            self._told_at = now
            meters.secret_alarms.inc()
            log.error("secrets_asked_for_often", in_an_hour=len(self._asked), alarm_per_hour=self._pace.alarm_per_hour)
