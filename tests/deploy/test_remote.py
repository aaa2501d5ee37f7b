"""The runner of a host through its socket: workers come and go, runs go on; who asks for what cannot be is told so."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.host import HostSettings, hosting
from deploy.remote import RemoteRunner
from deploy.runner import CannotRun, Job, Observed, OtherJob, Rights, RunnerUnavailable, State, Step
from libdeploy.target import to_json
from processes import bearers, free_port, protection
from tests.libdeploy.test_host import DEPLOY, SERVER
from tests.libdeploy.wishes import target

SLOW = "import time, sys, json\nfor number in range(3):\n    print(json.dumps({'event': 'step', 'number': number}), flush=True)\n    time.sleep(0.2)\ntime.sleep(600)\n"


@dataclass
class Place:
    """A host that can die and come back, and a runner that does not know when."""

    settings: HostSettings
    runner: RemoteRunner
    port: int = field(default_factory=free_port)

    def job(self, id: str, step: Step, text: str = "one", **more: Any) -> Job:
        file = self.settings.folder.parent / text
        file.write_text(SERVER.format(python=sys.executable, text=text))
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        given = {"program": DEPLOY, "target": to_json(target("binary", sha256, port=self.port)), "artifact": file, "within_s": 20.0}
        return Job(id, step, **{**given, **more})

    async def runs(self, job: Job, rights: Rights = Rights()) -> Observed:  # noqa: B008 - frozen
        await self.runner.start(job, rights)
        async with asyncio.timeout(60):
            while (seen := await self.runner.follow(job.id, 10_000, 5)).state is State.RUNNING:
                pass
        return seen

    async def deploys(self, id: str, text: str = "one") -> Observed:
        rendered = await self.runs(self.job(f"{id}-render", Step.PLAN, text))
        looked = await self.runs(self.job(f"{id}-look", Step.LOOK, text, plan=rendered.made))
        planned = await self.runs(self.job(f"{id}-plan", Step.PLAN, text, live=looked.made))
        return await self.runs(self.job(f"{id}-apply", Step.APPLY, text, live=looked.made, plan=planned.made))

    async def says(self) -> str:
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    return (await client.get(f"http://127.0.0.1:{self.port}/")).text
                await asyncio.sleep(0.05)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    settings = HostSettings(tmp_path / "a-folder-whose-name-is-longer-than-an-address-of-a-socket-may-be-by-some-letters" / "deploys")
    made = Place(settings, RemoteRunner(settings.socket))
    yield made
    await made.runner.aclose()
    assert [pid for kind in ("deploy", "resident") for pid in bearers(settings.mark(kind))] == []


async def test_it_is_planned_looked_at_and_applied_over_the_socket(place: Place) -> None:
    async with hosting(place.settings):
        applied = await place.deploys("d1")
        assert applied.result is not None
        assert (applied.result["outcome"], await place.says()) == ("applied", "one")
        again = await place.deploys("d2")
        assert again.result is not None
        assert (again.result["outcome"], again.result["plan_hash"]) == ("unchanged", applied.result["plan_hash"])
        health = await place.runner.health()
        assert (health.problems, health.runs, health.programs) == ((), 0, 1)
        assert await place.runner.observe("d1-apply") == applied


@pytest.mark.long
async def test_after_a_restart_programs_come_back_and_runs_that_died_are_lost_and_can_be_started_again(place: Place) -> None:
    async with hosting(place.settings):
        await place.deploys("d1")
        await place.runner.start(place.job("d2", Step.APPLY, program=SLOW), Rights())
        await place.runner.follow("d2", 0, 20)
    with pytest.raises(RunnerUnavailable):
        await place.runner.observe("d2")
    async with hosting(place.settings):
        assert await place.says() == "one"
        assert (await place.runner.observe("d2")).state is State.LOST
        assert (await place.runner.observe("d1-apply")).state is State.ENDED
        await place.runner.start(place.job("d2", Step.APPLY, program=SLOW), Rights())
        seen = await place.runner.observe("d2")
        assert (seen.state, seen.tries) == (State.RUNNING, 2)


async def test_events_are_told_as_they_come_and_a_cancelled_run_at_once(place: Place) -> None:
    async with hosting(place.settings):
        await place.runner.start(place.job("d1", Step.APPLY, program=SLOW), Rights())
        heard = 0
        while heard < 3:
            seen = await place.runner.follow("d1", heard, 20)
            assert len(seen.events) > heard
            heard = len(seen.events)
        waiting = asyncio.create_task(place.runner.follow("d1", heard, 20))
        await place.runner.cancel("d1")
        ended = await asyncio.wait_for(waiting, 60)
        assert ended.state is State.ENDED
        assert ended.result is not None
        assert ended.result["code"] == "no_result"
        await place.runner.forget("d1")
        assert (await place.runner.observe("d1")).state is State.UNKNOWN


async def test_who_follows_is_told_in_time_that_there_is_nothing_new(place: Place) -> None:
    async with hosting(place.settings):
        await place.runner.start(place.job("d1", Step.APPLY, program="import time; time.sleep(600)"), Rights())
        assert (await place.runner.follow("d1", 0, 0.1)).state is State.RUNNING


async def test_what_cannot_be_is_told_as_what_it_is(place: Place) -> None:
    with pytest.raises(RunnerUnavailable, match="is not running"):
        await place.runner.observe("d1")
    async with hosting(place.settings):
        job = place.job("d1", Step.PLAN)
        await place.runs(job)
        with pytest.raises(OtherJob, match="Something else was started as d1"):
            await place.runner.start(replace(job, program="print()"), Rights())
        with pytest.raises(CannotRun, match="needs the plan"):
            await place.runner.start(place.job("d2", Step.LOOK), Rights())
        with pytest.raises(ValueError, match="is no id of a run"):
            await place.runner.start(replace(job, id="../d3"), Rights())
        with pytest.raises(ValueError, match="is no id of a run"):
            await place.runner.observe("../d3")


@pytest.mark.parametrize(
    ("act", "body", "status"), [("start", b"{}", 409), ("start", b"no", 400), ("observe", b'{"id": "../.."}', 409), ("fly", b"{}", 404)]
)
async def test_hostile_orders_are_refused(place: Place, act: str, body: bytes, status: int) -> None:
    async with hosting(place.settings):
        session = place.runner._connected()
        async with session.post(f"http://deploys/{act}", data=body) as answer:
            assert answer.status == status
            assert set(json.loads(await answer.read())) == {"error", "message"}
    await session.close()


@pytest.mark.parametrize(
    "made", ["os.symlink('/etc/hostname', 'made-plan.json')", "os.mkfifo('made-plan.json')", "os.mkdir('made-plan.json')"]
)
async def test_what_a_plan_makes_is_a_file_of_its_own(place: Place, made: str) -> None:
    async with hosting(place.settings):
        ran = await place.runs(place.job("d1", Step.PLAN, program=f"import os\n{made}"))
        assert (ran.state, ran.made) == (State.ENDED, None)


async def test_a_plan_has_no_way_to_programs(place: Place) -> None:
    async with hosting(place.settings):
        ran = await place.runs(place.job("d1", Step.PLAN, program="import os, sys; sys.stderr.write(repr(sorted(os.environ)))"))
        assert "LIBDEPLOY" not in ran.log
        assert "PYTHONHASHSEED" in ran.log


_TRIES = """
import os, pathlib, socket, sys
def tried(name, act):
    try:
        act()
    except Exception as error:
        sys.stderr.write(f"{name}: {type(error).__name__}\\n")
    else:
        sys.stderr.write(f"{name}: worked\\n")
