"""What is being done and not wanted any more is interrupted: the spec was edited meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.domain.environment import Environment
from bot.store.store import Store

T = TypeVar("T")
_WATCH_S = 0.5


class Unwanted(Exception):  # noqa: N818
    """What is being done is not wanted any more: the spec was edited."""


def is_edited(row: Environment, begun: Environment) -> bool:
    return row.generation != begun.generation or row.cancelled_generation >= begun.generation


class Interrupting:
    """Looks at the row while something is done, at once when it is nudged."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._nudges: dict[str, asyncio.Event] = {}

    def nudge(self, id: str) -> None:
        """Its spec may have been edited."""
        if event := self._nudges.get(id):
            event.set()

    async def unless_unwanted(
        self, environment: Environment, work: Awaitable[T], is_for_nothing: Callable[[Environment, Environment], bool] = is_edited
    ) -> T:
        """The result of `work`. Interrupts it and raises Unwanted when it is for nothing, by the row now and at its beginning."""
        doing = asyncio.ensure_future(work)
        watching = asyncio.create_task(self._watch(environment, is_for_nothing))
        try:
            await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            watching.result()
            raise Unwanted
        finally:
            for task in (doing, watching):
                task.cancel()
            await asyncio.gather(doing, watching, return_exceptions=True)

    async def _watch(self, begun: Environment, is_for_nothing: Callable[[Environment, Environment], bool]) -> None:
        nudged = self._nudges.setdefault(begun.id, asyncio.Event())
        try:
            while True:
                try:
                    async with asyncio.timeout(_WATCH_S):
                        await nudged.wait()
                except TimeoutError:
                    pass
                nudged.clear()
                async with self._store.look() as look:
                    row = await look.environments.get(begun.id)
                    now = look.now
                if row is None or not row.is_wanted or now >= row.expires_at or is_for_nothing(row, begun):
                    return
        finally:
            self._nudges.pop(begun.id, None)
