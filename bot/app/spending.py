"""What of the budgets is left for warm spares."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.app.terms import budgets_of, price_source
from bot.domain.budget import Purse, exhausted
from bot.domain.spending import month_of
from bot.settings import Settings
from bot.store.transaction import Transaction
from bot.worker.spares import IsOver


def spare_budget_of(settings: Settings) -> IsOver:
    """They stop at a share of the budgets: what is left is for people."""
    budgets, prices, zone = budgets_of(settings), price_source(settings), ZoneInfo(settings.time_zone)
    share, projects = settings.budgets.spares_percent / 100, frozenset(settings.projects)

    async def is_over(transaction: Transaction, project: str) -> bool:
        if budgets.is_unlimited:
            return False
        purse = Purse(budgets, prices(), zone)
        lives = await transaction.lives(projects, month_of(transaction.now, purse.zone).began_at)
        return exhausted(purse, lives, project, frozenset(), transaction.now, share) is not None

    return is_over
