"""Every hour somebody tries to read a secret of production, past all checks of ours. Being refused is good news."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from bot import meters
from bot.vault.guarded import Guarded
from bot.vault.vault import VaultUnavailable

log = structlog.get_logger()
_EVERY_S = 3600.0
_SOON_S = 60.0


class Wall(Protocol):
    async def is_refused(self, path: str) -> bool:
        """Whether whoever keeps the secrets refuses that path. Raises VaultUnavailable where it cannot be said."""


class Ears(Protocol):
    """Who is told how it stands, after each look."""

    async def wall(self, breach: str) -> None:
        """Nothing in it where it holds."""

    async def often(self, in_an_hour: int) -> None:
        """How many secrets were asked for within the last hour, where that is too many; else 0."""


class Breached(Exception):  # noqa: N818 - the text is the sentence
    """Production's secrets can be read from here."""


class Canary:
    def __init__(self, wall: Wall, guarded: Guarded, production: Sequence[str]) -> None:
        self._wall, self._guarded, self._production = wall, guarded, tuple(production)

    @property
    def too_often(self) -> int:
        """How many secrets this process asked for within the last hour, where that is too many; else 0."""
        return self._guarded.too_often

    async def look(self) -> None:
        """Raises Breached, after which no secret is given until a later look finds all refused; VaultUnavailable changes nothing."""
        open_ = [path for path in self._production if not await self._wall.is_refused(path)]
        self._guarded.is_shut = bool(open_)
        meters.wall_holds.set(not open_)
        if open_:
            meters.wall_breaches.inc()
            raise Breached(f"whoever runs here may ask for {open_[0]}: take that right away (trellis vault policy prints what is enough)")


async def watch_for_ever(canary: Canary, ears: Ears, every_s: float = _EVERY_S, soon_s: float = _SOON_S) -> None:
    """The wall every hour, how often secrets are asked for every minute."""
    due_in_s = 0.0
    while True:
        if due_in_s <= 0:
            due_in_s = every_s if await _looked(canary, ears) else soon_s
        try:
            await ears.often(canary.too_often)
        except Exception as error:  # noqa: BLE001 - the database may be away; the next round tells
            log.warning("alarm_not_told", reason=repr(error))
        wait_s = min(soon_s, due_in_s)
        await asyncio.sleep(wait_s)
        due_in_s -= wait_s


async def _looked(canary: Canary, ears: Ears) -> bool:
    """Whether it could be said how it stands, and everybody was told."""
    try:
        breach = await _breach(canary)
        await ears.wall(breach)
    except VaultUnavailable as problem:
        log.warning("wall_not_tried", reason=str(problem))
    except Exception as error:  # noqa: BLE001 - the next round tells
        log.warning("wall_not_tried", reason=repr(error))
    else:
        return True
    return False


async def _breach(canary: Canary) -> str:
    try:
        await canary.look()
    except Breached as breach:
        log.error("wall_breached", reason=str(breach))  # noqa: TRY400 - the trace says nothing
        return str(breach)
    return ""
