"""Traces, wired: on where an endpoint is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import tracing
from bot.settings import Settings, SettingsError

_NAME = "TRELLIS_TELEMETRY__OTLP_ENDPOINT"


def check_traces(settings: Settings) -> None:
    """Raises SettingsError where traces are wanted and cannot be had."""
    if settings.telemetry.otlp_endpoint:
        try:
            tracing.exporting(settings.telemetry.otlp_endpoint).shutdown()
        except tracing.NotInstalled as error:
            raise SettingsError(f"{_NAME} is set, but {error}") from None


@asynccontextmanager
async def traced(settings: Settings, part: str) -> AsyncIterator[None]:
    """Trace as long as the block runs. Raises SettingsError."""
    check_traces(settings)
    if not settings.telemetry.otlp_endpoint:
        yield
        return
    tracing.start(tracing.exporting(settings.telemetry.otlp_endpoint), part)
    try:
        yield
    finally:
        await asyncio.to_thread(tracing.stop)
