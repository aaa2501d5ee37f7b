"""The parts that run, as a test sees them: kept running, killed, paused, dropped."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
LATE = "asked to stop, and not at its end"


def until(holds: Callable[[], object], within_s: float, what: str | Callable[[], str]) -> None:
    """Return when `holds()` does; fail with `what` when it does not come to be in time."""
    by = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > by:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(0.02)


@dataclass(frozen=True)
class Ended:
    """How one life of a part ended: a negative code is a signal."""

    name: str
    code: int


class Mother:
    """The one process of a test run that all crews are forked from. It ends with this process."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            given = {**os.environ, "PYTHONPATH": str(ROOT)}
            argv = [sys.executable, "-m", "tests.chaos.zygote"]
            self._process = subprocess.Popen(argv, stdin=theirs.fileno(), env=given, cwd=ROOT, start_new_session=True)

    def bear(self) -> socket.socket:
        """The control of a new zygote."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._socket, [b"+"], [theirs.fileno()])
        return ours

    def end(self) -> None:
        self._socket.close()
        self._process.wait(10)


@functools.cache
def mother() -> Mother:
    return Mother()


class Crew:
    """Use it as a context: at its end nothing of it runs."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder, self._env = folder, env
        self._control = mother().bear()
        self._changed = threading.Condition()
        self._pids: dict[str, int] = {}
        self.lives: Counter[str] = Counter()
        self.ends: list[Ended] = []
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.shutdown(socket.SHUT_WR)
        self._listening.join(10)
        assert not self._listening.is_alive(), "the zygote does not end"
        self._control.close()

    def _listen(self) -> None:
        for line in self._control.makefile("r"):
            news = json.loads(line)
            with self._changed:
                if name := news.get("started"):
                    self._pids[name] = news["pid"]
                    self.lives[name] += 1
                else:
                    self._pids.pop(news["ended"], None)
                    self.ends.append(Ended(news["ended"], news["code"]))
                self._changed.notify_all()

    def _ask(self, do: str, name: str, **more: Any) -> None:
        self._control.sendall(json.dumps({"do": do, "name": name, **more}).encode() + b"\n")

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, 60), what

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def keep(self, name: str, words: Sequence[str], **env: str) -> None:
        """Have it run from now on, started again whenever it ends; one that runs gets `env` in its next life."""
        order = {"words": list(words), "env": {**self._env, **env}, "cwd": str(self._folder), "log": str(self.log(name))}
        self._ask("keep", name, **order)
        self._wait(lambda: name in self._pids, f"{name} does not start")

    def pid(self, name: str) -> int | None:
        return self._pids.get(name)

    def signal(self, name: str, number: int) -> None:
        self._ask("signal", name, number=number)

    def kill(self, name: str) -> None:
        """SIGKILL; returns when its next life has begun."""
        life = self.lives[name]
        self.signal(name, signal.SIGKILL)
        self._wait(lambda: self.lives[name] > life, f"{name} does not start again")

    def drop(self, name: str) -> None:
        """TERM, for good; returns when it has ended. What it says of an end that took too long is worth a warning."""
        self._ask("drop", name)
        self._wait(lambda: name not in self._pids, f"{name} does not end")
        _, is_late, why = self.log(name).read_text(errors="replace").rpartition(LATE) if self.log(name).exists() else ("", "", "")
        if is_late:
            warnings.warn(f"{name}: {is_late}{why}", stacklevel=2)
