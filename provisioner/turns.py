"""One step at a time in each environment: the same step asked for again is joined, another one takes its place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from provisioner.engine import EngineUnavailable, StaleFence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from provisioner.fences import Fences

Key = tuple[str, int | str | None]


class Turns:
    """The step that is being done in one environment, if any. A step goes on when whoever asked for it goes away."""

    LAST: Key = ("destroy", None)  # nothing cuts it off, all waits for it

    def __init__(self, environment: str, fences: Fences) -> None:
        self._environment, self._fences = environment, fences
        self._key: Key | None = None
        self._task: asyncio.Task[Any] | None = None

    async def take(self, key: Key, fence: int, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do `work`, or join the same work under way. Raises StaleFence when a higher fence was, or comes to be, seen."""
        while True:
            self._fences.claim(self._environment, fence)
            task = self._task
            if task is None or task.done():
                task = self._task = asyncio.create_task(_do(work))
                self._key = key
                break
            if self._key == key:
                break
            if self._key == self.LAST:
                await asyncio.wait([task])
            else:
                await self.give_up()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise EngineUnavailable("another order took the place of this one") from None
        finally:
            if self._fences.highest(self._environment) > fence:
                raise StaleFence(f"environment {self._environment} was taken over while this was done")

    def is_doing(self, *keys: Key) -> bool:
        """Whether one of these is the step that is being done right now."""
        return self._task is not None and not self._task.done() and self._key in keys

    def is_at(self, generation: int) -> bool:
        """Whether `generation` is being made right now."""
        return self._task is not None and not self._task.done() and self._key is not None and self._key[1] == generation

    async def give_up(self) -> None:
        """Cancel the step under way and wait until it has cleared up."""
        task = self._task
        if task and not task.done():
            task.cancel()
            await asyncio.wait([task])


async def _do(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()
