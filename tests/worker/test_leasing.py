"""A lease is held and renewed for as long as the work runs; without it the work is stopped and nothing is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.domain.errors import LeaseLost
from bot.store import leases
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.worker.leasing import Holder
from tests.fakes.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LEASE_S = 0.3
"""Of the wall; the database's clock is the test's."""


class Counting(Store):
    """Counts renewals; `is_away` makes each of them fail."""

    renewals = 0
    is_away = False

    async def renew(self, lease: leases.Lease, seconds: float) -> None:
        self.renewals += 1
        if self.is_away:
            raise OSError("no database")
        await super().renew(lease, seconds)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'trellis.db'}", ManualClock())
    await migrate(database)
    yield Counting(database)
    await database.close()


async def _until(condition: object) -> None:
    async with asyncio.timeout(60):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_while_one_holds_it_another_gets_none(store: Counting) -> None:
    async with Holder(store, "one", 30).holding("environment:a") as first:
        assert first
        async with Holder(store, "two", 30).holding("environment:a") as second:
            assert second is None
        async with Holder(store, "two", 30).holding("environment:b") as other:
            assert other
    async with Holder(store, "two", 30).holding("environment:a") as second:
        assert second
        assert second.fence > first.fence


async def test_even_the_same_holder_gets_it_once(store: Counting) -> None:
    holder = Holder(store, "one", 30)
    async with holder.holding("a") as first, holder.holding("a") as second:
        assert first
        assert second is None


async def test_it_is_renewed_for_as_long_as_the_work_runs(store: Counting) -> None:
    async with Holder(store, "one", LEASE_S).holding("a") as lease:
        assert lease
        await _until(lambda: store.renewals >= 4)
        async with store.transaction(lease):
            pass
    renewals = store.renewals
    await asyncio.sleep(LEASE_S)
    assert store.renewals == renewals


async def test_taken_by_another_the_work_is_stopped_and_writes_nothing(store: Counting) -> None:
    clock = store.database.clock
    assert isinstance(clock, ManualClock)
    wrote: list[str] = []

    async def work() -> None:
        async with Holder(store, "one", LEASE_S).holding("a") as lease:
            clock.advance(hours=1)
            assert await store.claim("a", "two", 30)
            try:
                async with store.transaction(lease):
                    wrote.append("let in")
            except LeaseLost:
                await asyncio.sleep(10)
            wrote.append("not stopped")

    with pytest.raises(LeaseLost):
        await work()
    assert wrote == []
    assert await store.claim("a", "three", 30) is None, "what is the other's is not let go of"


async def test_a_database_that_is_away_stops_the_work_before_the_lease_runs_out(store: Counting) -> None:
    async def work() -> None:
        began = asyncio.get_running_loop().time()
        async with Holder(store, "one", 3).holding("a"):
            store.is_away = True
            try:
                await asyncio.sleep(30)
            finally:
                took.append(asyncio.get_running_loop().time() - began)

    took: list[float] = []
    with pytest.raises(LeaseLost):
        await work()
    assert took[0] < 3


async def test_a_database_that_is_away_for_a_moment_does_not(store: Counting) -> None:
    async with Holder(store, "one", 6).holding("a") as lease:
        store.is_away = True
        await _until(lambda: store.renewals >= 1)
        store.is_away = False
        await _until(lambda: store.renewals >= 2)
        assert lease
        async with store.transaction(lease):
            pass


async def test_work_that_is_cancelled_lets_go_at_once(store: Counting) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with Holder(store, "one", 30).holding("a"):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.claim("a", "two", 30)


async def test_work_that_breaks_lets_go_and_says_what_broke(store: Counting) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Holder(store, "one", 30).holding("a"):
            raise ZeroDivisionError
    assert await store.claim("a", "two", 30)
