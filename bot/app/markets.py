"""What trading environments may ask for, of the settings: the sandboxes that the feeds hear, and the most risk."""

from __future__ import annotations

from bot.domain.instruments import instrument
from bot.domain.sandboxes import SANDBOXES, Addresses, fault, is_production
from bot.domain.trading import Market, Offer, Risk
from bot.settings import Settings, SettingsError
from bot.settings.trading import FeedSourceSettings


def offer_of(settings: Settings) -> Offer:
    """Sandboxes only: an exchange's production may be heard, but no environment trades there. Raises SettingsError."""
    sandboxes = {name: source for name, source in settings.feeds.sources.items() if source.sandbox}
    hosts = frozenset(each.lower() for each in settings.trading.sandbox_hosts)
    if wrong := next(filter(is_production, sorted(hosts)), ""):
        raise SettingsError(f"TRELLIS_TRADING__SANDBOX_HOSTS: {wrong} is an exchange's production, and never a sandbox")
    known = {name: frozenset(_instrument(name, each) for each in source.instruments) for name, source in sandboxes.items()}
    return Offer(
        sandboxes={
            (name, Market(each)): _addresses(name, source, each, hosts) for name, source in sandboxes.items() for each in source.markets
        },
        sandbox_hosts=hosts,
        instruments={name: instruments for name, instruments in known.items() if instruments},
        risk=Risk(**settings.trading.model_dump(exclude={"sandbox_hosts"})),
        recorded_s=settings.feeds.record_hours * 3600,
    )


def _addresses(name: str, source: FeedSourceSettings, market: str, hosts: frozenset[str]) -> Addresses:
    """Where its sandbox is, which is to be one. Raises SettingsError."""
    usual = SANDBOXES[source.exchange, market]
    found = Addresses(source.rest_url or usual.rest, source.ws_url or usual.ws)
    if wrong := fault(found.rest, hosts) or fault(found.ws, hosts):
        name = f"TRELLIS_FEEDS__SOURCES: {name}"
        raise SettingsError(f"{name}: {wrong}: say sandbox = false, or name a test network's host in TRELLIS_TRADING__SANDBOX_HOSTS")
    return found


def _instrument(source: str, written: str) -> str:
    if (found := instrument(written)) is None:
        raise SettingsError(f"TRELLIS_FEEDS__SOURCES: {source}: {written!r} is no instrument: write BTC/USDT or BTCUSDT")
    return found
