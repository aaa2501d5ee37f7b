"""End everything that bears a mark of ours: the last net, for what a killed process of ours may have left."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from processes import nursery
from processes.bounds import hierarchies
from processes.tree import kill

_WITHIN_S = 10.0


def bearers(mark: str) -> list[int]:
    """Processes whose environment says that they were started under `mark` (all of it, or its part before a slash)."""
    return _with("TRELLIS_MARK", mark, None)


def _with(variable: str, mark: str, but: str | None) -> list[int]:
    """Processes that have `mark`, or what begins with it and a slash, in `variable`; not those that have `but`."""
    wanted, left_out = os.fsencode(f"{variable}={mark}"), os.fsencode(f"{variable}={but}")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        is_one = any(word == wanted or (word.startswith(wanted + b"/") and word != left_out) for word in words)
        if is_one and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _sweep(mark: str) -> int:
    until = time.monotonic() + _WITHIN_S
    swept: set[int] = set()
    # A dead process's wardens too: one that has its order and not yet its child would start it after us.
    while pids := [*_with(nursery.VARIABLE, mark, nursery.own_name()), *bearers(mark)]:
        swept.update(pids)
        for pid in pids:
            kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            break
        time.sleep(0.01)
    hierarchies().clear(mark)
    return len(swept)


async def sweep(mark: str) -> int:
    """Kill all bearers of `mark`, and what a dead process of that mark has to start children; returns how many when none is left."""
    return await asyncio.to_thread(_sweep, mark)
