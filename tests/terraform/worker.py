"""Workers as processes of their own, to be killed: each makes or takes down one environment under one fence.

`python -m tests.terraform.worker` forks one for each line of JSON that it reads, so that a worker's start is a fork and no import.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from processes import bearers
from provisioner.engine import EngineFailed, EngineUnavailable, StaleFence
from tests.terraform.stand import Stand, spec

_ROOT = Path(__file__).parents[2]


class Worker:
    """One that was started. `done` waits for what it says at its end: `done`, or what was raised; "" when it was killed."""

    def __init__(self, pid: int, said: int, mark: str) -> None:
        self.pid, self._said, self._mark = pid, said, mark

    async def done(self, within_s: float | None = None) -> str:
        """Raises TimeoutError."""
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(self._said), "rb"))
        try:
            async with asyncio.timeout(within_s):
                return (await reader.read()).decode().strip()
        finally:
            transport.close()

    def stop(self) -> None:
        """As a rolling restart does."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Itself alone, as a bug or the kernel does."""
        os.kill(self.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Worker, warden, launcher, Terraform: everything at once, as when the machine goes down."""
        with contextlib.suppress(psutil.NoSuchProcess):
            pids = [self.pid, *(each.pid for each in psutil.Process(self.pid).children(recursive=True)), *bearers(self._mark)]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class Crew:
    """Starts workers on a stand's settings."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._folder = stand.settings.data.parent
        self._started = 0
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.terraform.worker"], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self, verb: str, fence: int, environment: str = "env-1") -> Worker:
        settings = self._stand.settings
        self._started += 1
        pipe = self._folder / f"said-{self._started}"
        os.mkfifo(pipe)
        said = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        asked: dict[str, Any] = {"verb": verb, "fence": fence, "environment": environment, "said": str(pipe), "data": str(settings.data)}
        asked |= {"program": settings.program, "module": str(settings.module), "variables": dict(settings.variables)}
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(asked).encode() + b"\n")
        self._parent.stdin.flush()
        return Worker(int(self._parent.stdout.readline()), said, settings.mark)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._parent.communicate(timeout=60)


async def _work(asked: dict[str, Any]) -> str:
    stand = Stand(Path(asked["data"]), program=asked["program"], module=Path(asked["module"]), variables=asked["variables"])
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        if asked["verb"] == "apply":
            await stand.apply(spec(asked["environment"]), asked["fence"])
        else:
            await stand.engine.destroy(asked["environment"], asked["fence"])
    except (EngineFailed, EngineUnavailable, StaleFence) as problem:
        return f"{type(problem).__name__}: {problem}"
    except asyncio.CancelledError:
        return "stopped"
    return "done"


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with open(asked["said"], "w") as out:  # noqa: PTH123
                out.write(asyncio.run(_work(asked)))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
