"""Five hundred people create at the same moment: never more than the quota, and how fast that is beside bare transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter

from bench import databases, parts
from bench.figures import Figure, Unit, at_least
from bot.app.edges import rules_of
from bot.bus import Bus
from bot.domain.command import Event
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.settings import Settings
from bot.store.store import Store
from bot.worker.runtime import EngineRuntime
from tests.fakes.engine import FakeEngine, FakeRepositories

_LAB = "/srv/git/lab.git"
_IN_HAND = 25


@dataclass(frozen=True)
class Size:
    creates: int = 500
    quota: int = 100


TINY = Size(12, 4)


class Passed(Exception):  # noqa: N818 - a sentence
    """There are more environments than the quota allows, or fewer than there could be."""


async def run(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.sqlite(), "SQLite", size)


async def run_postgres(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.postgres(), "PostgreSQL", size)


async def _figures(kind: AbstractAsyncContextManager[databases.New], name: str, size: Size) -> Sequence[Figure]:
    async with kind as new, new("quota") as store, parts.folder() as home:
        bare = await _a_second([_bare(store, number) for number in range(size.creates)])
        bus = await _bus(store, Settings(data_dir=home, **_settings(size)))  # type: ignore[arg-type]
        ours = await _a_second([bus.hear(_said(number), number + 1) for number in range(size.creates)])
        async with store.look() as look:
            there = await look.environments.count_live()
    if there != min(size.quota, size.creates):
        raise Passed(f"there are {there} environments, and the quota is {size.quota}")
    label = f"creates at once, quota {size.quota} of {size.creates:,} kept ({name})"
    return [Figure(label, ours, Unit.PER_SECOND, "as many transactions of one row", bare, at_least(0.05))]


def _settings(size: Size) -> dict[str, object]:
    limits = {"environments": size.quota, "per_person": 0, "per_project": 0, "replies_per_hour": 0}
    return {"projects": {"lab": {"forge": "local", "clone_url": _LAB}}, "limits": limits}


async def _bus(store: Store, settings: Settings) -> Bus:
    repositories = FakeRepositories({_LAB: lambda: {"demo": "b" * 40}})
    return Bus(store, EngineRuntime(FakeEngine(repositories), repositories), {}, await rules_of(settings, {}))


def _said(number: int) -> Said:
    person = Person(Platform.CONSOLE, f"person-{number}", f"person-{number}")
    thread = Thread(Platform.CONSOLE, f"console:{person.id}")
    return Said(f"key-{number}", person, thread, f"/ivy create lab:demo --name n{number}", "", Dialect.LINE, is_direct=True)


async def _bare(store: Store, number: int) -> None:
    async with store.transaction() as transaction:
        await transaction.note(Event(at=transaction.now, kind="bare", actor=f"console:{number}", data={}))


async def _a_second(works: Sequence[Awaitable[None]]) -> float:
    """All of them at once, of which so many are in hand at a time as connections are there for."""
    places = asyncio.Semaphore(_IN_HAND)

    async def in_hand(work: Awaitable[None]) -> None:
        async with places:
            await work

    began = perf_counter()
    await asyncio.gather(*map(in_hand, works))
    return len(works) / (perf_counter() - began)
