"""Who ran Terraform in an environment and when: what tells a lock that a dead run left from one that somebody holds.

Runs of one environment follow each other: each holds a file lock, and its children with it, for as long as any of them lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import socket
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

_CAP_BYTES = 128 * 1024
_OPERATIONS = {"plan": "OperationTypePlan", "apply": "OperationTypeApply"}


@dataclass(frozen=True)
class Run:
    """`start` is the process's start in the kernel's ticks: a reused pid is another one. `ended_at` None: it was killed, or runs."""

    fence: int
    verb: str
    pid: int
    start: int
    who: str
    began_at: float
    ended_at: float | None = None


@dataclass(frozen=True)
class StateLock:
    """What Terraform says of a lock that it cannot have."""

    id: str
    who: str
    operation: str
    created_at: float


def me(fence: int, verb: str) -> Run:
    return Run(fence, verb, os.getpid(), started(os.getpid()) or 0, who_am_i(), time.time())


def who_am_i() -> str:
    """As Terraform writes it into its locks."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = os.environ.get("USER", "")
    return f"{name}@{socket.gethostname()}"


def started(pid: int) -> int | None:
    """When a process started, in ticks since the boot; None when there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    return None


class Runs:
    """`<folder>/runs.jsonl`, written by whoever holds the environment's file lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "runs.jsonl"

    def note(self, run: Run) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size > _CAP_BYTES:
                self._path.replace(self._path.with_suffix(".old"))
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(run)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> list[Run]:
        """In the order in which they began."""
        found: dict[tuple[int, int, float], Run] = {}
        for path in (self._path.with_suffix(".old"), self._path):
            with contextlib.suppress(OSError):
                for line in path.read_text().splitlines():
                    with contextlib.suppress(ValueError, TypeError):
                        run = Run(**json.loads(line))
                        found[run.pid, run.start, run.began_at] = run
        return sorted(found.values(), key=lambda run: run.began_at)


def left_by(lock: StateLock, runs: list[Run]) -> Run | None:
    """The run of ours that took `lock`; ask while holding the file lock, so that all of `runs` are over. None: it may be anybody's."""
    until = float("inf")
    for run in reversed(runs):
        end = until if run.ended_at is None else run.ended_at
        is_then = run.began_at <= lock.created_at <= end  # by one clock: a state's lock names its machine
        if is_then and run.who == lock.who and _OPERATIONS.get(run.verb, lock.operation) == lock.operation:
            return run
        until = run.began_at
    return None


def lock_of(text: str) -> StateLock | None:
    """Out of Terraform's "Error acquiring the state lock"; None when it says too little."""
    said = {key: value.strip() for key, value in re.findall(r"^\W*(ID|Who|Operation|Created):\s*(.*)$", text, re.MULTILINE)}
    with contextlib.suppress(KeyError, ValueError):
        day, clock, zone, *_ = said["Created"].split()
        hours, _, fraction = clock.partition(".")
        at = datetime.strptime(f"{day} {hours} {zone}", "%Y-%m-%d %H:%M:%S %z").timestamp() + float(f"0.{fraction or 0}")
        return StateLock(said["ID"], said["Who"], said["Operation"], at)
    return None
