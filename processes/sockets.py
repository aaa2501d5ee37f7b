"""Unix sockets of ours: for this user only, at a path of any length."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_WAITING = 128


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
