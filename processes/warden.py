"""The warden: stands between us and a child, and ends the child's whole tree when we die, however we die.

A process of its own, light, standard library only. `main` forks one warden per child; each is given four descriptors (control,
stdin, stdout, stderr), reads its order as a line of JSON from `control`, and from then on takes the end of `control` as our death.
It adopts orphaned descendants (subreaper), so none gets away by forking twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import time
from typing import Any

from processes import tree
from processes.groups import Groups, write
from processes.logfile import LogFile

_KILL_TRIES_S = 10.0
_WATCH_EVERY_S = 1.0
_LOOK_S = 0.05  # between TERM and KILL, for those who came late
_CHUNK = 65536
_BY_SIGNAL, _SIGNALS = 128, 64


class Warden:
    """One child's warden. `run` returns when nothing is left of the child."""

    def __init__(self, fds: list[int]) -> None:
        self.control = socket.socket(fileno=fds[0])
        self.streams = fds[1:4]
        self.order: dict[str, Any] = {}
        self.groups = Groups([])
        self.main = 0
        self.status: int | None = None
        self.log: LogFile | None = None
        self.log_fd = -1
        self.deadline: float | None = None  # when TERM becomes KILL
        self.asked: set[int] = set()  # who has had TERM
        self.limit: str | None = None
        self.watched_at = 0.0
        self.wake = -1
        self.poll = select.poll()

    def run(self) -> None:
        os.setsid()
        tree.adopt_orphans()
        self._wake_on_signals()
        if not self._read_order():
            return
        began = time.monotonic()
        self.groups = Groups(self.order["groups"])
        problem = self._launch()
        if problem:
            self.groups.remove()
            self._tell(failed=problem)
            return
        self._tell(started=self.main)
        self._until_main_ends()
        self._clear()
        limit = self.limit or (self.groups.limit_hit() if self.status else None)
        self.groups.remove()
        self._tell(exited={**self._outcome(), "limit": limit, "seconds": time.monotonic() - began})

    def _wake_on_signals(self) -> None:
        self.wake, writer = os.pipe()
        for fd in (self.wake, writer):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._stop(self.order.get("orphan_grace_s", 1.0)))
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _read_order(self) -> bool:
        text = b""
        while not text.endswith(b"\n"):
            data = self.control.recv(_CHUNK)
            if not data:
                return False
            text += data
        self.order = json.loads(text)
        return True

    def _tell(self, **message: object) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(message).encode() + b"\n")

    def _launch(self) -> str | None:
        """Fork and exec; None when the program runs, else why it does not."""
        spare = list(self.streams)
        if self.order["log"]:
            self.log = LogFile(self.order["log"], self.order["log_cap"])
            self.log_fd, writer = os.pipe()
            os.set_blocking(self.log_fd, False)
            self.streams = [self.streams[0], writer, writer]
            spare.append(writer)
        try:
            self.groups.make()
        except OSError as problem:
            return f"{problem.strerror}: {problem.filename}"
        reader, error = os.pipe()
        self.main = os.fork()
        if self.main == 0:
            try:
                self._become_the_child()
            except BaseException as problem:  # noqa: BLE001 - whatever it is, the parent says it
                os.write(error, f"{getattr(problem, 'strerror', None) or problem}".encode()[:500])
            finally:
                os._exit(127)
        for fd in (error, *spare):
            os.close(fd)
        said = os.read(reader, 600).decode(errors="replace")
        os.close(reader)
        if said:
            os.waitpid(self.main, 0)
        return said or None

    def _become_the_child(self) -> None:
        warden = os.getppid()
        os.setsid()
        tree.die_with_parent()
        if os.getppid() != warden:
            os._exit(127)
        self.groups.join()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        for number, soft, hard in self.order["rlimits"]:
            resource.setrlimit(number, (soft, hard))
        if self.order["is_expendable"]:  # when the machine runs out of memory, this one goes before we do
            with contextlib.suppress(OSError):
                write("/proc/self/oom_score_adj", "500")
        os.chdir(self.order["cwd"])
        for target, source in enumerate(self.streams):
            os.dup2(source, target)
        argv, env = self.order["argv"], self.order["env"]
        if self.order["sandbox"]:
            argv, env = self._sandboxed()
        os.execvpe(argv[0], argv, env)  # noqa: S606 - an argument vector

    def _sandboxed(self) -> tuple[list[str], dict[str, str]]:
        """The sandbox's arguments hold the child's environment: they go by a descriptor, not in a list that everybody can read."""
        words = list(self.order["sandbox"][1:])
        for key, value in self.order["env"].items():
            words += ["--setenv", key, value]
        fd = os.memfd_create("sandbox", 0)
        data = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)
        while data:
            data = data[os.write(fd, data) :]
        os.lseek(fd, 0, os.SEEK_SET)
        argv = [self.order["sandbox"][0], "--args", str(fd), "--", *self.order["argv"]]
        return argv, {"TRELLIS_MARK": self.order["env"]["TRELLIS_MARK"]}

    def _until_main_ends(self) -> None:
        for fd in (self.control.fileno(), self.wake, self.log_fd):
            if fd >= 0:
                self.poll.register(fd, select.POLLIN)
        self._reap()
        while self.status is None:
            self._attend(self._timeout_s())
            if self.deadline is not None and self.status is None:
                self._terminate() if time.monotonic() < self.deadline else self._kill_all()
            elif self.order["watch"] and self.status is None:
                self._watch()

    def _timeout_s(self) -> float | None:
        if self.deadline is not None:
            return min(_LOOK_S, max(0.01, self.deadline - time.monotonic()))
        return _WATCH_EVERY_S if self.order["watch"] else None

    def _attend(self, timeout_s: float | None) -> None:
        for fd, _ in self.poll.poll(timeout_s and timeout_s * 1000):
            if fd == self.wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, _CHUNK)
            elif fd == self.log_fd:
                self._pump()
            else:
                self._obey()
        self._reap()

    def _obey(self) -> None:
        try:
            words = self.control.recv(_CHUNK).split()
        except OSError:
            words = []
        if words:
            self._stop(float(words[-1]))
        else:  # we are dead
            self.poll.unregister(self.control)
            self._stop(self.order["orphan_grace_s"])

    def _stop(self, grace_s: float) -> None:
        by = time.monotonic() + grace_s
        self.deadline = by if self.deadline is None else min(self.deadline, by)

    def _terminate(self) -> None:
        """TERM to the main process and its group, but not to the sandbox's own two processes: those would take all down at once."""
        own = {self.main, *tree.children_by_parent().get(self.main, [])} if self.order["sandbox"] else set()
        for pid in tree.descendants():
            with contextlib.suppress(OSError):
                if pid not in own | self.asked and os.getpgid(pid) == self.main:
                    self.asked.add(pid)
                    os.kill(pid, signal.SIGTERM)

    def _pump(self) -> bool:
        """Move output to the log; False when there is no more for now."""
        try:
            data = os.read(self.log_fd, _CHUNK)
        except BlockingIOError:
            return False
        if data and self.log:
            self.log.write(data)
        elif not data:
            self.poll.unregister(self.log_fd)
            self.log_fd = -1
        return bool(data)

    def _reap(self) -> bool:
        """Take the status of whoever ended; False when no descendant is left at all."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.main:
                self.status = status

    def _watch(self) -> None:
        """Bounds where no control group holds them: looked at once a second."""
        now = time.monotonic()
        if now - self.watched_at < _WATCH_EVERY_S:
            return
        self.watched_at = now
        pids, watch = tree.descendants(), self.order["watch"]
        if watch.get("processes") and len(pids) > watch["processes"]:
            self.limit = "processes"
        if watch.get("memory") and sum(map(tree.private_bytes, pids)) > watch["memory"]:
            self.limit = "memory"
        if self.limit:
            self._kill_all()

    def _kill_all(self) -> None:
        self.groups.kill()
        for pid in tree.descendants():
            tree.kill(pid, signal.SIGKILL)
        self.deadline = time.monotonic() + 0.02  # and again, until nothing is left

    def _clear(self) -> None:
        """The main process is gone: ask those it left behind to go, then make them."""
        if self._reap():
            is_late = self.deadline is not None and time.monotonic() >= self.deadline
            soft_until = time.monotonic() + (0.0 if is_late else self.order["leftover_grace_s"])
            for pid in tree.descendants():
                tree.kill(pid, signal.SIGTERM)
            while self._reap() and time.monotonic() < soft_until:
                self._attend(0.02)
            hard_until = time.monotonic() + _KILL_TRIES_S
            while self._reap() and time.monotonic() < hard_until:
                self._kill_all()
                self._attend(0.01)
        while self.log_fd >= 0 and self._pump():
            pass

    def _outcome(self) -> dict[str, int | None]:
        code = os.waitstatus_to_exitcode(self.status or 0)
        if self.order["sandbox"] and _BY_SIGNAL < code <= _BY_SIGNAL + _SIGNALS:  # as the sandbox hands a signal on
            code = _BY_SIGNAL - code
        return {"code": code, "signal": None} if code >= 0 else {"code": None, "signal": -code}


def main() -> None:
    """Fork a warden for each four descriptors that come in on standard input, until its end."""
    nursery = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for wardens
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        data, fds, _, _ = socket.recv_fds(nursery, 1, 4)
        if not data:
            return
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - the library's signature
        if os.fork() == 0:
            try:
                nursery.close()
                os.open(os.devnull, os.O_RDWR)
                Warden(list(fds)).run()
            finally:
                os._exit(0)
        for fd in fds:
            os.close(fd)
