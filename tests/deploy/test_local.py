"""Runs of deploy.py on this host: once for each id, read again later, with nothing of ours in their environment."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy import local
from deploy.listening import listening
from deploy.local import LocalRunner, LocalSettings
from deploy.residents import Residents
from deploy.residents_api import app_of
from deploy.runner import Job, Observed, OtherJob, Rights, State, Step
from libdeploy.host.manager import Asked
from libdeploy.target import to_json
from processes import bearers, free_port
from tests.libdeploy.test_host import DEPLOY, SERVER
from tests.libdeploy.wishes import target


@dataclass
class Floor:
    """A host with a runner and whoever keeps programs running there."""

    folder: Path
    runner: LocalRunner
    residents: Residents
    port: int

    def job(self, id: str, step: Step, text: str = "one", **more: Any) -> Job:
        file = self.folder / "artifacts" / text
        file.parent.mkdir(exist_ok=True)
        file.write_text(SERVER.format(python=sys.executable, text=text))
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        given = {"program": DEPLOY, "target": to_json(target("binary", sha256, port=self.port)), "artifact": file, "within_s": 20.0, **more}
        return Job(id, step, **given)

    async def runs(self, job: Job, rights: Rights = Rights()) -> Observed:  # noqa: B008 - frozen
        await self.runner.start(job, rights)
        return await self.ended(job.id)

    async def ended(self, id: str) -> Observed:
        async with asyncio.timeout(60):
            while (seen := await self.runner.observe(id)).state is State.RUNNING:
                await asyncio.sleep(0.02)
        return seen

    async def deploys(self, id: str, text: str) -> Observed:
        """Planned, looked at, planned for what is there, applied: as deployments are made."""
        rendered = await self.runs(self.job(f"{id}-render", Step.PLAN, text))
        looked = await self.runs(self.job(f"{id}-look", Step.LOOK, text, plan=rendered.made))
        planned = await self.runs(self.job(f"{id}-plan", Step.PLAN, text, live=looked.made))
        return await self.runs(self.job(f"{id}-apply", Step.APPLY, text, live=looked.made, plan=planned.made))

    async def says(self) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/")).text


@contextlib.asynccontextmanager
async def a_floor(folder: Path, port: int) -> AsyncIterator[Floor]:
    (folder / "root").mkdir(exist_ok=True)
    socket = folder / "residents.sock"
    residents = Residents(folder / "root", mark=f"test-resident-{port}")
    runner = LocalRunner(LocalSettings(folder / "runs", folder / "root", socket, mark=f"test-deploy-{port}"))
    async with listening(app_of(residents), socket):
        await residents.return_()
        try:
            yield Floor(folder, runner, residents, port)
        finally:
            await runner.close()
            await residents.close()
            assert bearers(f"test-resident-{port}") == bearers(f"test-deploy-{port}") == []


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_floor(tmp_path, free_port()) as one:
        yield one


async def test_a_run_is_forgotten_when_its_end_is_written_and_not_while_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, may_write = threading.Event(), threading.Event()
    write = local._write

    def slowly(path: Path, data: bytes) -> None:
        if path.name == "ended.json":
            writing.set()
            may_write.wait(60)
        write(path, data)

    monkeypatch.setattr(local, "_write", slowly)
    async with a_floor(tmp_path, free_port()) as floor:
        await floor.runner.start(Job("d1", Step.LOOK, program="pass", target={}, within_s=20.0), Rights())
        await asyncio.to_thread(writing.wait, 60)
        forgetting = asyncio.create_task(floor.runner.forget("d1"))
        done, _ = await asyncio.wait([forgetting], timeout=0.2)
        assert not done
        may_write.set()
        await forgetting
        assert await floor.runner.observe("d1") == Observed(State.UNKNOWN)
        assert floor.runner.running == 0


async def test_a_run_whose_end_cannot_be_written_is_lost_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, full = local._write, [False, True]

    def on_a_full_disk(path: Path, data: bytes) -> None:
        if path.name == "ended.json" and full.pop():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    monkeypatch.setattr(local, "_write", on_a_full_disk)
    async with a_floor(tmp_path, free_port()) as floor:
        job = Job("d1", Step.LOOK, program="pass", target={}, within_s=20.0)
        assert (await floor.runs(job)).state is State.LOST
        assert (await floor.runs(job)).state is State.ENDED


async def test_it_is_looked_at_planned_and_applied(floor: Floor) -> None:
    applied = await floor.deploys("d1", "one")
    assert applied.result is not None
    assert (applied.state, applied.result["outcome"], applied.tries) == (State.ENDED, "applied", 1)
    assert applied.events == ({"event": "change", "action": "create", "driver": "host", "key": "payments"},)
    assert "applied: 1 create" in applied.log
    assert await floor.says() == "one"
    home = floor.folder / "root/staging/payments/payments"
    assert await asyncio.to_thread(Asked(floor.folder / "residents.sock").ran_s, home)
    assert await asyncio.to_thread(Asked(floor.folder / "residents.sock").ran_s, home.with_name("nobody")) is None


@pytest.mark.long
async def test_another_artifact_replaces_it_and_the_same_changes_nothing(floor: Floor) -> None:
    await floor.deploys("d1", "one")
    second = await floor.deploys("d2", "two")
    again = await floor.deploys("d3", "two")
    assert second.result is not None
    assert again.result is not None
    assert (second.result["outcome"], again.result["outcome"], await floor.says()) == ("applied", "unchanged", "two")
    assert second.result["plan_hash"] == again.result["plan_hash"]


async def test_one_id_is_one_run(floor: Floor) -> None:
    job = floor.job("d1", Step.APPLY)
    await asyncio.gather(*(floor.runner.start(job, Rights()) for _ in range(5)))
    first = await floor.ended("d1")
    assert (first.tries, await floor.runs(job)) == (1, first)
    with pytest.raises(OtherJob):
        await floor.runner.start(replace(job, program="print()"), Rights())


async def test_what_ended_is_read_by_whoever_comes_later(floor: Floor) -> None:
    first = await floor.deploys("d1", "one")
    later = LocalRunner(floor.runner._settings)
    assert await later.observe("d1-apply") == first
    assert (await later.observe("nothing")).state is State.UNKNOWN


async def test_what_was_lost_is_finished_by_starting_it_again(floor: Floor) -> None:
    slow = DEPLOY.replace("def deploy(target):", "def deploy(target):\n    import time; time.sleep(30)", 1)
    job = floor.job("d1", Step.APPLY, program=slow)
    await floor.runner.start(job, Rights())
    await floor.runner.close()
    assert (await floor.ended("d1")).state is State.LOST
    (floor.folder / "runs" / "d1" / "work" / "deploy.py").write_text(DEPLOY)
    seen = await floor.runs(job)
    assert seen.result is not None
    assert (seen.result["outcome"], seen.tries) == ("applied", 2)


async def test_a_run_is_cancelled(floor: Floor) -> None:
    await floor.runner.start(floor.job("d1", Step.APPLY, program="import time; time.sleep(600)"), Rights())
    await floor.runner.cancel("d1")
    seen = await floor.ended("d1")
    assert seen.result is not None
    assert (seen.result["code"], seen.result["message"].startswith("deploy.py was killed by SIGTERM")) == ("no_result", True)
    await floor.runner.forget("d1")
    assert not (floor.folder / "runs/d1").exists()


@pytest.mark.parametrize(("step", "seen"), [(Step.PLAN, "None"), (Step.APPLY, "yes")])
async def test_only_steps_with_rights_get_them_and_none_gets_ours(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, step: Step, seen: str
) -> None:
    monkeypatch.setenv("TRELLIS_GITHUB__TOKEN", "canary")
    program = "import os, sys; sys.stderr.write(f\"{os.environ.get('RIGHT')} {sorted(os.environ)}\")"
    ran = await floor.runs(floor.job("d1", step, program=program), Rights({"RIGHT": "yes"}))
    assert ran.log.startswith(f"{seen} ")
    assert "TRELLIS_GITHUB__TOKEN" not in ran.log


async def test_a_deploy_py_that_breaks_is_told(floor: Floor) -> None:
    ran = await floor.runs(floor.job("d1", Step.PLAN, program="print('hello')\nraise ValueError('no')"))
    assert ran.result == {
        "event": "result",
        "outcome": "failed",
        "code": "no_result",
        "message": ran.result["message"] if ran.result else "",
        "changes": [],
    }
    assert ran.result["message"].startswith("deploy.py exited with code 1 after ")
    assert ran.log.endswith("ValueError: no\n")


@pytest.mark.parametrize("id", ["", "../x", "A", "a/b", "a" * 64, "a-", "-a"])
async def test_an_id_is_no_path(floor: Floor, id: str) -> None:
    with pytest.raises(ValueError, match="is no id of a run"):
        await floor.runner.observe(id)


async def test_a_program_is_started_again_when_it_dies(floor: Floor) -> None:
    await floor.deploys("d1", "one")
    [process] = [
        each
        for each in psutil.Process().children(recursive=True)
        if str(floor.port) in each.cmdline() and "payments" in " ".join(each.cmdline())
    ]
    os.kill(process.pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if await floor.says() == "one" and not process.is_running():
                    break
            await asyncio.sleep(0.05)


@pytest.mark.long
async def test_programs_come_back_with_whoever_keeps_them(tmp_path: Path) -> None:
    port = free_port()
    async with a_floor(tmp_path, port) as floor:
        await floor.deploys("d1", "one")
    async with a_floor(tmp_path, port) as floor, asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if await floor.says() == "one":
                    break
            await asyncio.sleep(0.05)
        again = await floor.deploys("d2", "one")
        assert again.result is not None
        assert again.result["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("start", {"folder": "/tmp/elsewhere", "argv": ["true"], "environment": {}, "cwd": "/"}),
        ("start", {"folder": "ROOT/a", "argv": ["true"], "environment": {}, "cwd": "/"}),
        ("start", {"folder": "ROOT/a/b/../../../c", "argv": ["true"], "environment": {}, "cwd": "/"}),
        ("start", {"folder": "ROOT/a/b/c", "argv": [], "environment": {}, "cwd": "/"}),
        ("start", {"folder": "ROOT/a/b/c"}),
        ("stop", {}),
        ("fly", {"folder": "ROOT/a/b/c"}),
    ],
)
async def test_whoever_asks_for_something_else_is_refused(floor: Floor, path: str, said: dict[str, Any]) -> None:
    text = json.dumps(said).replace("ROOT", str(floor.folder / "root"))
    transport = httpx.AsyncHTTPTransport(uds=str(floor.folder / "residents.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post(f"/{path}", content=text)
    assert answer.status_code == 409
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os, time\nos.fork()\nos.fork()\ntime.sleep(10**6)", "for it took too long without a result."),
        ("while True: print('x' * 10**5, flush=True)", "it wrote more than 1000000 bytes"),
        ("import sys\nwhile True: sys.stderr.write('x' * 10**5)", "it wrote more than 1000000 bytes"),
    ],
)
async def test_one_that_never_ends_is_stopped_and_says_why(tmp_path: Path, program: str, why: str) -> None:
    mark = f"test-deploy-{tmp_path.name}"
    within_s = 0.2 if "too long" in why else 60.0
    runner = LocalRunner(LocalSettings(tmp_path / "runs", tmp_path / "root", mark=mark, most_said=10**6, spare_s=0))
    try:
        await runner.start(Job("d1", Step.PLAN, program=program, target={}, within_s=within_s), Rights())
        async with asyncio.timeout(60):
            while (seen := await runner.follow("d1", 0, 5.0)).state is State.RUNNING:
                pass
        assert seen.result is not None
        assert why in seen.result["message"]
        assert bearers(mark) == []
    finally:
        await runner.close()
