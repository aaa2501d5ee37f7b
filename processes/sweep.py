"""End everything that bears a mark of ours: the last net, for what a killed process of ours may have left."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from processes.bounds import hierarchies
from processes.tree import kill

_WITHIN_S = 10.0


def bearers(mark: str) -> list[int]:
    """Processes whose environment says that they were started under `mark` (all of it, or its part before a slash)."""
    wanted = b"TRELLIS_MARK=" + os.fsencode(mark)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word == wanted or word.startswith(wanted + b"/") for word in words) and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _sweep(mark: str) -> int:
    until = time.monotonic() + _WITHIN_S
    swept: set[int] = set()
    while pids := bearers(mark):
        swept.update(pids)
        for pid in pids:
            kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            break
        time.sleep(0.01)
    hierarchies().clear(mark)
    return len(swept)


async def sweep(mark: str) -> int:
    """Kill all bearers of `mark` and return how many there were when none is left."""
    return await asyncio.to_thread(_sweep, mark)
