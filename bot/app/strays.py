"""The look at the account, as it is configured."""

from __future__ import annotations

from bot.app.edges import Edges, projects_of
from bot.context_ports import Runtime
from bot.domain.strays import Patience
from bot.settings import Settings
from bot.worker.adopt import Adoption
from bot.worker.leasing import Holder
from bot.worker.strays import Strays, Sweeping


def strays_of(settings: Settings, holder: Holder, edges: Edges, runtime: Runtime, adoption: Adoption) -> Strays | None:
    """None where there is no account to look at."""
    account = edges.place.account
    if account is None:
        return None
    told = settings.sweep
    sweeping = Sweeping(account, projects_of(settings), patience_of(settings), told.every_minutes * 60, told.dry_run)
    return Strays(holder, edges.place.engine, runtime, adoption, sweeping)


def patience_of(settings: Settings) -> Patience:
    told = settings.sweep
    return Patience(told.grace_minutes * 60, told.asked_hours * 3600, told.state_days * 86_400, told.unknown_hours * 3600, told.at_once)
