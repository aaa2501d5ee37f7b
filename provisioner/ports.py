"""Ports of this machine: free ones, who listens on them, who is connected."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from pathlib import Path

from processes.tree import descendants

_LOW, _HIGH = 20000, 32000  # below what systems take for outgoing connections
_TRIES = 200
_LISTEN, _ESTABLISHED = "0A", "01"


def _can_listen(port: int) -> bool:
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104 - bound for a moment, never listening
        try:
            with socket.socket(family) as tried:
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind((host, port))
        except OSError as problem:
            if family == socket.AF_INET or problem.errno not in (97, 99):  # no IPv6 here is no objection
                return False
    return True


def free_ports(count: int, taken: set[int]) -> list[int]:
    """`count` ports nobody listens on and that are not in `taken`, to which they are added."""
    found: list[int] = []
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        port = random.randrange(_LOW, _HIGH)  # noqa: S311 - against collisions, not against people
        if port not in taken and _can_listen(port):
            taken.add(port)
            found.append(port)
    if len(found) < count:
        raise OSError("no free ports are left on this machine")
    return found


def _rows(port: int, state: str) -> list[list[str]]:
    end = f":{port:04X}"
    rows = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows += [row for line in Path(table).read_text().splitlines()[1:] if (row := line.split())[1].endswith(end) and row[3] == state]
    return rows


def connections(port: int) -> int:
    """How many connections a listener on `port` holds open; 0 where the system does not tell."""
    return len(_rows(port, _ESTABLISHED))


def is_ours(port: int, pid: int) -> bool:
    """Whether the listener on `port` is `pid` or below it; True where the system does not tell."""
    inodes = {f"socket:[{row[9]}]" for row in _rows(port, _LISTEN)}
    if not inodes:
        return True
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            for fd in os.scandir(f"/proc/{each}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(fd.path) in inodes:  # noqa: PTH115 - scandir gives strings
                        return True
    return False