tried("secret", lambda: open(SECRET).read())
tried("network", lambda: socket.create_connection(("127.0.0.1", PORT), 2))
tried("record", lambda: pathlib.Path("../tries").write_text("9"))  # beside it there is nothing of ours: it writes into the void
tried("releases", lambda: pathlib.Path(RELEASES, "x").mkdir())
tried("own", lambda: pathlib.Path("x").write_text("x"))
"""


@pytest.mark.long
async def test_in_a_sandbox_a_plan_sees_no_secret_no_network_and_no_record_of_itself(place: Place) -> None:
    if not (await protection()).sandbox:
        pytest.skip("bubblewrap is not installed or may not work here")
    data = place.settings.folder.parent
    data.mkdir(parents=True)
    (data / "secret").write_text("canary")
    place.settings = replace(place.settings, is_sandboxed=True, hidden=(data,), visible=(Path(sys.prefix), Path(sys.base_prefix)))
    async with hosting(place.settings):
        await place.deploys("d1")
        assert await place.says() == "one"
        values = f"SECRET, PORT, RELEASES = {str(data / 'secret')!r}, {place.port}, {str(place.settings.releases)!r}\n"
        ran = await place.runs(place.job("d2", Step.PLAN, program=values + _TRIES))
        assert [line for line in ran.log.splitlines() if line.endswith(": worked")] == ["record: worked", "own: worked"], ran.log
        assert ran.tries == 1
