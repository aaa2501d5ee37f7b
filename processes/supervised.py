"""A child that is meant to stay: started again when it ends, later each time it does so soon."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processes.child import Child, start
from processes.order import CannotStart, Exit, Order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True)
class Backoff:
    """Seconds until a restart: `first`, then twice as long each time up to `most`; from `first` again after `stable` seconds of running."""

    first_s: float = 0.1
    most_s: float = 30.0
    stable_s: float = 30.0


class Supervised:
    """Keeps one child running. `on_exit` is awaited after each end that nobody asked for, `on_start` after each start."""

    def __init__(
        self,
        order: Order,
        *,
        on_exit: Callable[[Exit], Awaitable[None]] | None = None,
        on_start: Callable[[Child], Awaitable[None]] | None = None,
        backoff: Backoff = Backoff(),
    ) -> None:
        self.order = order
        self.child: Child | None = None
        self.last_exit: Exit | None = None
        self.restarts = 0
        self._on_exit, self._on_start = on_exit, on_start
        self._backoff = backoff
        self._soon = 0  # ends in a row that came soon
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.is_running

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child and self.child.is_running else None

    async def start(self) -> None:
        """Start it, once; from then on it is kept. Raises CannotStart, and then nothing is kept."""
        if self._task and not self._task.done():
            return
        await self._launch()
        self._task = asyncio.create_task(self._keep())

    def keep(self) -> None:
        """Start it in the background and keep trying, even when it cannot be started at first."""
        if not self._task or self._task.done():
            self._task = asyncio.create_task(self._keep())

    async def stop(self, grace_s: float = 5.0) -> None:
        """Stop it for good: TERM, then KILL for what is left after `grace_s`."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.wait([task])
        if self.child:
            self.last_exit = await self.child.stop(grace_s)

    async def restart(self, grace_s: float = 5.0) -> None:
        """Stop it and start it again. Raises CannotStart."""
        await self.stop(grace_s)
        self._soon = 0
        await self.start()

    async def _launch(self) -> None:
        self.child = await start(self.order)
        if self._on_start:
            await self._on_start(self.child)

    async def _ended(self) -> Exit:
        if self.child is None:
            return Exit(127, None, None, 0.0)
        return await self.child.wait()

    async def _keep(self) -> None:
        while True:
            if self.child is not None and (self.child.is_running or self.child.exit is not self.last_exit):
                self.last_exit = await self._ended()
                self._soon = 0 if self.last_exit.seconds >= self._backoff.stable_s else self._soon
                if self._on_exit:
                    await self._on_exit(self.last_exit)
                await asyncio.sleep(min(self._backoff.most_s, self._backoff.first_s * 2 ** min(self._soon, 20)))
                self._soon += 1
                self.restarts += 1
            try:
                await self._launch()
            except CannotStart:
                await asyncio.sleep(min(self._backoff.most_s, self._backoff.first_s * 2 ** min(self._soon, 20)))
                self._soon += 1
