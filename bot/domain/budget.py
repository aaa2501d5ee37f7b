"""How much may be spent in a month: of all, of each project, of each person. What is spent stops what would be made next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from bot.domain.cost import Prices
from bot.domain.spending import Life, month_of, within


@dataclass(frozen=True)
class Budgets:
    """In the currency of the prices, a month; 0, or a project that is not named: as much as one likes."""

    month: float = 0.0
    projects: Mapping[str, float] = field(default_factory=dict)
    per_person: float = 0.0

    @property
    def is_unlimited(self) -> bool:
        return not (self.month or self.per_person or any(self.projects.values()))


UNLIMITED = Budgets()


@dataclass(frozen=True)
class Spent:
    """`name` is the budget's in the settings; more may be spent from `until` on, seconds since the epoch."""

    name: str
    budget: float
    so_far: float
    until: float


@dataclass(frozen=True)
class Purse:
    """What money is reckoned by; `zone` says when a month begins."""

    budgets: Budgets
    prices: Prices
    zone: tzinfo


def exhausted(purse: Purse, lives: Sequence[Life], project: str, person: frozenset[str], now: float, share: float = 1.0) -> Spent | None:
    """The first budget of which that share is spent this month, of those that an environment of this project and person would count for.

    `lives` are those of all projects this month; `person` all identities of somebody, none for nobody in particular.
    """
    month = month_of(now, purse.zone)
    asked = (
        ("per_person", purse.budgets.per_person if person else 0.0, lambda each: bool(each.accounts & person)),
        (f"projects.{project}", purse.budgets.projects.get(project, 0.0), lambda each: each.project == project),
        ("month", purse.budgets.month, lambda _: True),
    )
    for name, budget, counts in asked:
        if budget:
            so_far = sum(within(each, purse.prices, month.began_at, now, now) for each in lives if counts(each))
            if so_far >= budget * share:
                return Spent(name, budget, so_far, month.ends_at)
    return None
