"""Holding a lease while work is done under it."""

from __future__ import annotations

import asyncio
import contextlib
import time
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
        self._runs_out: dict[Lease, float] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def must_hold(self, lease: Lease) -> None:
        """Raises LeaseLost when the lease is about to run out, or has: said right before an effect that no transaction and no fence guards.

        Whoever stood still for long finds out here, before anything wakes that would tell.
        """
        if time.monotonic() > self._runs_out.get(lease, 0.0) - self.lease_s / 3:  # a loop's own time may be that of its last turn
            raise LeaseLost(lease.name)

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[Lease | None]:
        """The lease, renewed at a third for as long as the block runs; None when another has it.

        The block is cancelled, and LeaseLost raised, when the lease cannot be renewed before it runs out.
        """
        asked = time.monotonic()
        lease = await self._claim(name)
        if lease is None:
            yield None
            return
        self._runs_out[lease] = asked + self.lease_s
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
            self._runs_out.pop(lease, None)
            renewing.cancel()
            try:
                await asyncio.wait({renewing})
            finally:
                with contextlib.suppress(Exception):  # it runs out by itself
                    if not lost.is_set():
                        await asyncio.shield(self.store.release(lease))

    async def _claim(self, name: str) -> Lease | None:
        """Who is cancelled in the middle of it may have got it all the same: it is let go of, or nobody could have it until it runs out."""
        claiming = asyncio.create_task(self.store.claim(name, self.name, self.lease_s))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                if taken := await claiming:
                    await self.store.release(taken)
            raise

    async def _renew(self, lease: Lease, owner: asyncio.Task[object], lost: asyncio.Event) -> None:
        """At each third ask for more time. No answer, while there is time to stop, is a no."""
        while True:
            await asyncio.sleep(self.lease_s / 3)
            asked = time.monotonic()
            asking = asyncio.create_task(self.store.renew(lease, self.lease_s))
            self._asking.add(asking)
            asking.add_done_callback(self._asked)
            # Not cancelled when it is late: a database that does not answer would have us wait for that, too.
            await asyncio.wait({asking}, timeout=self._runs_out[lease] - self.lease_s / 10 - asked)
            if not asking.done() or isinstance(asking.exception(), LeaseLost):
                break
            if error := asking.exception():
                log.warning("lease_not_renewed", lease=lease.name, reason=repr(error))
                if time.monotonic() > self._runs_out[lease] - self.lease_s / 3:
                    break
            else:
                self._runs_out[lease] = asked + self.lease_s
        lost.set()
        owner.cancel()

    def _asked(self, asking: asyncio.Task[None]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # looked at, whoever has gone away meanwhile
