"""What trading environments may ask for, of the settings: the sandboxes that the feeds hear, and the most risk."""

from __future__ import annotations

from bot.domain.instruments import instrument
from bot.domain.trading import Market, Offer, Risk
from bot.settings import Settings, SettingsError


def offer_of(settings: Settings) -> Offer:
    """Sandboxes only: an exchange's production may be heard, but no environment trades there. Raises SettingsError."""
    sandboxes = {name: source for name, source in settings.feeds.sources.items() if source.sandbox}
    known = {name: frozenset(_instrument(name, each) for each in source.instruments) for name, source in sandboxes.items()}
    return Offer(
        exchanges={name: frozenset(map(Market, source.markets)) for name, source in sandboxes.items()},
        instruments={name: instruments for name, instruments in known.items() if instruments},
        risk=Risk(**settings.trading.model_dump()),
        recorded_s=settings.feeds.record_hours * 3600,
    )


def _instrument(source: str, written: str) -> str:
    if (found := instrument(written)) is None:
        raise SettingsError(f"TRELLIS_FEEDS__SOURCES: {source}: {written!r} is no instrument: write BTC/USDT or BTCUSDT")
    return found
