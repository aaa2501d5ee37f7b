"""Servers that tests start and stop themselves."""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def redis_server() -> Iterator[Path]:
    """A real server of its own; gives its socket. Ends with the block, or with the test process."""
    folder = Path(tempfile.mkdtemp(prefix="trellis-redis-"))
    path = folder / "redis.sock"
    child = subprocess.Popen(embedded.argv(path, folder), stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)  # noqa: PLW1509 - one call, no Python state
    try:
        wait_until_it_answers(path, child)
        yield path
    finally:
        child.terminate()
        child.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def ask(path: Path, command: str) -> str:
    """One command in the protocol's inline form; the first line of the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        return connection.makefile("r", newline="\r\n").readline().strip()


def wait_until_it_answers(path: Path, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            if ask(path, "PING") == "+PONG":
                return
        except OSError:
            if child.poll() is not None or time.monotonic() > until:
                raise
        time.sleep(0.005)


def die_with_parent() -> None:
    """For `preexec_fn`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: not even a killed test run leaves a server
