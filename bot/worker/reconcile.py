"""Holding what runs against what should: nothing survives its row, and no ready row is without what it promises."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from bot.domain.command import Event
from bot.domain.deadlines import active, anew
from bot.domain.environment import Environment, State
from bot.domain.spares import SpareState
from bot.store.store import Store
from bot.worker.adopt import Adoption, is_behind
from bot.worker.leasing import Holder
from bot.worker.usage import Usage
from provisioner.engine import Engine, EngineUnavailable, Observed

log = structlog.get_logger()

_ROUGHLY_S = 60.0
"""How exactly the last visit is known."""


class Reconciler:
    """`look` is one round. What is missing or left over must be so in two rounds running before anything is done about it."""

    def __init__(self, holder: Holder, engine: Engine, host_id: str, adoption: Adoption) -> None:
        self._holder = holder
        self._store: Store = holder.store
        self._engine = engine
        self._host_id = host_id
        self._usage = Usage(holder.store)
        self._adoption = adoption
        self._suspected: set[str] = set()
        self._left_spares: set[str] = set()

    async def look(self) -> None:
        running = await self._beside_spares(await self._engine.observe())
        await self._usage.record(running)
        seen = {observed.environment for observed in running}
        async with self._store.look() as look:
            ready = {each.id for each in await look.environments.live() if each.state is State.READY and each.host_id == self._host_id}
            rows = {id_: await look.environments.get(id_) for id_ in seen}
            now = look.now
        await self._visited(running, rows, now)
        missing = ready - seen
        left = {id_ for id_, row in rows.items() if row is not None and row.state is State.GONE}
        for id_ in (missing | left) & self._suspected:
            await (bring_back(self._store, id_) if id_ in missing else self._remove(id_))
        self._suspected = missing | left | await self._restored(running, rows)

    async def _beside_spares(self, observed: Sequence[Observed]) -> Sequence[Observed]:
        """All but the spares: those that have their row, and those that get one since a database from before does not know them."""
        bare = [each for each in observed if each.generation is None and not each.ref]
        async with self._store.look() as look:
            known = {each.environment for each in bare if await look.environments.get(each.environment)}
            rows = {each.environment: await look.spares.get(each.environment) for each in bare}
        ours = [each for each in bare if each.environment not in known]
        for each in ours:
            if rows[each.environment] is None:
                await self._adoption.adopt_spare(each)
        left = {each.environment for each in ours if (row := rows[each.environment]) and row.state is SpareState.GONE}
        for id_ in left & self._left_spares:
            await self._remove(id_)
        self._left_spares = left
        spares = {each.environment for each in ours}
        return [each for each in observed if each.environment not in spares]

    async def _restored(self, running: Sequence[Observed], rows: Mapping[str, Environment | None]) -> set[str]:
        """What runs and is newer than the database, which was restored from before then; it is followed, never destroyed."""
        await self._adoption.forget_spares(running)
        await self._adoption.catch_up(running)
        unknown, behind = set[str](), set[str]()
        for observed in running:
            row = rows[observed.environment]
            if row is None:
                unknown.add(observed.environment)
            elif is_behind(row, observed):
                behind.add(observed.environment)
            else:
                continue
            if observed.environment in self._suspected:
                await (self._adoption.adopt(observed) if row is None else self._adoption.follow(observed))
        return unknown | behind

    async def _visited(self, running: Sequence[Observed], rows: Mapping[str, Environment | None], now: float) -> None:
        """Write down the visits, the last one of some time: what is visited is not quiet."""
        for observed in running:
            row = rows[observed.environment]
            if row is None or not row.is_wanted or observed.quiet_s is None or now - observed.quiet_s < row.active_at + _ROUGHLY_S:
                continue
            async with self._store.transaction() as transaction:
                if (locked := await transaction.environments.locked(row.id)) and locked.is_wanted:
                    await transaction.edit(active(locked, transaction.now - observed.quiet_s))

    async def _remove(self, id: str) -> None:
        async with self._holder.holding(f"environment:{id}") as lease:
            if lease is not None:
                log.warning("environment_left_over", environment=id)
                await self._engine.destroy(id, lease.fence)


async def bring_back(store: Store, id: str) -> None:
    """Have a ready one of which nothing is there made again."""
    async with store.transaction() as transaction:
        row = await transaction.environments.locked(id)
        if row is None or row.state is not State.READY or not row.is_settled:
            return
        log.warning("environment_missing", environment=id)
        await transaction.edit(msgspec.structs.replace(anew(row), running_generation=0, running_sha=""))
        await transaction.note(_event(row, transaction.now, "missing"))


def _event(environment: Environment, now: float, kind: str) -> Event:
    return Event(at=now, kind=kind, environment_id=environment.id, project=environment.project, actor="trellis")


async def reconcile_for_ever(reconciler: Reconciler, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await reconciler.look()
        except EngineUnavailable as error:
            log.warning("not_reconciled", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("reconcile_failed", reason=repr(error))
