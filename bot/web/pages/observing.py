"""What runs now, as the engine sees it: asked once for all who look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from provisioner.engine import Engine, EngineUnavailable, LooksInto, Observed, ServiceState

log = structlog.get_logger()

_FRESH_S = 2.0
_PATIENCE_S = 3.0


class Observing:
    """An engine that cannot be asked is shown as not known, and asked again a little later."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._until = 0.0
        self._seen: dict[str, Observed] | None = None
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def services(self, environment_id: str) -> Sequence[ServiceState] | None:
        """None when it cannot be known now."""
        async with self._lock:
            if time.monotonic() >= self._until:
                self._seen = await self._look()
                self._until = time.monotonic() + _FRESH_S
        if self._seen is None:
            return None
        found = self._seen.get(environment_id)
        if found is None:
            return ()
        self._have_looked_into(environment_id)
        return found.services if found.sees_services else None

    def _have_looked_into(self, environment_id: str) -> None:
        """Nobody waits for a machine: what is seen there stands on the page when it is drawn next."""
        if isinstance(self._engine, LooksInto) and environment_id not in self._looking:
            self._looking[environment_id] = asyncio.create_task(self._look_into(self._engine, environment_id))

    async def _look_into(self, engine: LooksInto, environment_id: str) -> None:
        try:
            await engine.look(environment_id)
        except Exception:  # a page is no place for it
            log.exception("not_looked_into", environment=environment_id)
        finally:
            del self._looking[environment_id]

    async def _look(self) -> dict[str, Observed] | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return {each.environment: each for each in await self._engine.observe()}
        except (EngineUnavailable, TimeoutError) as error:
            log.warning("not_observed", reason=str(error))
            return None
