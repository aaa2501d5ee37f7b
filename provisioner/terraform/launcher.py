"""What stands between us and each Terraform: refuses lower fences, lets one run at a time into an environment, ends it safely.

A program: its order is one argument of JSON (`Launch`). It dies with whoever started it, as every child of ours, and Terraform with it.
TERM or INT to it is one SIGINT to Terraform alone, which then finishes what it is at, saves the state and releases its lock. A second one
would make Terraform drop everything, and providers that got it would leave things that no state knows; so neither happens.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType

from processes.tree import die_with_parent
from provisioner.engine import StaleFence
from provisioner.fences import Fences
from provisioner.terraform.runs import Run, Runs, StateLock, left_by, me, started
from provisioner.terraform.torn import mend

STALE, BUSY, NOT_OURS = 90, 91, 92  # what it ends with when Terraform was not even started
_LOOK_S = 0.05


@dataclass(frozen=True)
class Launch:
    """`folder` is the environment's; `wait_s` how long an earlier run may take to come to its end; `also` a lock of all environments.

    With `lock` nothing is done unless that lock was left by a run of ours that is dead. `state` is a local state's file.
    """

    environment: str
    folder: str
    fences: str
    fence: int
    verb: str
    argv: tuple[str, ...]
    wait_s: float
    also: str | None = None
    lock: dict[str, str | float] | None = None
    state: str | None = None

    def word(self) -> str:
        return json.dumps(asdict(self))


class Launcher:
    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.child: subprocess.Popen[bytes] | None = None
        self.is_told = self.is_passed_on = False
        self.runs = Runs(Path(launch.folder))
        self.fences = Fences(Path(launch.fences))

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._interrupt)
        fd = os.open(Path(self.launch.folder, "run.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self.fences.claim(self.launch.environment, self.launch.fence)
            if not self._enter(fd):
                return BUSY
            self.fences.claim(self.launch.environment, self.launch.fence)  # somebody may have come while we waited
        except StaleFence:
            return STALE
        return self._alone(fd)

    def _enter(self, fd: int) -> bool:
        """Have the environment's file lock; a run of a lower fence that holds it is asked to come to its end."""
        until, asked = time.monotonic() + self.launch.wait_s, 0
        while not _take(fd):
            if self.is_told or time.monotonic() > until:
                return False
            holder = _holder(fd)
            if holder and holder.fence < self.launch.fence and holder.pid != asked and started(holder.pid) == holder.start:
                asked = holder.pid
                os.kill(holder.pid, signal.SIGTERM)
            time.sleep(_LOOK_S)
        return True

    def _alone(self, fd: int) -> int:
        if self.launch.lock and not left_by(StateLock(**self.launch.lock), self.runs.all()):  # type: ignore[arg-type]
            return NOT_OURS
        if self.launch.state and (said := mend(Path(self.launch.state))):
            print(said, flush=True)  # noqa: T201 - into the run's log
        fds = [fd]
        if self.launch.also:
            also = os.open(self.launch.also, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            while not self.is_told and not _take(also):
                time.sleep(_LOOK_S)
            fds.append(also)
        run = me(self.launch.fence, self.launch.verb)
        os.pwrite(fd, json.dumps(asdict(run)).encode().ljust(1024), 0)
        self.runs.note(run)
        code = self._terraform(fds)
        self.runs.note(replace(run, ended_at=time.time()))
        return code

    def _terraform(self, fds: list[int]) -> int:
        """In a group of its own; it and its providers hold the file locks too, so that they are free only when nothing is left."""
        if self.is_told:
            return BUSY
        self.child = subprocess.Popen(self.launch.argv, stdin=subprocess.DEVNULL, pass_fds=fds, process_group=0, preexec_fn=die_with_parent)  # noqa: PLW1509 - one thread
        self._pass_on()
        code = self.child.wait()
        return code if code >= 0 else 128 - code

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.is_told = True
        self._pass_on()

    def _pass_on(self) -> None:
        if self.is_told and self.child and not self.is_passed_on:
            self.is_passed_on = True
            self.child.send_signal(signal.SIGINT)


def _take(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> Run | None:
    try:
        return Run(**json.loads(os.pread(fd, 4096, 0) or b"{}"))
    except (ValueError, TypeError):
        return None


def main(word: str) -> int:
    return Launcher(Launch(**json.loads(word))).run()
