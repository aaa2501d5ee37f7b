"""Sockets of ours: Unix ones for this user only, at a path of any length, and free ports of this machine."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from pathlib import Path

_WAITING = 128
_PORTS = range(10000, 20000)  # below what systems take for outgoing connections, beside those that environments are given
_TRIES = 200


def reachable(path: Path) -> str:
    """A socket's path in a form short enough for the system's 108 bytes, where there is one."""
    if len(os.fsencode(path)) < 100 or not Path("/proc/self/fd").is_dir():
        return str(path)
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    return f"/proc/self/fd/{fd}/{path.name}"


def bound(path: Path) -> socket.socket:
    """A socket at `path`, mode 0600, in place of what a dead process left there. Who connects waits until somebody serves."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.bind(reachable(path))
        made.listen(_WAITING)
    finally:
        os.umask(before)
    return made


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on and that no outgoing connection can take meanwhile. Raises OSError."""
    for port in random.SystemRandom().sample(_PORTS, _TRIES):
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port
    raise OSError("no free ports are left on this machine")
