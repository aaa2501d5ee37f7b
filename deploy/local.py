"""Runs of deploy.py as processes of this one: a folder each, in which lies all that was given and all that was said."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.asked import MADE, SPARE_S, arguments, checked, deadline_s, files, fingerprint
from deploy.runner import Job, Observed, OtherJob, Rights, RunnerUnavailable, State, Step
from deploy.said import LOG_BYTES, events_of, result_of, without_result
from processes import CannotStart, Child, Order, Sandbox, environ, start

_GRACE_S = 10.0
_LOOK_S = 0.05
_WATCH_S = 0.5
_WORK = "work"
_MOST_MADE = 16 * 2**20


@dataclass(frozen=True)
class LocalSettings:
    """`folder` holds the runs, `host_root` the releases of d.host, `manager` the socket of whoever keeps their programs running.

    `hidden` is what a run does not see of this machine where there is a sandbox (`is_sandboxed`), but for what is `visible`. One that
    has said more than `most_said` bytes, or takes longer than it may (`deploy.asked.deadline_s`), is stopped.
    """

    folder: Path
    host_root: Path
    manager: Path | None = None
    python: str = sys.executable
    is_sandboxed: bool = False
    hidden: tuple[Path, ...] = ()
    visible: tuple[Path, ...] = ()
    mark: str = "trellis-deploy"
    most_said: int = 64 * 2**20
    spare_s: float = SPARE_S


class LocalRunner:
    """Runs end when this process does; those are LOST then, and can be started again.

    A run may write in `work` of its folder only: what is kept of it beside that is nothing that it can change.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._children: dict[str, Child] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._is_closing = False

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
        by_s = asyncio.get_running_loop().time() + deadline_s(job, self._settings.spare_s)
        task = self._endings[job.id] = asyncio.create_task(self._until_ended(job.id, child, folder, by_s))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _until_ended(self, id: str, child: Child, folder: Path, by_s: float) -> None:
        try:
            why = await self._too_much(child, folder, by_s)
            ended = await (child.stop(_GRACE_S) if why else child.wait())
            if not (self._is_closing and ended.signal is not None):  # else it did not end by itself: whoever asks finds it lost
                sentence = f"was stopped after {ended.seconds:.1f} s for {why}" if why else ended.sentence()
                said = {"code": ended.code, "signal": ended.signal, "seconds": ended.seconds, "sentence": sentence}
                await asyncio.to_thread(_write, folder / "ended.json", json.dumps(said).encode())
        finally:
            self._children.pop(id, None)
            self._endings.pop(id, None)

    async def _too_much(self, child: Child, folder: Path, by_s: float) -> str:
        """Why it has to be stopped; "" once it has ended."""
        ending = asyncio.ensure_future(child.wait())
        while not ending.done():
            left_s = by_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                return "it took too long"
            if _size(folder / "said") + _size(folder / "log") > self._settings.most_said:
                return f"it wrote more than {self._settings.most_said} bytes"
            await asyncio.wait([ending], timeout=min(_WATCH_S, left_s))
        return ""

    def _order(self, job: Job, rights: Rights, folder: Path) -> Order:
        argv = [self._settings.python, *arguments(job, str(job.artifact or ""))]
        work = folder / _WORK
        return Order(tuple(argv), work, self._environment(job, rights, work), sandbox=self._sandbox(job, folder), mark=self._settings.mark)

    def _environment(self, job: Job, rights: Rights, work: Path) -> dict[str, str]:
        ours = {"HOME": str(work), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        if job.step is Step.PLAN:
            return environ(ours)
        ours["LIBDEPLOY_ROOT"] = str(self._settings.host_root)
        if self._settings.manager:
            ours["LIBDEPLOY_MANAGER"] = str(self._settings.manager)
        return environ({**rights.variables, **ours})

    def _sandbox(self, job: Job, folder: Path) -> Sandbox | None:
        settings = self._settings
        if not settings.is_sandboxed:
            return None
        is_plan = job.step is Step.PLAN
        writable = (folder / _WORK, *(() if is_plan else (settings.host_root,)))
        shown = (*([job.artifact] if job.artifact else []), *([settings.manager] if settings.manager and not is_plan else []))
        return Sandbox(writable, folder / "tmp", settings.hidden, (*settings.visible, *shown), is_offline=is_plan)

    async def observe(self, id: str) -> Observed:
        return await asyncio.to_thread(_observed, self._folder(id), self._is_running(id))

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        until = asyncio.get_running_loop().time() + within_s
        while True:
            size = _size(self._folder(id) / "said")
            observed = await self.observe(id)
            if observed.state is not State.RUNNING or len(observed.events) > seen:
                return observed
            if not await self._is_news(id, size, until):
                return observed

    async def _is_news(self, id: str, size: int, until: float) -> bool:
        """Whether it said something more, or ended, before `until`."""
        said = self._folder(id) / "said"
        while (left_s := until - asyncio.get_running_loop().time()) > 0:
            ending = self._endings.get(id)
            if ending is None or (await asyncio.wait([ending], timeout=min(_LOOK_S, left_s)))[0] or _size(said) != size:
                return True
        return False

    async def cancel(self, id: str) -> None:
        child = self._children.get(id)
        if child:
            await child.stop(_GRACE_S)

    async def forget(self, id: str) -> None:
        async with self._lock(id):
            await self.cancel(id)
            if ending := self._endings.get(id):  # what it wrote of its end is not for whoever gets its id
                await asyncio.wait([ending])
            await asyncio.to_thread(shutil.rmtree, self._folder(id), ignore_errors=True)
        self._locks.pop(id, None)

    async def forget_old(self, before: float) -> int:
        """Whatever was started before then and runs no longer; how many that were."""
        ids = await asyncio.to_thread(_started_before, self._settings.folder, before)
        gone = [id_ for id_ in ids if not self._is_running(id_)]
        for id_ in gone:
            await self.forget(id_)
        return len(gone)

    async def close(self) -> None:
        """End all that runs; it can be started again."""
        self._is_closing = True
        await asyncio.gather(*(child.stop(_GRACE_S) for child in list(self._children.values())))

    @property
    def running(self) -> int:
        return len(self._children)

    def _is_running(self, id: str) -> bool:
        return id in self._children

    def _lock(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())

    def _folder(self, id: str) -> Path:
        return self._settings.folder / checked(id)


def _started_before(folder: Path, before: float) -> list[str]:
    found = folder.iterdir() if folder.exists() else ()
    return [path.name for path in found if not path.name.endswith(".part") and path.stat().st_mtime < before]


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
    for name in (_WORK, "tmp"):
        (part / name).mkdir(parents=True)
    for name, given in files(job).items():
        (part / _WORK / name).write_bytes(given)
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
    made = next((data for name in MADE.values() if (data := _made(folder / _WORK / name)) is not None), None)
    result = result_of(events, ended["sentence"]) if ended else None
    return Observed(state, without_result(events), result, made, _tail(folder / "log"), _tries(folder))


def _made(path: Path) -> bytes | None:
    """What a run made, if that is a file and not something that leads elsewhere or never ends."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_MADE:
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _tail(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES))
        return file.read().decode(errors="replace")
