"""All runs looked at together, so that hundreds cost what one does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from deploy.kubernetes.api import JOBS, PODS, Api
from deploy.kubernetes.objects import ENDED, RUN, owner_of
from deploy.kubernetes.standing import Body, Look

_ALIVE = "status.phase!=Succeeded,status.phase!=Failed"


class Looks:
    """Who asks while somebody else is told waits for that answer; one that is younger than `look_s` is told again."""

    def __init__(self, api: Api, look_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._look_s = look_s
        self._clock = clock
        self._taken: dict[str, Look] = {}
        self._taken_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def at(self, id: str) -> Look | None:
        """None when there is no such run. Raises RunnerUnavailable."""
        if self._clock() >= self._taken_at + self._look_s:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._take())
            await asyncio.shield(self._task)
        look = self._taken.get(id)
        if look is not None and look.verdict is None and look.pods:
            return look
        return await self.now(id)

    async def now(self, id: str) -> Look | None:
        """Asked for by itself: it has ended, or is about to begin or to end."""
        job = await self._api.get(JOBS, id)
        if job is None:
            return None
        if ENDED in (job["metadata"].get("labels") or {}):
            return Look(job, [])
        pods = await self._api.list(PODS, f"job-name={id}")
        return Look(job, [each for each in pods if owner_of(each) == job["metadata"]["uid"]])

    def forget(self) -> None:
        """What was done just now shows with the next look."""
        self._taken_at = float("-inf")

    async def _take(self) -> None:
        at = self._clock()
        jobs = await self._api.list(JOBS, f"{RUN},!{ENDED}")
        pods = await self._api.list(PODS, RUN, _ALIVE)
        by_job: dict[str, list[Body]] = {}
        for pod in pods:
            by_job.setdefault(owner_of(pod), []).append(pod)
        self._taken = {job["metadata"]["name"]: Look(job, by_job.get(job["metadata"]["uid"], ())) for job in jobs}
        self._taken_at = at
