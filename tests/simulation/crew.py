"""Workers whose clocks are wrong, on one database whose clock is right."""

from __future__ import annotations

import asyncio
import contextvars
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from bot.app.deploys import Deploys
from bot.app.edges import Edges
from bot.app.engines import Place
from bot.app.work import worker_parts
from bot.chats.chat import Posted
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Card, Reaction, Reply
from bot.settings import Settings
from bot.store.database import Database
from bot.store.store import Store
from bot.worker.sweep import sweep
from bot.worker.voids import Voids
from bot.worker.worker import desks_of
from tests.fakes.clock import ManualClock
from tests.fakes.runner import FakeFiles, FakeRunner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.store.transaction import Ring
    from bot.worker.desk import Desk

SKEW: contextvars.ContextVar[float] = contextvars.ContextVar("skew", default=0.0)
"""How wrong the clock is of whoever runs now, in seconds."""
_LOST_RINGS = 0.2


@dataclass
class Ear:
    """A chat that takes everything: what was said directly to whom, and when."""

    clock: ManualClock
    platform: Platform = Platform.SLACK
    direct: list[tuple[float, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    async def post(self, thread: Thread, message: Reply | Card, marker: str) -> Posted:
        assert marker not in self.seen, f"said twice: {marker}"
        self.seen.add(marker)
        if isinstance(message, Reply) and ":@" in thread.address:
            self.direct.append((self.clock.at, msgspec.json.encode(message).decode()))
        return Posted(marker)

    async def edit(self, thread: Thread, id: str, message: Reply | Card, marker: str) -> None: ...

    async def find(self, thread: Thread, marker: str) -> Posted | None:
        return Posted(marker) if marker in self.seen else None

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None: ...

    async def me(self) -> Person:
        return Person(self.platform, "U0BOT", "trellis", is_bot=True)


class Worker:
    """One worker: the product's own desks. Some of its rings are lost, as if Redis had been emptied."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self._chance = chance
        self._context = contextvars.copy_context()
        self._desks: dict[str, Desk] = {}
        self._voids: Voids
        self.store: Store

    async def begin(self, settings: Settings, database: Database, ear: Ear, place: Place) -> None:
        self.store = Store(database, self._ring)
        edges = Edges({Platform.SLACK: ear}, {}, place, Deploys(FakeRunner(), FakeFiles()))
        parts = await worker_parts(settings, self.store, edges, self.name, pace_s=0.0)
        self._desks, self._voids = desks_of(parts), parts.voids

    def wrong_by(self, seconds: float) -> None:
        self._context.run(SKEW.set, seconds)

    async def _ring(self, rings: Iterable[Ring]) -> None:
        for kind, id_ in rings:
            if self._chance.random() > _LOST_RINGS:
                self._desks[kind].take(id_)

    async def works(self) -> int:
        """One sweep, and everything that comes of it; how much was due."""
        return await asyncio.get_running_loop().create_task(self._works(), context=self._context)

    async def _works(self) -> int:
        found = await sweep(self.store, self._desks, self._voids)
        while any(desk._tasks for desk in self._desks.values()):
            for desk in self._desks.values():
                await desk.idle()
        return found

    async def dies(self) -> None:
        for desk in self._desks.values():
            await desk.close()
