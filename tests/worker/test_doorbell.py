"""A ring begins the work at once, once for each row, and waits where nobody has a hand free."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.worker.desk import Desk
from bot.worker.doorbell import BellWorker, Doorbell, attend, bell_of, connect, press, queue_of

WITHIN_S = 60


class Work:
    """What was begun, in order; it ends when the test lets it."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._news = asyncio.Condition()

    async def __call__(self, id_: str) -> None:
        async with self._news:
            self.begun.append(id_)
            self._news.notify_all()
        await self.may_end.wait()

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(WITHIN_S), self._news:
            await self._news.wait_for(lambda: len(self.begun) >= count)
        return self.begun


@asynccontextmanager
async def attended(url: str, name: str, work: Work, limit: int = 10) -> AsyncIterator[Desk]:
    desk = Desk(name, work, limit)
    task = asyncio.create_task(attend(desk, url))
    try:
        yield desk
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await desk.close()


@pytest.fixture
async def doorbell(redis_url: str) -> AsyncIterator[Doorbell]:
    made = Doorbell(redis_url)
    yield made
    await made.stop()


async def test_rings_that_wait_together_go_in_one_each_to_its_desk_and_once(redis_url: str, doorbell: Doorbell) -> None:
    hear, say = Work(), Work()
    await doorbell.ring([("hear", "1"), ("say", "github:shop:7"), ("hear", "1"), ("hear", "2")])
    await doorbell.ring([("hear", "2"), ("hear", "3")])
    doorbell.start()
    async with attended(redis_url, "hear", hear), attended(redis_url, "say", say):
        assert sorted(await hear.until(3)) == ["1", "2", "3"]
        assert await say.until(1) == ["github:shop:7"]
        await doorbell.ring([("hear", "1")])
        assert sorted(await hear.until(4)) == ["1", "1", "2", "3"]
    assert say.begun == ["github:shop:7"]


async def test_a_full_desk_leaves_the_others_for_whoever_is_free(redis_url: str) -> None:
    busy, free = Work(), Work()
    busy.may_end.clear()
    pool = await connect(redis_url)
    try:
        async with attended(redis_url, "create", busy, limit=1):
            await press(pool, [("create", "first")])
            assert await busy.until(1) == ["first"]
            await press(pool, [("create", "second"), ("create", "third")])
            async with attended(redis_url, "create", free):
                assert sorted(await free.until(2)) == ["second", "third"]
        assert busy.begun == ["first"]
    finally:
        await pool.aclose()


async def test_nothing_rests_in_redis(redis_url: str) -> None:
    work = Work()
    pool = await connect(redis_url)
    try:
        await press(pool, [("destroy", str(number)) for number in range(5)])
        lasts_ms = [await pool.pttl(key) for key in await pool.keys("arq:job:*")]
        assert len(lasts_ms) == 5
        assert all(0 < each <= 60_000 for each in lasts_ms)
        async with attended(redis_url, "destroy", work):
            await work.until(5)
            async with asyncio.timeout(WITHIN_S):
                while await pool.keys("arq:*") and await pool.zcard(queue_of("destroy")):
                    await asyncio.sleep(0.01)
            assert await pool.zcard(queue_of("destroy")) == 0
    finally:
        await pool.aclose()


async def test_bells_that_nobody_hears_do_not_heap_up(redis_url: str) -> None:
    pool = await connect(redis_url)
    try:
        await press(pool, [("say", str(number)) for number in range(100)])
        assert await pool.llen(bell_of("say")) == 64  # type: ignore[misc]  # redis-py gives both its kinds one type
        assert await pool.zcard(queue_of("say")) == 100
    finally:
        await pool.aclose()


async def test_asked_to_stop_as_redis_goes_it_stops(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began = asyncio.Event()

    async def goes_with_redis(_: BellWorker) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise RedisConnectionError("gone")

    monkeypatch.setattr(BellWorker, "async_run", goes_with_redis)
    task = asyncio.create_task(attend(Desk("hear", Work(), 1), redis_url))
    await began.wait()
    began.clear()
    task.cancel()
    again = asyncio.create_task(began.wait())
    await asyncio.wait({task, again}, return_when=asyncio.FIRST_COMPLETED, timeout=WITHIN_S)
    stopped = task.cancelled()
    for each in (task, again):
        each.cancel()
    await asyncio.wait({task, again}, timeout=WITHIN_S)
    assert stopped
