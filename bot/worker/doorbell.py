"""The doorbell: arq carries an id that says 'look at this one'. Nothing is in Redis that is not in SQL."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from arq.worker import Worker, func
from msgspec import json
from redis.exceptions import RedisError

from bot.store.transaction import Ring
from bot.worker.desk import Desk
from bot.worker.ending import end

log = structlog.get_logger()

KINDS = ("hear", "say", "create", "destroy", "deploy", "record")
_MOST_BELLS = 64
_MOST_AT_ONCE = 64
_JOB_LASTS_MS = 60_000
_POLL_S = 0.5
_LOOK_TIMEOUT_S = 10


def queue_of(kind: str) -> str:
    return f"trellis:{kind}"


def bell_of(kind: str) -> str:
    return f"trellis:{kind}:bell"


async def connect(url: str) -> ArqRedis:
    """A pool that speaks JSON, never pickle. Raises when Redis cannot be reached."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 2
    settings.conn_retries = 1
    settings.conn_retry_delay = 0
    return await create_pool(settings, job_serializer=json.encode, job_deserializer=json.decode, default_queue_name=queue_of("hear"))


class Doorbell:
    """Rings without making anybody wait. A ring that is lost costs the time to the next sweep."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rings: asyncio.Queue[Ring] = asyncio.Queue(maxsize=10_000)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="doorbell")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def ring(self, rings: Iterable[Ring]) -> None:
        for each in rings:
            with contextlib.suppress(asyncio.QueueFull):
                self._rings.put_nowait(each)

    async def _run(self) -> None:
        pool: ArqRedis | None = None
        while True:
            rings = await self._waiting()
            try:
                pool = pool or await connect(self._url)
                await press(pool, rings)
            except (RedisError, OSError) as error:
                log.warning("rings_lost", rings=rings, reason=str(error))
                if pool:
                    with contextlib.suppress(Exception):
                        await pool.aclose()
                pool = None

    async def _waiting(self) -> list[Ring]:
        """All rings that wait, each once; at least one."""
        rings = {await self._rings.get(): None}
        while len(rings) < _MOST_AT_ONCE and not self._rings.empty():
            rings[self._rings.get_nowait()] = None
        return list(rings)


async def press(pool: ArqRedis, rings: Iterable[Ring]) -> None:
    """Put the jobs and ring their bells, in one go. Each ring has an id of its own: arq drops one whose id it still knows."""
    now_ms = timestamp_ms()
    async with pool.pipeline(transaction=False) as pipe:
        for kind, id_ in rings:
            # As arq's enqueue_job does it, without asking first whether the id is known: it cannot be.
            job_id = f"{kind}:{id_}:{secrets.token_hex(4)}"
            job = serialize_job("look", (id_,), {}, None, now_ms, serializer=pool.job_serializer)
            pipe.psetex(job_key_prefix + job_id, _JOB_LASTS_MS, job)
            pipe.zadd(queue_of(kind), {job_id: now_ms})
            pipe.lpush(bell_of(kind), 1)
            pipe.ltrim(bell_of(kind), 0, _MOST_BELLS - 1)
        await pipe.execute()


async def look(ctx: dict[str, Any], id: str) -> None:
    """The only arq job there is: hand the id to the desk and be done, so that nothing ever rests in arq."""
    ctx["desk"].take(id)


class BellWorker(Worker):
    """arq's worker, woken by a bell beside its own poll, and picking only while the desk has room."""

    def __init__(self, desk: Desk, pool: ArqRedis) -> None:
        super().__init__(
            functions=[func(look, name="look", keep_result=0, max_tries=1)],
            queue_name=queue_of(desk.name),
            redis_pool=pool,
            ctx={"desk": desk},
            handle_signals=False,
            keep_result=0,
            poll_delay=_POLL_S,
            job_timeout=_LOOK_TIMEOUT_S,
            health_check_interval=10,
            job_serializer=json.encode,
            job_deserializer=json.decode,
            log_results=False,
        )
        self._desk = desk
        self._picking = asyncio.Lock()

    async def _poll_iteration(self) -> None:
        async with self._picking:
            if self._desk.has_room:
                await super()._poll_iteration()

    async def listen(self) -> None:
        """Pop the bell only with a free place, and pick at once."""
        while True:
            await self._desk.room()
            rung: Awaitable[Any] = self.pool.blpop([bell_of(self._desk.name)], timeout=1)  # type: ignore[assignment]
            if await rung:
                await self._poll_iteration()


async def attend(desk: Desk, url: str) -> None:
    """Listen for one desk for ever, through every failure of Redis."""
    pause_s = 0.1
    while True:
        pool: ArqRedis | None = None
        try:
            pool = await connect(url)
            worker = BellWorker(desk, pool)
            pause_s = 0.1
            await _together(worker.async_run(), worker.listen())
        except (TimeoutError, RedisError, OSError) as error:
            log.warning("redis_away", desk=desk.name, reason=str(error))
        except Exception:
            log.exception("bell_broke", desk=desk.name)
        finally:
            if pool:
                with contextlib.suppress(Exception):
                    await pool.aclose()
        await asyncio.sleep(pause_s)
        pause_s = min(5.0, pause_s * 2)


async def _together(*jobs: Coroutine[Any, Any, Any]) -> None:
    """Until one of them fails; the others end with it.

    A TaskGroup forgets that it was cancelled where a child fails just then (Python before 3.13).
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for each in done:
            if not each.cancelled():
                each.result()
    finally:
        await end(tasks)
