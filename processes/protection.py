"""What of our protections is in force on this machine, said plainly."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

from processes.bounds import hierarchies
from processes.sandbox import bubblewrap


@dataclass(frozen=True)
class Protection:
    """`bounds_by` is what holds a child to its memory and processes: `cgroup v2`, `cgroup v1` or `watch`."""

    sandbox: str | None
    memory_by: str
    processes_by: str
    is_whole_tree_killed: bool

    def sentences(self) -> tuple[str, ...]:
        """One line for each, for `doctor`."""
        return (
            f"sandbox: bubblewrap ({self.sandbox})"
            if self.sandbox
            else "sandbox: none (bubblewrap is not installed or may not work here): whoever may push is trusted with this user's rights",
            f"memory limit: {self.memory_by}",
            f"process limit: {self.processes_by}",
            "children end with us, with all their descendants"
            if self.is_whole_tree_killed
            else "children end with us; a descendant that leaves its parents may stay (this system has no subreaper)",
        )


def _look() -> Protection:
    found = hierarchies()
    group = f"cgroup v{found.version}"
    watch = "watch (looked at once a second)"
    return Protection(bubblewrap(), group if found.memory else watch, group if found.processes else watch, sys.platform == "linux")


async def protection() -> Protection:
    """Tried once per process; the first call takes some tens of milliseconds."""
    return await asyncio.to_thread(_look)
