"""The one resident process of ours that wardens are forked from: a start costs a fork, not an interpreter.

It and its wardens bear the mark of the first order, so that whoever comes after us finds those that are just starting something.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path

VARIABLE = "TRELLIS_NURSERY"
_BOOT = """
import sys, types
package = types.ModuleType("processes")
package.__path__ = [sys.argv[1]]
sys.modules["processes"] = package
from processes.warden import main
main()
"""


class _Nursery:
    def __init__(self, mark: str) -> None:
        self.owner = os.getpid()
        self.name = f"{mark}/{secrets.token_hex(8)}"
        self.ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(__file__).parent)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, VARIABLE: self.name},
                cwd="/",
                start_new_session=True,
            )

    def close(self) -> None:
        if self.owner == os.getpid():
            self.ours.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)


_lock = threading.Lock()
_one: _Nursery | None = None


@atexit.register
def close() -> None:
    """End the resident process; children that still run end with it."""
    global _one  # noqa: PLW0603 - one per process, by its nature
    with _lock:
        if _one:
            _one.close()
        _one = None


def own_name() -> str | None:
    """What our nursery and its wardens bear; None when there is none."""
    return _one.name if _one and _one.owner == os.getpid() else None


def hand_over(fds: list[int], mark: str) -> None:
    """Give control, stdin, stdout and stderr to a new warden. The caller closes its copies."""
    global _one  # noqa: PLW0603 - one per process, by its nature
    with _lock:
        for _ in range(3):
            if _one is None or _one.owner != os.getpid():
                _one = _Nursery(mark)
            try:
                socket.send_fds(_one.ours, [b"+"], fds)
            except OSError:  # somebody killed it: the wardens it made live on without it
                _one.close()
                _one = None
            else:
                return
    raise OSError("the nursery of wardens cannot be started")
