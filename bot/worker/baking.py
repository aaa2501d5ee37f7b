"""Baking the image that machines are made of: each night, when somebody asks, and taken up where a worker that died has left it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
import structlog

from bot import meters
from bot.domain.bake import Bake, BakeState, is_due, lost, spent
from bot.domain.ids import new_id
from bot.store.leases import Lease
from bot.store.store import Store
from bot.worker.leasing import Holder
from provisioner.engine import EngineFailed, EngineUnavailable
from provisioner.images import Bakery, Image, Stock, Tell

log = structlog.get_logger()

LEASE = "image"
_EVERY_S = 300.0


@dataclass(frozen=True)
class Recipe:
    """What the operator wants: `at` as `nightly` stores it, `named` the images that the settings name.

    `failed` hears why the last could not be baked, "" when it could.
    """

    at: str
    kept: int
    within_s: float
    named: frozenset[str]
    failed: Callable[[str], Awaitable[None]]


class Baking:
    """`look` is one round, of one worker at a time. Whatever comes of a bake, its builder is taken away and the last good image stays."""

    def __init__(self, holder: Holder, bakery: Bakery, recipe: Recipe) -> None:
        self._holder, self._bakery, self._recipe = holder, bakery, recipe
        self._store: Store = holder.store

    async def look(self, *, is_asked: bool = False, tell: Tell | None = None) -> Bake | None:
        """What became of the bake that was going on or due; None when there was none, or another is at it. Raises EngineUnavailable."""
        async with self._holder.holding(LEASE) as lease:
            if lease is None:
                return None
            stock = await self._put_right(lease)
            bake = await self._begun(lease, is_asked=is_asked)
            if bake is not None:
                bake = await self._carry_out(bake, lease, tell or _unheard)
                stock = await self._put_right(lease)
            await self._prune(stock, lease)
            await self._report()
            return bake

    async def prune(self) -> int | None:
        """How many were taken away; None when another is at it. Raises EngineUnavailable."""
        async with self._holder.holding(LEASE) as lease:
            if lease is None:
                return None
            return await self._prune(await self._put_right(lease), lease)

    # ------------------------------------------------------------ baking
    async def _begun(self, lease: Lease, *, is_asked: bool) -> Bake | None:
        """The one that is going on, or a new one when it is time."""
        async with self._store.transaction(lease) as transaction:
            going = await transaction.bakes.some(BakeState.BAKING)
            if going:
                return going[0]
            newest = next(iter(await transaction.bakes.recent(1)), None)
            if not is_asked and not is_due(self._recipe.at, newest, transaction.now):
                return None
            now = transaction.now
            bake = Bake(id=new_id(), version=self._bakery.version(), created_at=now, deadline=now + self._recipe.within_s)
            await transaction.bakes.add(bake)
            return bake

    async def _carry_out(self, bake: Bake, lease: Lease, tell: Tell) -> Bake:
        async with self._store.look() as look:
            left_s = bake.deadline - look.now
        late = f"it was not done in its time{f' ({bake.why})' if bake.why else ''}"
        if left_s <= 0:
            return await self._failed(bake, lease, late)
        log.info("bake", bake=bake.id, version=bake.version)
        try:
            async with asyncio.timeout(left_s):
                image = await self._bakery.bake(bake.id, bake.deadline, tell)
        except TimeoutError:
            return await self._failed(bake, lease, late)
        except EngineFailed as error:
            return await self._failed(bake, lease, error.reason)
        except EngineUnavailable as error:  # gone on with by the next look, until its deadline
            log.warning("bake_in_trouble", bake=bake.id, reason=str(error))
            async with self._store.transaction(lease) as transaction:
                await transaction.bakes.move(bake.id, BakeState.BAKING, BakeState.BAKING, why=str(error))
            return msgspec.structs.replace(bake, why=str(error))
        return await self._good(bake, lease, image)

    async def _good(self, bake: Bake, lease: Lease, image: str) -> Bake:
        async with self._store.transaction(lease) as transaction:
            now = transaction.now
            await transaction.bakes.move(bake.id, BakeState.BAKING, BakeState.READY, image=image, ended_at=now, why="")
        meters.bakes.labels("ready").inc()
        meters.bake_seconds.observe(now - bake.created_at)
        log.info("bake_ready", bake=bake.id, image=image, version=bake.version)
        return msgspec.structs.replace(bake, state=BakeState.READY, image=image, ended_at=now, why="")

    async def _failed(self, bake: Bake, lease: Lease, why: str) -> Bake:
        async with self._store.transaction(lease) as transaction:
            now = transaction.now
            await transaction.bakes.move(bake.id, BakeState.BAKING, BakeState.FAILED, ended_at=now, why=why)
        meters.bakes.labels("failed").inc()
        log.error("bake_failed", bake=bake.id, reason=why)
        return msgspec.structs.replace(bake, state=BakeState.FAILED, ended_at=now, why=why)

    # ------------------------------------------------------------ putting right
    async def _put_right(self, lease: Lease) -> Stock:
        """Builders without a bake, images that came to nothing, rows without an image, images of after the copy of a database."""
        stock = await self._bakery.stock()
        async with self._store.look() as look:
            now, known = look.now, {each.id: each for each in await look.bakes.some(*BakeState)}
        is_going = {id_ for id_, each in known.items() if each.state is BakeState.BAKING}
        for id_ in sorted(stock.builders - is_going):
            await self._bakery.clear(id_)
        for image in stock.images:
            bake = known.get(image.bake)
            if bake is None and image.is_usable and image.bake:
                await self._adopt(image, lease)
            elif bake is not None and bake.state in {BakeState.FAILED, BakeState.GONE} and image.id not in stock.used:
                await self._bakery.forget(image.id)
        there = {each.id for each in stock.images if each.is_usable}
        for bake in lost(tuple(known.values()), there, now):
            log.warning("image_lost", bake=bake.id, image=bake.image)
            await self._gone(bake, lease, "it was not in the account any more")
        return stock

    async def _adopt(self, image: Image, lease: Lease) -> None:
        at = image.baked_at
        row = Bake(id=image.bake, version=image.version, state=BakeState.READY, image=image.id, created_at=at, deadline=at, ended_at=at)
        async with self._store.transaction(lease) as transaction:
            await transaction.bakes.add(row)
        log.warning("image_adopted", bake=row.id, image=row.image)

    async def _report(self) -> None:
        """How the last one that ended came out; said again each time, so that nobody's death keeps it from being told."""
        async with self._store.look() as look:
            ended = await look.bakes.some(BakeState.READY, BakeState.FAILED)
        if ended:
            last = max(ended, key=lambda each: each.baked_at)
            await self._recipe.failed(last.why if last.state is BakeState.FAILED else "")

    async def _prune(self, stock: Stock, lease: Lease) -> int:
        async with self._store.look() as look:
            good = await look.bakes.some(BakeState.READY)
        gone = spent(good, self._recipe.kept, {*stock.used, *self._recipe.named})
        for bake in gone:
            await self._gone(bake, lease, "newer ones took its place")
            await self._bakery.forget(bake.image)
        return len(gone)

    async def _gone(self, bake: Bake, lease: Lease, why: str) -> None:
        """Nothing is made of it from now on."""
        async with self._store.transaction(lease) as transaction:
            await transaction.bakes.move(bake.id, BakeState.READY, BakeState.GONE, why=why)


def _unheard(_: str) -> None:
    return


async def bake_for_ever(baking: Baking, every_s: float = _EVERY_S) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await baking.look()
        except EngineUnavailable as error:
            log.warning("images_not_seen", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("baking_failed", reason=repr(error))
