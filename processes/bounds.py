"""How a child is bounded on this machine: control groups where we may make them, else a watch by its warden.

Only what bounds a whole tree counts: RLIMIT_AS stops runtimes that merely reserve memory, and RLIMIT_NPROC counts all of a user.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes.groups import remove

if TYPE_CHECKING:
    from processes.order import Bounds

_MB = 1024 * 1024
_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Hierarchies:
    """Folders in which a child's groups are made; None where there is none that we may use. `version` is 2, 1 or 0."""

    version: int
    memory: Path | None
    processes: Path | None

    def plan(self, bounds: Bounds, name: str) -> list[dict[str, Any]]:
        """The groups of a child called `name`, in the form its warden wants."""
        plans: dict[Path, dict[str, Any]] = {}
        for folder, wanted, row in ((self.memory, bounds.memory_mb, self._memory), (self.processes, bounds.processes, self._processes)):
            if folder and wanted:
                limits, event = row(wanted)
                plan = plans.setdefault(
                    folder,
                    {"dir": str(folder / name), "limits": [], "events": [], "can_kill": self.version == 2},
                )
                plan["limits"] += limits
                plan["events"].append(event)
        return list(plans.values())

    def _memory(self, megabytes: int) -> tuple[list[tuple[str, int]], tuple[str, str, str]]:
        size = megabytes * _MB
        if self.version == 1:
            return [("memory.limit_in_bytes", size), ("memory.memsw.limit_in_bytes", size)], ("memory", "memory.oom_control", "oom_kill")
        return [("memory.max", size), ("memory.swap.max", 0)], ("memory", "memory.events", "oom_kill")

    def _processes(self, count: int) -> tuple[list[tuple[str, int]], tuple[str, str, str]]:
        return [("pids.max", count)], ("processes", "pids.events", "max")

    def watch(self, bounds: Bounds) -> dict[str, int]:
        """What the warden itself has to look after."""
        wanted = {"memory": None if self.memory else bounds.memory_mb, "processes": None if self.processes else bounds.processes}
        return {key: value * (_MB if key == "memory" else 1) for key, value in wanted.items() if value}

    def clear(self, mark: str) -> None:
        """Remove the empty groups that earlier children of `mark` left."""
        for folder in {self.memory, self.processes} - {None}:
            for group in folder.glob(f"{group_name(mark)}.*") if folder else ():
                remove(str(group))


def group_name(mark: str) -> str:
    """A mark as part of a folder's name."""
    return hashlib.sha256(mark.encode("utf-8", "surrogateescape")).hexdigest()[:12]


@functools.cache
def hierarchies() -> Hierarchies:
    """What this machine lets us do, tried once. `TRELLIS_CGROUPS=off` leaves its control groups alone."""
    if os.environ.get("TRELLIS_CGROUPS") == "off":
        return Hierarchies(0, None, None)
    with contextlib.suppress(OSError):
        return find(Path("/proc/self/cgroup").read_text(), _ROOT)
    return Hierarchies(0, None, None)


def find(own_groups: str, root: Path) -> Hierarchies:
    """Look from our own groups (the text of /proc/self/cgroup) upwards, under `root`, for a folder that takes children."""
    own = {part: path for _, part, path in (line.split(":", 2) for line in own_groups.splitlines())}
    if "" in own and (root / "cgroup.controllers").exists():
        folder = _first(root, own[""], _usable_v2)
        if folder:
            return Hierarchies(2, folder, folder)
    found: dict[str, Path | None] = {"memory": None, "pids": None}
    for controller, file in (("memory", "memory.limit_in_bytes"), ("pids", "pids.max")):
        mine = next((path for part, path in own.items() if controller in part.split(",")), None)
        if mine is not None:
            found[controller] = _first(root / controller, mine, functools.partial(_usable, files=(file,)))
    return Hierarchies(1 if any(found.values()) else 0, found["memory"], found["pids"])


def _first(root: Path, own: str, is_usable: Any) -> Path | None:
    here = root / own.lstrip("/")
    for folder in (here, *here.parents):
        if is_usable(folder / "trellis"):
            return folder / "trellis"
        if folder == root:
            return None
    return None


def _usable_v2(folder: Path) -> bool:
    """Groups below `folder` get the controllers only when those above and it hand them down."""
    try:
        folder.mkdir(exist_ok=True)
        for group in (folder.parent, folder):
            (group / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return False
    return _usable(folder, ("memory.max", "pids.max"))


def _usable(folder: Path, files: tuple[str, ...]) -> bool:
    """Make a group, look for its limits, and move a real process into it."""
    probe = folder / f"probe.{os.getpid()}"
    try:
        folder.mkdir(exist_ok=True)
        probe.mkdir()
    except OSError:
        return False
    try:
        return all((probe / name).exists() for name in files) and _can_move(probe)
    finally:
        remove(str(probe))


def _can_move(group: Path) -> bool:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cat:
        try:
            (group / "cgroup.procs").write_text(str(cat.pid))
        except OSError:
            return False
        return True


def rlimits() -> list[tuple[int, int, int]]:
    """For every child: no core dumps, and for people other than root a few processes left for us to stop it with."""
    limits = [(resource.RLIMIT_CORE, 0, 0)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.getuid() and soft != resource.RLIM_INFINITY:
        limits.append((resource.RLIMIT_NPROC, soft * 9 // 10, hard))
    return limits
