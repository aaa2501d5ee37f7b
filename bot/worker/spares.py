"""Keeping as many warm spares as there should be: made behind people's own requests, replaced when they are stale."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from bot import meters
from bot.domain.ids import new_id
from bot.domain.lifecycle import backoff_s
from bot.domain.spares import Kind, Plan, Spare, SpareState, Target, plan, wanted_at
from bot.store.leases import Lease
from bot.store.store import Store
from bot.store.transaction import Transaction
from bot.worker.leasing import Holder
from provisioner.engine import Bare, Engine, EngineFailed, EngineUnavailable, Pattern, Preparing, StaleFence

log = structlog.get_logger()

LEASE = "spares"


IsOver = Callable[[Transaction, str], Awaitable[bool]]
"""Whether a project has no money left for spares."""


class Prepares(Engine, Preparing, Protocol):
    """An engine that can make machines beforehand."""


@dataclass(frozen=True)
class Stock:
    """What the operator wants: `at_once` are made at the same time."""

    targets: Mapping[Kind, Sequence[Target]]
    ttl_s: float
    at_once: int
    is_over: IsOver


@dataclass(frozen=True)
class _Seen:
    now: float
    live: Sequence[Spare]
    wanted: Mapping[Kind, int]
    refused: frozenset[str]  # projects for which none are made now


class Spares:
    """`look` is one round, of one worker at a time; what one that died has left is taken up by the next."""

    def __init__(self, holder: Holder, engine: Prepares, stock: Stock) -> None:
        self._holder, self._engine, self._stock = holder, engine, stock
        self._store: Store = holder.store

    async def look(self) -> None:
        async with self._holder.holding(LEASE) as lease:
            if lease is None:
                return
            seen = await self._seen()
            patterns = await self._patterns(seen)
            todo = plan(seen.live, seen.wanted, partial(_is_of_now, patterns), seen.now)
            for spare, why in todo.retire:
                await self._retire(spare, why, lease)
            going = [each for each in seen.live if each.state is SpareState.RETIRING and _is_due(each, seen.now)]
            going += [spare for spare, _ in todo.retire]
            await asyncio.gather(*(self._attempt(each, self._take_down(each)) for each in going))
            await self._fill(seen, todo, patterns)

    async def _patterns(self, seen: _Seen) -> Mapping[str, Pattern]:
        """Of the projects that have or want any."""
        projects = {each.project for each in seen.live} | {project for project, _ in seen.wanted}
        found = {project: await self._engine.pattern(project) for project in sorted(projects)}
        return {project: each for project, each in found.items() if each}

    async def _seen(self) -> _Seen:
        async with self._store.look() as look:
            now, targets = look.now, self._stock.targets
            projects = {project for project, _ in targets}
            is_stopped = await look.spares.stopped() is not None
            refused = {project for project in projects if is_stopped or await self._stock.is_over(look, project)}
            wanted = {kind: wanted_at(each, now) for kind, each in targets.items()}
            return _Seen(now, await look.spares.live(), wanted, frozenset(refused))

    async def _fill(self, seen: _Seen, todo: Plan, patterns: Mapping[str, Pattern]) -> None:
        """Those that a dead worker has left first, then new ones; whoever waits for a place goes before each."""
        left = [each for each in todo.going_on if _is_due(each, seen.now)]
        making: list[Spare | Kind] = [each for each in left if each.project not in seen.refused]
        making += [kind for kind in todo.make if kind[0] not in seen.refused and kind[0] in patterns]
        tasks = [asyncio.create_task(self._make_one(each, patterns)) for each in making[: self._stock.at_once]]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _make_one(self, what: Spare | Kind, patterns: Mapping[str, Pattern]) -> None:
        async with self._store.transaction() as transaction:
            if await transaction.spares.people_wait():
                return
            spare = what
            if not isinstance(spare, Spare):
                project, size = spare
                by = patterns[project]
                spare = Spare(id=new_id(), project=project, engine=by.engine, size=size, image=by.image, created_at=transaction.now)
                await transaction.spares.add(spare)
        await self._attempt(spare, self._make(spare))

    async def _make(self, spare: Spare) -> None:
        async with self._holder.holding(f"environment:{spare.id}") as lease:
            if lease is None:
                return
            began = time.monotonic()
            await self._engine.prepare(Bare(spare.id, f"spare-{spare.id[-10:]}", spare.project, spare.size.value), lease.fence)
            async with self._store.transaction(lease) as transaction:
                made = {"ready_at": transaction.now, "expires_at": transaction.now + self._stock.ttl_s}
                await transaction.spares.move(spare.id, SpareState.MAKING, SpareState.READY, troubles=0, retry_at=None, **made)
            meters.spare_made_seconds.labels(spare.size.value).observe(time.monotonic() - began)
            log.info("spare_ready", environment=spare.id, project=spare.project, size=spare.size.value)

    async def _retire(self, spare: Spare, why: str, lease: Lease) -> None:
        """It is claimed no more; when somebody was quicker, it is theirs."""
        async with self._store.transaction(lease) as transaction:
            if await transaction.spares.move(spare.id, spare.state, SpareState.RETIRING, why=why, troubles=0, retry_at=None):
                meters.spares_retired.labels(why).inc()

    async def _take_down(self, spare: Spare) -> None:
        async with self._holder.holding(f"environment:{spare.id}") as lease:
            if lease is None:
                return
            async with self._store.look() as look:
                row = await look.spares.get(spare.id)
            if row is None or row.state is not SpareState.RETIRING:
                return
            await self._engine.destroy(spare.id, lease.fence)
            async with self._store.transaction(lease) as transaction:
                await transaction.spares.move(spare.id, SpareState.RETIRING, SpareState.GONE, gone_at=transaction.now)

    async def _attempt(self, spare: Spare, work: Awaitable[None]) -> None:
        """A machine that cannot be had now is tried again later; nobody waits for it."""
        try:
            await work
        except StaleFence:
            log.warning("spare_taken_over", environment=spare.id)
        except (EngineFailed, EngineUnavailable) as error:
            log.warning("spare_in_trouble", environment=spare.id, project=spare.project, reason=str(error))
            meters.retries.labels("spare").inc()
            await self._later(spare.id)

    async def _later(self, id: str) -> None:
        async with self._store.transaction() as transaction:
            row = await transaction.spares.get(id)
            if row is not None and row.state in {SpareState.MAKING, SpareState.RETIRING}:
                troubles = row.troubles + 1
                await transaction.spares.move(id, row.state, row.state, troubles=troubles, retry_at=transaction.now + backoff_s(troubles))


def _is_of_now(patterns: Mapping[str, Pattern], spare: Spare) -> bool:
    """One that is half made is no other: its machine may be there, and keeps the image that it began with."""
    pattern = patterns.get(spare.project)
    return pattern is not None and (spare.engine, spare.image) == (pattern.engine, pattern.image)


def _is_due(spare: Spare, now: float) -> bool:
    return spare.retry_at is None or now >= spare.retry_at


async def stock_for_ever(spares: Spares, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await spares.look()
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("spares_failed", reason=repr(error))
