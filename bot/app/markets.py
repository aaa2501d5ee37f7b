"""What trading environments may ask for, of the settings: the sandboxes that the feeds hear, and the most risk."""

from __future__ import annotations

from bot.domain.instruments import instrument
from bot.domain.sandboxes import PUBLIC, SANDBOXES, Addresses, fault, is_production, public_fault
from bot.domain.trading import Market, Offer, Risk
from bot.settings import Settings, SettingsError
from bot.settings.trading import FeedSourceSettings


def offer_of(settings: Settings) -> Offer:
    """Sandboxes to trade in; an exchange's production may only be heard, at hosts of public market data. Raises SettingsError."""
    heard = {name: source for name, source in settings.feeds.sources.items() if not source.sandbox}
    if wrong := next(filter(None, (_unheard(name, source) for name, source in heard.items())), ""):
        raise SettingsError(wrong)
    sandboxes = {name: source for name, source in settings.feeds.sources.items() if source.sandbox}
    hosts = frozenset(each.lower() for each in settings.trading.sandbox_hosts)
    if wrong := next(filter(is_production, sorted(hosts)), ""):
        raise SettingsError(f"TRELLIS_TRADING__SANDBOX_HOSTS: {wrong} is an exchange's production, and never a sandbox")
    known = {name: frozenset(_instrument(name, each) for each in source.instruments) for name, source in settings.feeds.sources.items()}
    return Offer(
        sandboxes={
            (name, Market(each)): _addresses(name, source, each, hosts) for name, source in sandboxes.items() for each in source.markets
        },
        heard=frozenset((name, Market(each)) for name, source in heard.items() for each in source.markets),
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


def public_of(source: FeedSourceSettings, market: str) -> Addresses:
    """Where production's public market data is heard."""
    usual = PUBLIC[source.exchange, market]
    return Addresses(source.rest_url or usual.rest, source.ws_url or usual.ws)


def _unheard(name: str, source: FeedSourceSettings) -> str:
    urls = [url for each in (public_of(source, market) for market in source.markets) for url in (each.rest, each.ws)]
    wrong = next(filter(None, map(public_fault, urls)), "")
    return f"TRELLIS_FEEDS__SOURCES: {name}: {wrong}" if wrong else ""


def _instrument(source: str, written: str) -> str:
    if (found := instrument(written)) is None:
        raise SettingsError(f"TRELLIS_FEEDS__SOURCES: {source}: {written!r} is no instrument: write BTC/USDT or BTCUSDT")
    return found
