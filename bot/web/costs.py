"""What somebody may know of the money: the same report for the page, the API and `/ivy cost --team`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

from bot.domain.cost import PriceSource, free
from bot.domain.message import Person
from bot.domain.spending import DAYS, Report, month_of, report
from bot.store.store import Store

_WORDS = "ivy cost"
_DAY_S = 86_400.0


class Sight(Protocol):
    async def where(self, person: Person, words: str) -> frozenset[str]: ...


@dataclass(frozen=True)
class Money:
    """Prices, and the time zone in which a month begins."""

    prices: PriceSource = free
    zone: tzinfo = UTC


async def reported(store: Store, sight: Sight, person: Person, money: Money, project: str = "") -> Report:
    """Of all the projects whose costs this person may look at, or of one of them."""
    projects = await sight.where(person, _WORDS)
    shown = projects & {project} if project else projects
    async with store.look() as look:
        since = min(month_of(look.now, money.zone).last_began_at, look.now - DAYS * _DAY_S)
        return report(await look.lives(shown, since), money.prices(), look.now, money.zone)
