"""The cloud's images in memory: a bake goes through its steps, a worker may die at any of them, and what is left is there for the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from provisioner.engine import EngineUnavailable
from provisioner.images import Bakery, Image, Stock, Tell

STEPS = ("starting", "setting up", "packing")


@dataclass
class FakeBakery(Bakery):
    """`failures` are raised by the next bakes, at `fails_at`; `gate` holds one back there while it is closed."""

    clock: Callable[[], float] = lambda: 0.0
    made_of: str = "version1"
    images: dict[str, Image] = field(default_factory=dict)
    builders: dict[str, float] = field(default_factory=dict)  # by bake: its deadline
    started: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    failures: deque[Exception] = field(default_factory=deque)
    fails_at: str = "setting up"
    is_down: bool = False

    def __post_init__(self) -> None:
        self.gate, self.reached = asyncio.Event(), asyncio.Event()
        self.gate.set()

    def version(self) -> str:
        return self.made_of

    async def bake(self, id: str, deadline: float, tell: Tell) -> str:
        known = next((each for each in self.images.values() if each.bake == id), None)
        for step in () if known else STEPS:
            self._must_be_up()
            tell(step)
            if step == "starting" and id not in self.builders:
                self.builders[id] = deadline
                self.started.append(id)
            if step == "packing":
                name = f"ami-{len(self.started):08x}"
                self.images[name] = known = Image(name, id, self.made_of, self.clock(), is_usable=False)
            if step == self.fails_at:
                self.reached.set()
                await self.gate.wait()
                if self.failures:
                    raise self.failures.popleft()
        assert known is not None
        self.images[known.id] = replace(known, is_usable=True)
        return known.id

    async def clear(self, id: str) -> None:
        self._must_be_up()
        self.builders.pop(id, None)

    async def stock(self) -> Stock:
        self._must_be_up()
        return Stock(tuple(self.images.values()), frozenset(self.builders), frozenset(self.used))

    async def forget(self, image: str) -> None:
        self._must_be_up()
        self.images.pop(image, None)

    def _must_be_up(self) -> None:
        if self.is_down:
            raise EngineUnavailable("AWS, looking at images: RequestLimitExceeded")
