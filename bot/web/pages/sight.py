"""What somebody may see: asked of the same decision as in chat, and remembered for a moment."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import msgspec

from bot.auth.policy import Role
from bot.domain.environment import Environment
from bot.domain.message import Person

_REMEMBERED_S = 10.0
_MOST_REMEMBERED = 5_000
T = TypeVar("T")


class Judge(Protocol):
    """The bus, as far as looking goes."""

    async def visible(self, person: Person, words: str = "ivy list") -> frozenset[str]:
        """The keys of the projects in which somebody may look, by that command."""

    async def may_each(self, person: Person, words: Iterable[str], environments: Sequence[Environment]) -> frozenset[tuple[str, str]]:
        """What somebody may say about which environments, as (words, id)."""

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
        self._seen: dict[Hashable, tuple[float, Any]] = {}

    async def of(self, person: Person) -> View:
        async def judged(judge: Judge) -> View:
            return View(await judge.visible(person), await judge.role(person) is Role.ADMIN)

        return await self._remembered((person.platform, person.id), judged)

    async def where(self, person: Person, words: str) -> frozenset[str]:
        """The keys of the projects about which somebody may say this command."""
        return await self._remembered((person.platform, person.id, words), lambda judge: judge.visible(person, words))

    async def _remembered(self, key: Hashable, ask: Callable[[Judge], Awaitable[T]]) -> T:
        now = self._clock()
        until, known = self._seen.get(key, (0.0, None))
        if now < until:
            return cast("T", known)
        found = await ask(await self._judge())
        self._make_room()
        self._seen[key] = (now + _REMEMBERED_S, found)
        return found

    async def may(self, person: Person, environments: Sequence[Environment], *words: str) -> frozenset[tuple[str, str]]:
        """What of this somebody may say about which environments, as (words, id): a page shows no more than they would."""
        now = self._clock()
        keys = {(command, it.id): _about(person, command, it) for command in words for it in environments}
        known = {pair: self._seen.get(key, (0.0, False)) for pair, key in keys.items()}
        if unknown := [it for it in environments if any(known[command, it.id][0] <= now for command in words)]:
            allowed = await (await self._judge()).may_each(person, words, unknown)
            fresh = {(command, it.id): (now + _REMEMBERED_S, (command, it.id) in allowed) for command in words for it in unknown}
            self._make_room()
            self._seen.update({keys[pair]: answer for pair, answer in fresh.items()})
            known.update(fresh)
        return frozenset(pair for pair, (_, is_allowed) in known.items() if is_allowed)

    async def as_told(self, person: Person, environments: Sequence[Environment]) -> list[Environment]:
        """The same, without the addresses of those whose status somebody may not ask for, and what they wrote without `ivy logs`."""
        allowed = await self.may(person, environments, "ivy status", "ivy logs")
        return [_told(it, ("ivy status", it.id) in allowed, ("ivy logs", it.id) in allowed) for it in environments]

    def _make_room(self) -> None:
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()


def _about(person: Person, command: str, it: Environment) -> Hashable:
    return (person.platform, person.id, command, it.id, it.owner.platform, it.owner.id)


def _told(it: Environment, has_status: bool, has_logs: bool) -> Environment:  # noqa: FBT001 - what somebody may ask for
    failure = msgspec.structs.replace(it.failure, log=()) if it.failure and not has_logs else it.failure
    return msgspec.structs.replace(it, addresses=it.addresses if has_status else (), failure=failure)
