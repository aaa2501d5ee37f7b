"""Runs of deploy.py as processes of this one: a folder each, in which lies all that was given and all that was said."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.asked import MADE, arguments, checked, files, fingerprint
from deploy.runner import Job, Observed, OtherJob, Rights, RunnerUnavailable, State, Step
from deploy.said import LOG_BYTES, events_of, result_of, without_result
from processes import CannotStart, Child, Order, Sandbox, environ, start

_GRACE_S = 10.0


@dataclass(frozen=True)
class LocalSettings:
    """`folder` holds the runs, `host_root` the releases of d.host, `manager` the socket of whoever keeps their programs running.

    `hidden` is what a run does not see of this machine where there is a sandbox (`is_sandboxed`).
    """

    folder: Path
    host_root: Path
    manager: Path | None = None
    python: str = sys.executable
    is_sandboxed: bool = False
    hidden: tuple[Path, ...] = ()
    mark: str = "trellis-deploy"


class LocalRunner:
    """Runs end when this process does; those are LOST then, and can be started again."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._children: dict[str, Child] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def start(self, job: Job, rights: Rights) -> None:
        folder = self._folder(job.id)
        async with self._lock(job.id):
            if not await asyncio.to_thread(_is_laid_out, folder, job):
                await asyncio.to_thread(_lay_out, folder, job)
            if (folder / "ended.json").exists() or self._is_running(job.id):
                return
            await self._begin(job, rights, folder)

    async def _begin(self, job: Job, rights: Rights, folder: Path) -> None:
        await asyncio.to_thread(_count_try, folder)
        try:
            with (folder / "said").open("wb") as out, (folder / "log").open("ab") as err:
                child = await start(self._order(job, rights, folder), out=out.fileno(), err=err.fileno())
        except CannotStart as error:
            raise RunnerUnavailable(str(error)) from error
        self._children[job.id] = child
        task = asyncio.create_task(self._until_ended(job.id, child, folder))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _until_ended(self, id: str, child: Child, folder: Path) -> None:
        ended = await child.wait()
        said = {"code": ended.code, "signal": ended.signal, "seconds": ended.seconds, "sentence": ended.sentence()}
        await asyncio.to_thread(_write, folder / "ended.json", json.dumps(said).encode())
        self._children.pop(id, None)

    def _order(self, job: Job, rights: Rights, folder: Path) -> Order:
        argv = [self._settings.python, *arguments(job, str(job.artifact or ""))]
        return Order(
            tuple(argv), folder, self._environment(job, rights, folder), sandbox=self._sandbox(job, folder), mark=self._settings.mark
        )

    def _environment(self, job: Job, rights: Rights, folder: Path) -> dict[str, str]:
        ours = {"HOME": str(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LIBDEPLOY_ROOT": str(self._settings.host_root)}
        if self._settings.manager:
            ours["LIBDEPLOY_MANAGER"] = str(self._settings.manager)
        return environ({**({} if job.step is Step.PLAN else rights.variables), **ours})

    def _sandbox(self, job: Job, folder: Path) -> Sandbox | None:
        if not self._settings.is_sandboxed:
            return None
        writable = (folder,) if job.step is Step.PLAN else (folder, self._settings.host_root)
        visible = (job.artifact.parent,) if job.artifact else ()
        return Sandbox(writable, folder / "tmp", self._settings.hidden, visible)

    async def observe(self, id: str) -> Observed:
        return await asyncio.to_thread(_observed, self._folder(id), self._is_running(id))

    async def cancel(self, id: str) -> None:
        child = self._children.get(id)
        if child:
            await child.stop(_GRACE_S)

    async def forget(self, id: str) -> None:
        async with self._lock(id):
            await self.cancel(id)
            await asyncio.to_thread(shutil.rmtree, self._folder(id), ignore_errors=True)
        self._locks.pop(id, None)

    async def close(self) -> None:
        """End all that runs."""
        await asyncio.gather(*(child.stop(_GRACE_S) for child in list(self._children.values())))

    def _is_running(self, id: str) -> bool:
        return id in self._children

    def _lock(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())

    def _folder(self, id: str) -> Path:
        return self._settings.folder / checked(id)


def _is_laid_out(folder: Path, job: Job) -> bool:
    try:
        there = (folder / "asked").read_text()
    except FileNotFoundError:
        return False
    if there != fingerprint(job):
        raise OtherJob(f"Something else was started as {job.id}.")
    return True


def _lay_out(folder: Path, job: Job) -> None:
    """All of it or nothing: a folder that is half-made has another name."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "tmp").mkdir(parents=True)
    for name, given in files(job).items():
        (part / name).write_bytes(given)
    (part / "asked").write_text(fingerprint(job))
    part.rename(folder)


def _count_try(folder: Path) -> None:
    _write(folder / "tries", str(_tries(folder) + 1).encode())


def _tries(folder: Path) -> int:
    try:
        return int((folder / "tries").read_text())
    except FileNotFoundError:
        return 0


def _write(path: Path, data: bytes) -> None:
    if not path.parent.exists():  # forgotten meanwhile
        return
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _observed(folder: Path, is_running: bool) -> Observed:  # noqa: FBT001 - one of two things it is told
    if not (folder / "asked").exists():
        return Observed(State.UNKNOWN)
    ended = json.loads((folder / "ended.json").read_bytes()) if (folder / "ended.json").exists() else None
    said = folder / "said"
    events = events_of(said.read_bytes().split(b"\n")[:-1] if said.exists() else [])  # the last line may still be written
    state = State.ENDED if ended else State.RUNNING if is_running else State.LOST
    made = next((path.read_bytes() for path in (folder / name for name in MADE.values()) if path.exists()), None)
    result = result_of(events, ended["sentence"]) if ended else None
    return Observed(state, without_result(events), result, made, _tail(folder / "log"), _tries(folder))


def _tail(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES))
        return file.read().decode(errors="replace")
