"""Who works under a lease stops while it is still theirs, also when the database does not answer and when they stood still themselves."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import LeaseLost
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.worker.leasing import Holder

LEASE_S = 0.6


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    store = Store(Database(f"sqlite+aiosqlite:///{tmp_path / 'trellis.db'}"))
    await migrate(store.database)
    yield Holder(store, "one", LEASE_S)
    await store.database.close()


async def test_a_database_that_does_not_answer_stops_the_work_before_the_lease_runs_out(holder: Holder, tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / "trellis.db", isolation_level=None)
    patient = Holder(holder.store, "one", 2.0)  # long enough for a machine that does other things

    async def work() -> float:
        began = time.monotonic()
        try:
            async with patient.holding("row"):
                blocker.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(10)
        except LeaseLost:
            return time.monotonic() - began
        return 10.0

    assert await work() < patient.lease_s
    blocker.close()


async def test_who_stood_still_past_the_lease_finds_out_before_any_effect(holder: Holder) -> None:
    async with holder.holding("row") as lease:
        assert lease is not None
        holder.must_hold(lease)
        time.sleep(LEASE_S)  # nothing of this process runs meanwhile
        with pytest.raises(LeaseLost):
            holder.must_hold(lease)


async def test_who_is_stopped_while_claiming_leaves_nothing_claimed(holder: Holder, tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / "trellis.db", isolation_level=None)

    async def work() -> None:
        async with holder.holding("row"):
            await asyncio.sleep(10)

    blocker.execute("BEGIN IMMEDIATE")
    working = asyncio.create_task(work())
    for _ in range(20):  # turns of the loop, until it waits for the database
        await asyncio.sleep(0.001)
    working.cancel()
    await asyncio.sleep(0)
    blocker.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await working
    async with Holder(holder.store, "other", LEASE_S).holding("row") as lease:
        assert lease is not None
    blocker.close()


async def test_who_lets_go_holds_no_more(holder: Holder) -> None:
    async with holder.holding("row") as lease:
        assert lease is not None
    with pytest.raises(LeaseLost):
        holder.must_hold(lease)


async def test_who_is_stopped_as_a_lease_is_let_go_of_stops(holder: Holder) -> None:
    async def work() -> None:
        async with holder.holding("row"):
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(stopping.cancel)
        await asyncio.Event().wait()

    stopping = asyncio.create_task(work())
    await asyncio.wait({stopping}, timeout=60)
    assert stopping.cancelled()
    async with holder.holding("row") as lease:
        assert lease is not None, "let go of all the same"
