"""A Job for each run: made once, read from any process, written down when it has ended."""

from __future__ import annotations

import asyncio
import base64
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from deploy import frames
from deploy.asked import checked, fingerprint
from deploy.frames import Spoken
from deploy.kubernetes import health, standing
from deploy.kubernetes.api import JOBS, SECRETS, Api, Body
from deploy.kubernetes.looks import Looks
from deploy.kubernetes.objects import ASKED, CANCELLED, ENDED, MOST_BYTES, body_of, given, owned, owner_of
from deploy.kubernetes.settings import KubernetesSettings
from deploy.kubernetes.standing import Look
from deploy.runner import Job, Observed, OtherJob, Rights, RunnerUnavailable, State

_GONE_WITHIN_S = 60.0
_PAUSE_S = 0.25
_TRIES = 8
_UNHEARD = 3
"""So often in a row it is asked in vain for a run that is followed, also by whoever had so little of the processor that time is up."""


class KubernetesRunner:
    """`clock` is the time of day, for what the API server dates; `pause` waits for so many seconds."""

    def __init__(
        self,
        settings: KubernetesSettings,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._api = Api(settings)
        self._looks = Looks(self._api, settings.look_s)
        self._clock = clock
        self._pause = pause
        self._heard: dict[str, tuple[float, str, Spoken]] = {}

    async def close(self) -> None:
        """Let go of connections. Runs go on."""
        await self._api.close()

    async def problems(self) -> tuple[str, ...]:
        """Why no run can be made. Raises RunnerUnavailable."""
        return await health.problems(self._api, self._settings)

    async def start(self, job: Job, rights: Rights) -> None:
        checked(job.id)
        data = given(job, rights)
        there = await self._api.create(JOBS, body_of(job, rights, self._settings, 1)) or await self._there(job, rights)
        await self._keep(job.id, there, data)  # the Job is what decides, so it comes first; its pod waits for what it is given

    async def _there(self, job: Job, rights: Rights) -> Body:
        """The Job of that name, begun again when it was lost."""
        look = await self._looks.now(job.id)
        if look is None:
            raise RunnerUnavailable(f"{job.id} is being taken away.")
        if (look.job["metadata"].get("annotations") or {}).get(ASKED) != fingerprint(job):
            raise OtherJob(f"Something else was started as {job.id}.")
        if look.job["metadata"].get("deletionTimestamp"):
            raise RunnerUnavailable(f"{job.id} is being taken away.")
        if (await self._observed(look)).state is not State.LOST or look.verdict is None:
            return look.job
        await self._remove(look.job)
        made = await self._api.create(JOBS, body_of(job, rights, self._settings, look.tries + 1))
        if made is None:
            raise RunnerUnavailable(f"{job.id} was started by somebody else at the same moment.")
        return made

    async def _keep(self, name: str, job: Body, data: dict[str, bytes]) -> None:
        """A Secret of this Job; the first one stays. One of an earlier Job of that name, which nobody has collected yet, gives way."""
        for _ in range(_TRIES):
            if await self._api.create(SECRETS, owned(name, job, data)) is not None:
                return
            there = await self._api.get(SECRETS, name)
            if there is not None and owner_of(there) == job["metadata"]["uid"]:
                return
            if there is not None:
                await self._api.delete(SECRETS, name, there["metadata"]["uid"])
            await self._pause(_PAUSE_S)
        raise RunnerUnavailable(f"What an earlier {job['metadata']['name']} was given is being taken away.")

    async def observe(self, id: str) -> Observed:
        look = await self._looks.at(checked(id))
        return Observed(State.UNKNOWN) if look is None else await self._observed(look)

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        """An API server that does not answer is asked again while there is time, and some times at least: the run goes on meanwhile."""
        until, unheard = asyncio.get_running_loop().time() + within_s, 0
        while True:
            try:
                observed = await self.observe(id)
            except RunnerUnavailable:
                unheard += 1
                if unheard >= _UNHEARD and asyncio.get_running_loop().time() >= until:
                    raise
            else:
                unheard = 0
                is_news = observed.state is not State.RUNNING or len(observed.events) > seen
                if is_news or asyncio.get_running_loop().time() >= until:
                    return observed
            left_s = max(0.0, until - asyncio.get_running_loop().time())
            await self._pause(_PAUSE_S if unheard else min(max(self._settings.look_s, _PAUSE_S), left_s))

    async def _observed(self, look: Look) -> Observed:
        if ENDED in (look.job["metadata"].get("labels") or {}):
            return await self._written(look)
        spoken = await self._spoken(look)
        if look.verdict is None and spoken == Spoken() and not await self._is_handed_over(look):
            return Observed(State.LOST, tries=look.tries)
        if spoken.end is None and not look.is_over(self._clock()):
            return standing.running(look, spoken)
        seen = standing.ended(look, spoken) if spoken.end else standing.unsaid(look, spoken)
        if seen.state is State.ENDED:
            await self._write_down(look.job, seen)
            self._heard.pop(look.name, None)
        return seen

    async def _is_handed_over(self, look: Look) -> bool:
        """Whoever started it may have died before its pod had what it waits for."""
        begun = look.pod is not None and _has_begun(look.pod)
        return begun or await self._api.get(SECRETS, look.name) is not None

    async def _spoken(self, look: Look) -> Spoken:
        """What its pod said so far; for one that runs, as it was a moment ago."""
        pod = look.pod
        if pod is None or not _has_begun(pod):
            return Spoken()
        at, uid, heard = self._heard.get(look.name, (float("-inf"), "", Spoken()))
        if look.verdict is None and uid == pod["metadata"]["uid"] and time.monotonic() < at + self._settings.log_s:
            return heard
        try:
            log = await self._api.log(pod["metadata"]["name"])
        except RunnerUnavailable:
            if look.is_long_over(self._clock()):
                return Spoken()
            raise
        spoken = await asyncio.to_thread(frames.read, log or b"")
        self._heard[look.name] = (time.monotonic(), pod["metadata"]["uid"], spoken)
        return spoken

    async def _write_down(self, job: Body, seen: Observed) -> None:
        """In the cluster, so that it is read when the pod is gone. The first one stays."""
        name = job["metadata"]["name"]
        data = {"said": zlib.compress(standing.to_json(seen)), **({"made": zlib.compress(seen.made)} if seen.made is not None else {})}
        if sum(map(len, data.values())) > MOST_BYTES:
            data["said"] = zlib.compress(standing.to_json(Observed(State.ENDED, (), seen.result, None, seen.log, seen.tries)))
        await self._keep(f"{name}-said", job, data)
        await self._api.patch(JOBS, name, {"metadata": {"uid": job["metadata"]["uid"], "labels": {ENDED: "yes"}}})

    async def _written(self, look: Look) -> Observed:
        secret = await self._api.get(SECRETS, f"{look.name}-said")
        if secret is None:
            return Observed(State.LOST, tries=look.tries)
        data = {name: zlib.decompress(base64.b64decode(value)) for name, value in secret["data"].items()}
        return standing.from_json(data["said"], data.get("made"))

    async def cancel(self, id: str) -> None:
        """The Job's controller ends the pod: SIGTERM, and SIGKILL after a while."""
        look = await self._looks.now(checked(id))
        if look is None or ENDED in (look.job["metadata"].get("labels") or {}) or (await self._observed(look)).state is not State.RUNNING:
            return
        change: dict[str, Any] = {"uid": look.job["metadata"]["uid"], "annotations": {CANCELLED: "yes"}}
        await self._api.patch(JOBS, id, {"metadata": change, "spec": {"activeDeadlineSeconds": 1}})
        self._looks.forget()

    async def forget(self, id: str) -> None:
        job = await self._api.get(JOBS, checked(id))
        if job is not None:
            await self._remove(job)
        self._heard.pop(id, None)

    async def _remove(self, job: Body) -> None:
        """With its pods and Secrets, which go before it does. Raises RunnerUnavailable while one of them takes its time."""
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        await self._api.delete(JOBS, name, uid)
        self._looks.forget()
        for _ in range(int(_GONE_WITHIN_S / _PAUSE_S)):
            there = await self._api.get(JOBS, name)
            if there is None or there["metadata"]["uid"] != uid:
                return
            await self._pause(_PAUSE_S)
        raise RunnerUnavailable(f"{name} is being taken away, and has not ended after {_GONE_WITHIN_S:.0f} s.")


def _has_begun(pod: standing.Body) -> bool:
    """Whether there can be a log."""
    states = [each.get("state") or {} for each in (pod.get("status") or {}).get("containerStatuses") or ()]
    return any("running" in each or "terminated" in each for each in states)
