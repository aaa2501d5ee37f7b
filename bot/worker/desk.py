"""A desk: the rows of one kind that this process works on now, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot import meters
from bot.domain.errors import LeaseLost
from bot.worker.ending import AGAIN_S, end

log = structlog.get_logger()


class Desk:
    """`work` is called with a row's id, once at a time for each id; a ring for one that is in hand makes it be looked at again."""

    def __init__(self, name: str, work: Callable[[str], Awaitable[None]], limit: int, nudge: Callable[[str], None] | None = None) -> None:
        self.name = name
        self._work = work
        self._limit = limit
        self._nudge = nudge
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._room = asyncio.Event()
        self._room.set()
        self._is_open = True

    @property
    def has_room(self) -> bool:
        return self._is_open and len(self._tasks) < self._limit

    async def room(self) -> None:
        await self._room.wait()

    def take(self, id: str) -> bool:
        """Begin, or look again when it is in hand. False when there is no room: the sweep brings it again."""
        if id in self._tasks:
            self._again.add(id)
            if self._nudge:
                self._nudge(id)
            return True
        if not self.has_room:
            return False
        self._tasks[id] = asyncio.create_task(self._run(id), name=f"{self.name}:{id}")
        if not self.has_room:
            self._room.clear()
        return True

    async def _run(self, id: str) -> None:
        meters.jobs.labels(self.name).inc()
        try:
            await self._work(id)
        except LeaseLost:
            log.info("lease_lost", desk=self.name, id=id)
            meters.leases_lost.labels(self.name).inc()
        except Exception:  # the row stays due, the sweep brings it again
            log.exception("desk_failed", desk=self.name, id=id)
        finally:
            meters.jobs.labels(self.name).dec()
            del self._tasks[id]
            if self._is_open:
                self._room.set()
            if id in self._again:
                self._again.discard(id)
                self.take(id)

    async def idle(self) -> None:
        """Return when nothing is in hand."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def close(self, again_s: float = AGAIN_S) -> None:
        """Let go of everything: what was interrupted is taken up by another."""
        self._is_open = False
        self._again.clear()
        await end(self._tasks.values(), again_s)
        self._tasks.clear()  # one that had not begun never comes to its own end
