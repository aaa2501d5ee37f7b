"""What somebody may see: asked of the same decision as in chat, and remembered for a moment."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.auth.policy import Role
from bot.domain.message import Person, Platform

_REMEMBERED_S = 10.0
_MOST_REMEMBERED = 5_000


class Judge(Protocol):
    """The bus, as far as looking goes."""

    async def visible(self, person: Person) -> frozenset[str]:
        """The keys of the projects in which somebody may look."""

    async def role(self, person: Person) -> Role:
        """What somebody is here, whatever the project."""


@dataclass(frozen=True)
class View:
    """`projects` may be seen; an operator may also see how the machinery is."""

    projects: frozenset[str]
    is_operator: bool


class Sight:
    """Looking is asked for with every page and every live part: forges are spared by an answer of a few seconds ago."""

    def __init__(self, judge: Callable[[], Awaitable[Judge]], clock: Callable[[], float] = time.monotonic) -> None:
        self._judge = judge
        self._clock = clock
        self._seen: dict[tuple[Platform, str], tuple[float, View]] = {}

    async def of(self, person: Person) -> View:
        key, now = (person.platform, person.id), self._clock()
        until, view = self._seen.get(key, (0.0, None))
        if view is not None and now < until:
            return view
        judge = await self._judge()
        view = View(await judge.visible(person), await judge.role(person) is Role.ADMIN)
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key] = (now + _REMEMBERED_S, view)
        return view
