"""Holding a lease while work is done under it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.domain.errors import LeaseLost
from bot.store.leases import Lease
from bot.store.store import Store

log = structlog.get_logger()


class Holder:
    """Who claims leases, and for how long (seconds)."""

    def __init__(self, store: Store, name: str, lease_s: float) -> None:
        self.store = store
        self.name = name
        self.lease_s = lease_s

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[Lease | None]:
        """The lease, renewed at a third for as long as the block runs; None when another has it.

        The block is cancelled, and LeaseLost raised, when the lease cannot be renewed before it runs out.
        """
        lease = await self.store.claim(name, self.name, self.lease_s)
        if lease is None:
            yield None
            return
        owner = asyncio.current_task()
        assert owner is not None  # noqa: S101 - we are in a coroutine
        lost = asyncio.Event()
        renewing = asyncio.create_task(self._renew(lease, owner, lost))
        try:
            yield lease
        except asyncio.CancelledError:
            if lost.is_set() and owner.uncancel() == 0:
                raise LeaseLost(name) from None
            raise
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            with contextlib.suppress(Exception):  # it runs out by itself
                await asyncio.shield(self.store.release(lease))

    async def _renew(self, lease: Lease, owner: asyncio.Task[object], lost: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        runs_out = loop.time() + self.lease_s
        while True:
            await asyncio.sleep(self.lease_s / 3)
            try:
                asked = loop.time()
                async with asyncio.timeout(self.lease_s / 3):
                    await self.store.renew(lease, self.lease_s)
                runs_out = asked + self.lease_s
            except LeaseLost:
                break
            except Exception as error:  # noqa: BLE001 - a database that is away for a moment
                log.warning("lease_not_renewed", lease=lease.name, reason=repr(error))
                if loop.time() > runs_out - self.lease_s / 3:
                    break
        lost.set()
        owner.cancel()
