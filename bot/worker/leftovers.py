"""What environments were given that are gone is taken back, where it could not be at their end."""

from __future__ import annotations

import asyncio

import structlog

from bot.domain.environment import State
from bot.store.store import Store
from bot.worker.equipment import Equipment, NotEquipped

log = structlog.get_logger()

_EVERY_S = 300.0


class Leftovers:
    """An environment that no row tells of is left alone: it may be in a copy of the database that is put back."""

    def __init__(self, store: Store, equipment: Equipment) -> None:
        self._store, self._equipment = store, equipment

    async def look(self) -> int:
        """How many there were. Raises NotEquipped."""
        found = 0
        for id_ in sorted(await self._equipment.equipped()):
            async with self._store.look() as look:
                row = await look.environments.get(id_)
            if row and row.state is State.GONE:
                await self._equipment.take_back(id_)
                log.warning("environment_still_equipped", environment=id_)
                found += 1
        return found


async def take_back_for_ever(leftovers: Leftovers, every_s: float = _EVERY_S) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await leftovers.look()
        except NotEquipped as error:
            log.warning("leftovers_not_looked_for", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("leftovers_failed", reason=repr(error))
