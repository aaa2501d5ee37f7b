"""Ring → start: how long an idle worker takes to begin what it is rung for, and what its waiting costs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter_ns

from arq.connections import RedisSettings, create_pool
from redis.asyncio import Redis

from bench import parts
from bench.figures import Figure, Unit, at_most, p50
from bench.ring_workers import READY, STARTED
from bot.worker.doorbell import connect, press

_WITHIN_S = 10
_QUIET_S = 0.02
_ARQ_POLL_S = 0.5

Ring = Callable[[str], Awaitable[object]]


@dataclass(frozen=True)
class Size:
    """Rings of arq's worker, rings of ours for each of them, and seconds of idling."""

    rings: int = 16
    ours_each: int = 8
    idle_s: float = 2.0


TINY = Size(2, 2, 0.1)


async def run(size: Size = Size()) -> Sequence[Figure]:
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(parts.folder())
        url = await stack.enter_async_context(parts.redis(home))
        redis = await stack.enter_async_context(Redis.from_url(url))
        for kind in ("bell", "arq"):
            await stack.enter_async_context(parts.running(home, kind, parts.python("-m", "bench.ring_workers", kind, url), {}))
            if not await redis.blpop([READY], timeout=_WITHIN_S):
                raise parts.NotUp(f"the worker {kind} does not come up")
        pool = await connect(url)
        stack.push_async_callback(pool.aclose)
        plain = await create_pool(RedisSettings.from_dsn(url))
        stack.push_async_callback(plain.aclose)
        bell = _Worker(redis, lambda id_: press(pool, [("say", id_)]))
        arq = _Worker(redis, lambda id_: plain.enqueue_job("look", id_))
        for _ in range(size.rings):
            for _ in range(size.ours_each):
                await bell.measure(_QUIET_S)
            await arq.measure(_ARQ_POLL_S)
        busy = await _busy_percent((bell, arq), size.idle_s)
    return (
        Figure("ring → start, idle, p50", p50(bell.waits_ms), Unit.MILLISECONDS, "arq as it comes", p50(arq.waits_ms), at_most(5)),
        Figure("of a core while idle", busy[0], Unit.PERCENT, "arq as it comes", busy[1]),
    )


class _Worker:
    """One of the two as seen from here. Its clock is ours: perf_counter is the machine's."""

    def __init__(self, redis: Redis, ring: Ring) -> None:
        self._redis = redis
        self._ring = ring
        self._count = 0
        self._chance = random.Random(7)
        self.waits_ms: list[float] = []

    async def measure(self, within_s: float) -> None:
        """Ring at some time within so many seconds."""
        await asyncio.sleep(within_s * self._chance.random())
        began = perf_counter_ns()
        at, _ = await self.begins()
        self.waits_ms.append((at - began) / 1e6)

    async def begins(self) -> tuple[int, int]:
        """Ring; when the job began, and what processor time its worker has used till then, in nanoseconds."""
        self._count += 1
        await self._ring(str(self._count))
        heard = await self._redis.blpop([STARTED], timeout=_WITHIN_S)  # type: ignore[misc]  # redis-py gives both its kinds one type
        if heard is None:
            raise TimeoutError("a ring was not heard")
        id_, at, used = map(int, heard[1].split())
        if id_ != self._count:
            raise ValueError(f"{self._count} was rung for and {id_} began")
        return at, used


async def _busy_percent(workers: Sequence[_Worker], seconds: float) -> list[float]:
    """Of one core, from one ring to another after a while of quiet."""
    before = [await worker.begins() for worker in workers]
    await asyncio.sleep(seconds)
    after = [await worker.begins() for worker in workers]
    return [(used - used_before) / (at - began) * 100 for (began, used_before), (at, used) in zip(before, after, strict=True)]
