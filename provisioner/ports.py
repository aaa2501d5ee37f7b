"""Ports of this machine: free ones, who listens on them, who is connected."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from pathlib import Path

from processes.tree import family

_LOW, _HIGH = 20000, 32000  # below what systems take for outgoing connections
_TRIES = 200
_LISTEN, _ESTABLISHED = "0A", "01"


def _can_listen(port: int) -> bool:
    for kind, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104 - bound for a moment, never listening
        try:
            with socket.socket(kind) as tried:
                if kind == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind((host, port))
        except OSError as problem:
            if kind == socket.AF_INET or problem.errno not in (97, 99):  # no IPv6 here is no objection
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


_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def _rows(table: str, port: int, state: str) -> list[list[str]]:
    end = f":{port:04X}"
    with contextlib.suppress(OSError):
        return [
            row
            for line in Path(table).read_text().splitlines()
            if end in line and (row := line.split())[1].endswith(end) and row[3] == state
        ]
    return []


def connections(port: int) -> int:
    """How many connections a listener on `port` holds open; 0 where the system does not tell."""
    return sum(len(_rows(table, port, _ESTABLISHED)) for table in _TABLES)


def is_ours(port: int, pid: int) -> bool:
    """Whether the listener on `port` is `pid` or below it; True where the system does not tell."""
    listeners: set[str] = set()
    for table in _TABLES:
        inodes = {f"socket:[{row[9]}]" for row in _rows(table, port, _LISTEN)}
        listeners |= inodes
        if inodes and any(_holds(each, inodes) for each in family(pid)):
            return True
    return not listeners


def _holds(pid: int, inodes: set[str]) -> bool:
    with contextlib.suppress(OSError):
        for fd in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(fd.path) in inodes:  # noqa: PTH115 - scandir gives strings
                    return True
    return False
