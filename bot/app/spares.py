"""Warm spares as they are configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from bot.domain.environment import Size
from bot.domain.spares import BadTarget, Kind, Target, targets_of
from bot.settings import Settings, SettingsError
from bot.worker.leasing import Holder
from bot.worker.spares import IsOver, Prepares, Spares, Stock
from provisioner.engine import Engine, Preparing


def targets(settings: Settings) -> Mapping[Kind, tuple[Target, ...]]:
    """By project and size. Raises SettingsError."""
    found = {}
    for key, sizes in settings.spares.projects.items():
        for size, text in sizes.items():
            try:
                found[key, Size(size)] = targets_of(text, settings.time_zone)
            except BadTarget as error:
                raise SettingsError(f"TRELLIS_SPARES__PROJECTS__{key.upper()}__{size.upper()}: {error}") from None
    return found


def spares_of(settings: Settings, holder: Holder, engine: Engine, budget: IsOver) -> Spares | None:
    """None where the engine can make nothing beforehand. Without any target it takes down those that there are."""
    if not is_preparing(engine):
        return None
    stock = Stock(targets(settings), settings.spares.ttl_hours * 3600, settings.spares.at_once, budget)
    return Spares(holder, engine, stock)


def is_preparing(engine: Engine) -> TypeGuard[Prepares]:
    return isinstance(engine, Preparing)
