"""Many ask at the same moment for fewer warm spares: each spare is one asker's, and how fast that is beside bare UPDATEs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter

from msgspec.structs import replace
from sqlalchemy import update

from bench import databases
from bench.figures import Figure, Unit, at_least
from bot.domain.environment import Size as OfMachine
from bot.domain.spares import Spare, SpareState
from bot.store.spare_tables import spares
from bot.store.store import Store

_IN_HAND = 25
_AIM = 0.3  # a claim asks for the time and chooses a row before it writes
_OWN, _BARE, _ENGINE = "shop", "bare", "branch-env"


@dataclass(frozen=True)
class Size:
    spares: int = 200
    askers: int = 500


TINY = Size(6, 15)


class Doubled(Exception):  # noqa: N818 - a sentence
    """A spare was given to two, or there is one that nobody was given."""


async def run(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.sqlite(), "SQLite", size)


async def run_postgres(size: Size = Size()) -> Sequence[Figure]:
    return await _figures(databases.postgres(), "PostgreSQL", size)


async def _figures(kind: AbstractAsyncContextManager[databases.New], name: str, size: Size) -> Sequence[Figure]:
    async with kind as new, new("claims") as store:
        await _made(store, size)
        _, bare = await _a_second(size.askers, lambda number: _bare(store, number % size.spares))
        got, ours = await _a_second(size.askers, lambda _: _claim(store))
    check([each for each in got if each], size)
    label = f"claims of {size.spares} spares by {size.askers} at once ({name})"
    return [Figure(label, ours, Unit.PER_SECOND, "bare UPDATEs of as many rows", bare, at_least(_AIM))]


def check(claimed: Sequence[str], size: Size) -> None:
    """Raises Doubled."""
    most = min(size.spares, size.askers)
    if len(claimed) != most or len(set(claimed)) != most:
        raise Doubled(f"{len(claimed)} askers have {len(set(claimed))} spares, of {size.spares} for {size.askers}")


async def _made(store: Store, size: Size) -> None:
    """Those that are claimed, and as many rows beside them for what claims are compared with."""
    async with store.transaction() as transaction:
        now = transaction.now
        for project in (_OWN, _BARE):
            for number in range(size.spares):
                spare = Spare(id=f"{project}-{number}", project=project, engine=_ENGINE, size=OfMachine.SMALL, created_at=now + number)
                await transaction.spares.add(replace(spare, state=SpareState.READY, ready_at=now, expires_at=now + 1e6))


async def _claim(store: Store) -> str | None:
    async with store.transaction() as transaction:
        return await transaction.spares.claim(_OWN, _ENGINE, OfMachine.SMALL)


async def _bare(store: Store, number: int) -> str | None:
    """One row, by its key: there is nothing to choose."""
    async with store.database.write() as connection:
        await connection.execute(update(spares).where(spares.c.id == f"{_BARE}-{number}").values(claimed_at=1.0))
    return None


async def _a_second(count: int, work: Callable[[int], Awaitable[str | None]]) -> tuple[list[str | None], float]:
    """All of them at once, of which so many are in hand at a time as connections are there for."""
    places = asyncio.Semaphore(_IN_HAND)

    async def in_hand(number: int) -> str | None:
        async with places:
            return await work(number)

    began = perf_counter()
    answers = await asyncio.gather(*map(in_hand, range(count)))
    return answers, count / (perf_counter() - began)
