"""Workers that say when they begin a job: ours with its four desks, and arq's as it comes. `python -m bench.ring_workers bell|arq URL`."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter_ns, process_time_ns
from typing import Any

from arq.connections import RedisSettings, create_pool
from arq.worker import Worker
from redis.asyncio import Redis

from bot.worker.desk import Desk
from bot.worker.doorbell import KINDS, attend

STARTED = "bench:started"
READY = "bench:ready"


def _now(id_: str) -> str:
    """Which job has begun, when, and how much of a processor this worker has used so far."""
    return f"{id_} {perf_counter_ns()} {process_time_ns()}"


async def bell(url: str) -> None:
    async with Redis.from_url(url) as redis:

        async def work(id_: str) -> None:
            await redis.lpush(STARTED, _now(id_))

        desks = [asyncio.create_task(attend(Desk(kind, work, 10), url)) for kind in KINDS]
        await redis.lpush(READY, 1)
        await asyncio.gather(*desks)


async def look(ctx: dict[str, Any], id_: str) -> None:
    await ctx["redis"].lpush(STARTED, _now(id_))


async def arq(url: str) -> None:
    worker = Worker([look], redis_pool=await create_pool(RedisSettings.from_dsn(url)), handle_signals=False)
    await worker.pool.lpush(READY, 1)  # type: ignore[misc]  # redis-py gives both its kinds one type
    await worker.async_run()


def main() -> None:
    kind, url = sys.argv[1:]
    try:
        import uvloop  # noqa: PLC0415 - not on every platform; `trellis work` does the same
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        runner.run(bell(url) if kind == "bell" else arq(url))


if __name__ == "__main__":
    main()
