"""A node in this process: its pods do what libdeploy does, at once and in memory, and some of them die at it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
import zipfile
from collections import Counter
from typing import Any

from deploy.frames import Frames
from deploy.runner import Job, Step
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.kubernetes.objects import Kept
from tests.fakes.runner import FakeRunner

Where = tuple[str, str]


class Node:
    """`cluster.live` is what is there. So many of all pods die: before they begin, half-way, or when all is done and nobody has heard it."""

    def __init__(self, fake: FakeKubernetes, chance: random.Random) -> None:
        self.fake = fake
        self.cluster = FakeRunner()
        self.chance = chance
        self.dying = 0.0
        self.deaths = 0
        self.ticks = 0
        self.made: Counter[tuple[Where, str]] = Counter()
        self._logs: dict[str, bytes] = {}
        self._going: asyncio.Task[None] | None = None
        fake.log_of = self._logs.get

    async def pause(self, _: float) -> None:
        """Whoever waits lets it go on; together they let it do so once."""
        if self._going is None or self._going.done():
            self._going = asyncio.create_task(asyncio.to_thread(self._goes_on))
        await asyncio.shield(self._going)

    def _goes_on(self) -> None:
        self.fake.step(2)
        with self.fake._lock:
            for pod in list(self.fake.objects.all("Pod")):
                if pod.body["status"].get("phase") == "Pending":
                    self._runs(pod)
        self.fake.step()
        self.ticks += 1

    def _runs(self, pod: Kept) -> None:
        run = pod.body["metadata"]["labels"]["trellis.dev/run"]
        secret = self.fake.objects.find("Secret", run)
        if secret is None:  # it waits for what it is given
            return
        job = _job_of(run, base64.b64decode(secret.body["data"]["run"]))
        status: dict[str, Any] = {"phase": "Failed", "reason": "Evicted"}
        before = dict(self.cluster.live.get(_where(job), {}))
        if self.chance.random() >= self.dying:
            self._logs[pod.name] = self._said(job)
            status = {"phase": "Succeeded", "containerStatuses": [{"name": "run", "state": {"terminated": {"exitCode": 0}}}]}
        else:
            self.deaths += 1
            self.chance.choice((lambda _: None, self.cluster.does_half, self.cluster.does))(job)
        after = self.cluster.live.get(_where(job), {})
        self.made.update((_where(job), key) for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        self.fake.objects.update(pod, lambda body: body.update(status=status), "kubelet")

    def _said(self, job: Job) -> bytes:
        run, log = self.cluster.does(job), bytearray()
        frames = Frames(log.extend)
        for event in (*run.events, run.result):
            frames.out(json.dumps(event).encode())
        frames.end(run.made, {"how": "exited with code 0 after 0.1 s"})
        return bytes(log)


def _where(job: Job) -> Where:
    return job.target["service"], job.target["environment"]["name"]


def _job_of(run: str, packed: bytes) -> Job:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    step = next(step for step in Step if f"-{step}-" in run)
    given = {name: files.get(f"{name}.json") for name in ("live", "plan", "previous")}
    return Job(run, step, files["deploy.py"].decode(), json.loads(files["target.json"]), **given)  # type: ignore[arg-type]
