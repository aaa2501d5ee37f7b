"""Parts of the product, each a process of its own, forked from one that has everything imported: a start costs a fork, not an interpreter.

Standard input is a socket over which sockets come in; for each a zygote is forked that keeps one crew of parts. To a zygote orders come
as lines of JSON (`keep`, `drop`, `signal`), news goes out the same way (`started`, `ended`). Whatever is kept is started again when it
ends, until it is dropped. When a zygote's socket ends, or any process on the way down here does, all its parts die.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from processes import killpoint  # noqa: F401 - the package; its module of that name is loaded anew in each part
from processes.tree import die_with_parent

_NEEDED = (
    *("bot.cli", "bot.app.work", "bot.keep", "bot.serve", "provisioner.keeper_api", "sqlalchemy.dialects.sqlite.aiosqlite", "uvloop"),
    *("uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
)
_SOON_S = 0.5
_PAUSE_S = 0.2
"""A part that ends within `_SOON_S` of its start is started again only after this."""


@dataclass
class _Part:
    words: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    pid: int = 0
    began: float = 0.0
    due: float | None = field(default_factory=time.monotonic)
    is_kept: bool = True


class Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._parts: dict[str, _Part] = {}
        self._wake, self._writer = os.pipe()
        for fd in (self._wake, self._writer):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def run(self) -> None:
        text = b""
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._wake], [], [], self._timeout_s())
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            if self._control.fileno() in ready:
                data = self._control.recv(65536)
                if not data:
                    break
                *lines, text = (text + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            self._reap()
            self._start_what_is_due()
        for part in self._parts.values():
            if part.pid:
                os.kill(part.pid, signal.SIGKILL)
                os.waitpid(part.pid, 0)

    def _timeout_s(self) -> float | None:
        times = [part.due for part in self._parts.values() if part.due is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _obey(self, order: dict[str, Any]) -> None:
        name = order["name"]
        part = self._parts.get(name)
        if order["do"] == "keep":
            made = _Part(order["words"], order["env"], order["cwd"], order["log"])
            if part and part.pid:  # from its next life on
                made.pid, made.began, made.due = part.pid, part.began, None
            self._parts[name] = made
        elif part and order["do"] == "drop":
            part.is_kept, part.due = False, None
            self._signal(part, signal.SIGTERM)
        elif part:
            self._signal(part, order["number"])

    def _signal(self, part: _Part, number: int) -> None:
        if part.pid:
            os.kill(part.pid, number)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name, part in self._parts.items():
                if part.pid == pid:
                    part.pid = 0
                    is_soon = time.monotonic() - part.began < _SOON_S
                    part.due = time.monotonic() + (_PAUSE_S if is_soon else 0) if part.is_kept else None
                    self._tell(ended=name, pid=pid, code=os.waitstatus_to_exitcode(status))

    def _start_what_is_due(self) -> None:
        for name, part in self._parts.items():
            if part.due is not None and part.due <= time.monotonic():
                part.due, part.began = None, time.monotonic()
                part.pid = os.fork()
                if part.pid == 0:
                    self._become(part)
                self._tell(started=name, pid=part.pid)

    def _tell(self, **news: Any) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(json.dumps(news).encode() + b"\n")

    def _become(self, part: _Part) -> None:
        code = 1
        try:
            die_with_parent()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            log = os.open(part.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            null = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((null, 0), (log, 1), (log, 2)):
                os.dup2(source, target)
            for fd in (log, null, self._wake, self._writer, self._control.detach()):
                os.close(fd)
            os.chdir(part.cwd)
            os.environ.clear()
            os.environ.update(part.env)
            code = _trellis(part.words) if part.words[0] == "trellis" else os.execv(part.words[0], part.words)
        except BaseException:  # noqa: BLE001 - told in the log; nothing of the zygote may run on in here
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _trellis(words: list[str]) -> int:
    from bot import cli

    importlib.reload(sys.modules["processes.killpoint"])  # it reads the environment once
    sys.argv = words
    try:
        cli.main()
    except SystemExit as done:
        if isinstance(done.code, str):
            sys.stderr.write(f"{done.code}\n")
            return 1
        return done.code or 0
    return 0


def main() -> None:
    for name in _NEEDED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a process with threads must not fork"
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for zygotes
    orders = socket.socket(fileno=0)
    while True:
        data, fds, _, _ = socket.recv_fds(orders, 1, 1)
        if not data:
            return
        if os.fork() == 0:
            try:
                die_with_parent()
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, orders.detach())  # nobody else is to get the number 0
                os.close(null)
                Zygote(socket.socket(fileno=fds[0])).run()
            finally:
                os._exit(0)
        os.close(fds[0])


if __name__ == "__main__":
    main()
