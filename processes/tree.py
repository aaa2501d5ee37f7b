"""A process's descendants: who they are, what they use, and the two switches by which none gets away. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal

_PDEATHSIG, _CHILD_SUBREAPER = 1, 36


_system_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # only Linux has it


def _prctl(option: int, value: int) -> None:
    if _system_prctl:
        _system_prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def adopt_orphans() -> None:
    """Whoever loses their parent below us becomes our child."""
    _prctl(_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """SIGKILL for us when our parent dies."""
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _from_proc() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib is not worth its import in a warden
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    return children


def _from_ps() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    with os.popen("ps -A -o pid=,ppid=") as out:  # noqa: S605 - a constant, on systems without /proc
        for line in out:
            pid, parent = line.split()
            children.setdefault(int(parent), []).append(int(pid))
    return children


def children_by_parent() -> dict[int, list[int]]:
    """Every process of the machine, under its parent."""
    return _from_proc() if os.path.isdir("/proc/self") else _from_ps()  # noqa: PTH112


def descendants(of: int | None = None) -> list[int]:
    """All processes below `of`, which is us when it is left out; the nearest first."""
    children = children_by_parent()
    found, todo = [], [of or os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def family(pid: int) -> list[int]:
    """`pid` and all below it, quickly; whoever forks meanwhile may be missed."""
    if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):  # noqa: PTH110
        return [pid, *descendants(pid)]
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):  # noqa: PTH208
                with open(f"/proc/{one}/task/{task}/children") as file:  # noqa: PTH123
                    todo += map(int, file.read().split())
    return found


def kill(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def private_bytes(pid: int) -> int:
    """Memory in use that is not shared; 0 when it cannot be known."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123
        _, resident, shared = map(int, file.read().split()[:3])
        return (resident - shared) * resource.getpagesize()
    return 0


def cpu_seconds(pid: int) -> float:
    """What it and its children that have ended used of the processors; 0 when it cannot be known."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        ticks = file.read().rpartition(b")")[2].split()[11:15]  # utime stime cutime cstime, proc(5)
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0
