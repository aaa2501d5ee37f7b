"""How long, how many and for how much: limits, prices and budgets, of the settings."""

from __future__ import annotations

import structlog

from bot import price_table
from bot.context import Limits
from bot.domain.budget import Budgets
from bot.domain.cost import Prices, PriceSource
from bot.domain.devenv_choice import Allowed
from bot.domain.environment import Size
from bot.price_table import BadTable
from bot.replies.time import Terms
from bot.settings import Settings, SettingsError
from bot.settings.engines import machineless

log = structlog.get_logger()


def allowed_of(settings: Settings) -> Allowed:
    """What a repository's file may wish for at most."""
    return Allowed(settings.limits.ttl_hours * 3600, settings.limits.cap_hours * 3600)


def terms_of(settings: Settings) -> Terms:
    limits = limits_of(settings)
    return Terms(price_source(settings), limits.cap_s, max(limits.cap_s, limits.keep_s))


def limits_of(settings: Settings) -> Limits:
    hour, limits = 3600, settings.limits
    return Limits(
        ttl_s=limits.ttl_hours * hour,
        extend_s=limits.extend_hours * hour,
        cap_s=limits.cap_hours * hour,
        environments=limits.environments,
        per_person=limits.per_person,
        per_project=limits.per_project,
        keep_s=limits.keep_hours * hour,
        kept=limits.kept,
        idle_s=limits.idle_hours * hour or None,
        restore_s=limits.restore_hours * hour,
        approval_s=limits.approval_hours * hour,
    )


def prices_of(settings: Settings) -> Prices:
    if settings.prices.region:
        return _listed(settings)
    return Prices(
        _by_hand(settings), settings.prices.currency, paused_per_hour=settings.prices.paused, gb_per_hour=settings.prices.gigabyte
    )


def _by_hand(settings: Settings) -> dict[Size, float]:
    prices = settings.prices
    return {Size.SMALL: prices.small, Size.MEDIUM: prices.medium, Size.LARGE: prices.large}


def _besides(settings: Settings) -> dict[str, dict[Size, float]]:
    """A list of AWS's says nothing of this machine, where some are on AWS and others here."""
    return {engine: _by_hand(settings) for engine in machineless(settings)}


def price_source(settings: Settings) -> PriceSource:
    """The prices, and those of a newer table as soon as it is there. Raises SettingsError for a table that is bad from the start."""
    if not settings.prices.region:
        fixed = prices_of(settings)
        return lambda: fixed
    return _Listed(settings)


class _Listed:
    """A table that has become bad is told once, and the prices of before stay."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._as_of = self._stamp()
        self._prices = _listed(settings)

    def __call__(self) -> Prices:
        if (stamp := self._stamp()) != self._as_of:
            self._as_of = stamp
            try:
                self._prices = _listed(self._settings)
            except SettingsError as error:
                log.warning("prices_not_read", reason=str(error))
        return self._prices

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._settings.price_file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def _listed(settings: Settings) -> Prices:
    """Out of the table; of a region that is not in it yet, none. Raises SettingsError."""
    region = settings.prices.region
    try:
        found = price_table.read(settings.price_file).regions.get(region)
    except BadTable as error:
        raise SettingsError(str(error)) from None
    if found is None:
        log.warning("no_prices", region=region, file=str(settings.price_file))
        return Prices(currency=settings.prices.currency, besides=_besides(settings))
    per_hour = {Size(size): each.per_hour for size, each in found.sizes.items() if size in set(Size)}
    source = f"the price list of {region} of {found.as_of}"
    a_gb = found.disk_per_hour / found.volume_gb if found.volume_gb else 0.0
    return Prices(per_hour, found.currency, source, _besides(settings), found.disk_per_hour, a_gb)


def budgets_of(settings: Settings) -> Budgets:
    return Budgets(settings.budgets.month, settings.budgets.projects, settings.budgets.per_person)
