"""The sweep: finds every row whose time has come, whatever became of its ring."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bot import meters
from bot.ending_locks import end_what_ran_out
from bot.store.store import Store
from bot.worker.desk import Desk
from bot.worker.late import end_what_waited_too_long
from bot.worker.voids import Voids

log = structlog.get_logger()

_PRUNE_EVERY = 500


async def sweep(store: Store, desks: Mapping[str, Desk], voids: Voids) -> int:
    """Hand every due row to its desk, end what waited too long for people, void what moved while it did; how many there were."""
    late = await end_what_waited_too_long(store) + await end_locks(store)
    rings = await store.due()
    for kind, id_ in rings:
        desks[kind].take(id_)
    return len(rings) + late + await voids.look()


async def end_locks(store: Store) -> int:
    """Those whose time is over; asked without a transaction that writes, for mostly there are none."""
    async with store.look() as look:
        if not await look.locks.are_run_out():
            return 0
    async with store.transaction() as transaction:
        await transaction.lock_beginnings()
        return await end_what_ran_out(transaction)


async def sweep_for_ever(store: Store, desks: Mapping[str, Desk], voids: Voids, every_s: float) -> None:
    count = 0
    while True:
        try:
            with meters.sweep_seconds.time():
                await sweep(store, desks, voids)
            if count % _PRUNE_EVERY == 0:
                await store.prune()
        except Exception as error:  # noqa: BLE001 - the database may be away; the next round tells
            log.warning("sweep_failed", reason=repr(error))
        count += 1
        await asyncio.sleep(every_s)
