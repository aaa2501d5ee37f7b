"""A child of ours under its warden: start it, wait for it, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
from typing import Any

from processes import bounds as bounded
from processes import nursery, sandbox
from processes.order import Bounds, CannotStart, Exit, Order
from processes.sweep import sweep

_LEFTOVER_GRACE_S = 1.0
_START_WITHIN_S = 30.0
_count = itertools.count()


class Child:
    """A running child. It ends, with all its descendants, when this object's process does, or the object is closed."""

    def __init__(self, order: Order, pid: int, mark: str, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.order = order
        self.pid = pid  # of its main process, or of the sandbox around it
        self._mark = mark
        self._reader, self._writer = streams
        self._began = asyncio.get_running_loop().time()
        self._exit = asyncio.create_task(self._until_exit())

    @property
    def is_running(self) -> bool:
        return not self._exit.done()

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        return self._exit.result() if self._exit.done() and not self._exit.cancelled() else None

    @property
    def ran_s(self) -> float | None:
        """For how long it has run; None when it has ended."""
        return asyncio.get_running_loop().time() - self._began if self.is_running else None

    async def _until_exit(self) -> Exit:
        try:
            line = await self._reader.readline()
        except OSError:
            line = b""
        self._writer.close()
        if line.endswith(b"\n"):
            return Exit(**json.loads(line)["exited"])
        await sweep(self._mark)  # somebody killed the warden, and with it the main process: its children may be left
        return Exit(None, signal.SIGKILL, None, asyncio.get_running_loop().time() - self._began)

    async def wait(self) -> Exit:
        """Return when nothing is left of it."""
        return await asyncio.shield(self._exit)

    async def stop(self, grace_s: float = 5.0) -> Exit:
        """TERM, and after `grace_s` KILL for all that is left."""
        with contextlib.suppress(OSError, RuntimeError):
            if self.is_running:
                self._writer.write(f"{max(grace_s, 0.0)}\n".encode())
        return await self.wait()


def _wire(order: Order, mark: str, name: str) -> bytes:
    hierarchies = bounded.hierarchies() if order.bounds != Bounds() else bounded.Hierarchies(0, None, None)
    program = sandbox.bubblewrap() if order.sandbox else None
    wire: dict[str, Any] = {
        "argv": order.argv,
        "cwd": str(order.cwd),
        "env": {**order.env, "TRELLIS_MARK": mark},
        "log": str(order.log) if order.log else None,
        "log_cap": order.log_cap,
        "groups": hierarchies.plan(order.bounds, name),
        "watch": hierarchies.watch(order.bounds),
        "rlimits": bounded.rlimits(),
        "is_expendable": order.bounds != Bounds(),
        "sandbox": sandbox.arguments(program, order.sandbox, order.cwd) if program and order.sandbox else None,
        "orphan_grace_s": order.orphan_grace_s,
        "leftover_grace_s": _LEFTOVER_GRACE_S,
    }
    return json.dumps(wire).encode() + b"\n"


def _duplicates(order: Order, out: int | None, err: int | None) -> list[int]:
    """Standard input is empty. Output goes to `out` and `err`, else where ours goes."""
    null = os.open(os.devnull, os.O_RDWR)
    given = [null if order.log else fallback if fd is None else fd for fd, fallback in ((out, 1), (err, 2))]
    fds = [null]
    for fd in given:
        try:
            fds.append(os.dup(fd))
        except OSError:  # our own standard output is closed
            fds.append(os.dup(null))
    return fds


async def _streams(ours: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The loop's streams over a socket, which is theirs from now on."""
    ours.setblocking(False)  # noqa: FBT003 - the library's signature
    # Cancelled half-way, uvloop would close the number and leave it to `ours`, which closes it again when it is another's.
    opening = asyncio.ensure_future(asyncio.open_unix_connection(sock=ours))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(lambda done: done.result()[1].close())
        raise


async def start(order: Order, *, out: int | None = None, err: int | None = None) -> Child:
    """Start a child and return when its program runs. `out` and `err` are descriptors for its output. Raises CannotStart."""
    if not await asyncio.to_thread(order.cwd.is_dir):
        raise CannotStart(f"{order.argv[0]} cannot be started: its folder is not there")
    number = next(_count)
    mark = f"{order.mark}/{os.getpid()}.{number}"
    wire = await asyncio.to_thread(_wire, order, mark, f"{bounded.group_name(order.mark)}.{os.getpid()}.{number}")
    ours, theirs = socket.socketpair()
    fds = _duplicates(order, out, err)
    try:
        nursery.hand_over([theirs.fileno(), *fds], order.mark)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        for fd in fds:
            os.close(fd)
    reader, writer = await _streams(ours)
    try:
        writer.write(wire)
        async with asyncio.timeout(_START_WITHIN_S):
            answer = json.loads(await reader.readline() or b'{"failed": "its warden died"}')
    except BaseException as problem:
        writer.close()
        if isinstance(problem, OSError | ValueError):
            raise CannotStart(f"{order.argv[0]} cannot be started: its warden does not answer") from problem
        raise
    if "failed" in answer:
        writer.close()
        raise CannotStart(f"{order.argv[0]} cannot be started: {answer['failed']}")
    return Child(order, answer["started"], mark, (reader, writer))
