"""Many deployments while the API server fails, answers are lost and pods die: each has one Job and one end, and all again changes nothing.

The pods are no processes: a node in this process ends them, with the plan's hash that their contents have.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.frames import Frames
from deploy.kubernetes import KubernetesRunner
from deploy.runner import Job, Observed, Rights, RunnerUnavailable, State, Step
from libdeploy.target import to_json
from tests.deploy.stages import kubernetes_settings
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.kubernetes.objects import Kept
from tests.libdeploy.wishes import target

MANY = int(os.environ.get("TRELLIS_TEST_REPLAYS", "100"))
AMISS = 0.1


class Weather:
    """What goes wrong, by one seed: a tenth of the requests fail or lose their answer, a tenth of the pods die."""

    def __init__(self, fake: FakeKubernetes) -> None:
        self.fake = fake
        self.chance = random.Random(4)
        self.logs: dict[str, bytes] = {}
        self.deaths = 0
        self.ran: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        fake.log_of = self.logs.get

    def goes_on(self) -> None:
        self.fake.step(2)
        for pod in list(self.fake.objects.all("Pod")):
            if pod.body["status"].get("phase") == "Pending":
                self._ends(pod)
        self.fake.step()

    def _ends(self, pod: Kept) -> None:
        run = pod.body["metadata"]["labels"]["trellis.dev/run"]
        secret = self.fake.objects.find("Secret", run)
        if secret is None:  # it waits for what it is given
            return
        self.ran[run] += 1
        status = {"phase": "Succeeded", "containerStatuses": [{"name": "run", "state": {"terminated": {"exitCode": 0}}}]}
        if self.chance.random() < AMISS:
            self.deaths += 1
            status = {"phase": "Failed", "reason": "Evicted"}
        else:
            self.done[run] += 1
            log = bytearray()
            frames = Frames(log.extend)
            given = base64.b64decode(secret.body["data"]["run"])
            frames.out(json.dumps({"event": "result", "outcome": "applied", "plan_hash": hashlib.sha256(given).hexdigest()}).encode())
            frames.end(None, {"how": "exited with code 0 after 0.1 s"})
            self.logs[pod.name] = bytes(log)
        with self.fake._lock:
            self.fake.objects.update(pod, lambda body: body.update(status=status), "kubelet")


async def once(runner: KubernetesRunner, job: Job) -> Observed | None:
    """As a worker does it: begun, looked at, begun again when it was lost; what cannot be said now is asked again later."""
    try:
        seen = await runner.observe(job.id)
        if seen.state in {State.UNKNOWN, State.LOST}:
            await runner.start(job, Rights())
    except RunnerUnavailable:
        return None
    return seen if seen.state is State.ENDED else None


@pytest.mark.long
async def test_each_has_one_job_and_one_end_and_all_again_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with FakeKubernetes() as fake:
        fake.controllers.has_nodes = True
        weather = Weather(fake)
        settings = replace(kubernetes_settings(fake.kubeconfig(tmp_path)), look_s=0.2)
        jobs = {f"d{number}": Job(f"d{number}", Step.APPLY, f"# {number}", to_json(target())) for number in range(MANY)}
        ended: dict[str, Observed] = {}
        for _ in range(60):
            runner = KubernetesRunner(settings, pause=lambda _: asyncio.to_thread(fake.step))  # whoever asked before has died
            left = [job for name, job in jobs.items() if name not in ended]
            fake.be_unreliable(weather.chance, AMISS)
            for job, seen in zip(left, await asyncio.gather(*(once(runner, job) for job in left)), strict=True):
                if seen is not None:
                    ended[job.id] = seen
            await runner.close()
            fake.be_unreliable(weather.chance, 0)
            await asyncio.to_thread(weather.goes_on)
            if len(ended) == MANY:
                break
        assert len(ended) == MANY
        assert weather.deaths > MANY * AMISS / 2
        assert len(fake.names("Job")) == MANY
        assert len([each for each in fake.names("Secret") if each.endswith("-said")]) == MANY
        assert set(weather.done.values()) == {1}, "what has been done is not done again"
        # Whoever died between taking a lost one away and beginning it anew took the count with it.
        assert all(1 <= seen.tries <= weather.ran[name] for name, seen in ended.items())
        asked, version, names = len(fake.requests), fake.objects.version, fake.names()
        later = KubernetesRunner(settings)
        await asyncio.gather(*(later.start(job, Rights()) for job in jobs.values()))
        again = dict(zip(jobs, await asyncio.gather(*map(later.observe, jobs)), strict=True))
        await later.close()
        assert (again, fake.objects.version, fake.names()) == (ended, version, names)
        assert len({seen.result["plan_hash"] for seen in again.values() if seen.result}) == MANY
    assert asked * AMISS * 0.5 < fake.troubles < asked * AMISS * 1.5
    told = f"{fake.troubles} of {asked} requests failed or lost their answer, {weather.deaths} runs died"
    with capsys.disabled():
        print(f"\nreplay: {MANY} deployments, {told}; all again: nothing changed; {time.monotonic() - began:.0f} s")  # noqa: T201
