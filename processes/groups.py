"""The control groups of one child, on the warden's side. Standard library only."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

_REMOVE_TRIES = 100


def write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123 - pathlib is not worth its import in a warden
        file.write(text)


class Groups:
    """Made before the child and removed after it. `wanted` is what `processes.bounds` plans: dir, limits, events, can_kill."""

    def __init__(self, wanted: list[dict[str, Any]]) -> None:
        self.wanted = wanted

    def make(self) -> None:
        for group in self.wanted:
            with contextlib.suppress(FileExistsError):
                os.mkdir(group["dir"])  # noqa: PTH102
            for name, value in group["limits"]:
                with contextlib.suppress(OSError):  # some kernels lack the limits on swap
                    write(f"{group['dir']}/{name}", str(value))

    def join(self) -> None:
        """Move the calling process in."""
        for group in self.wanted:
            write(f"{group['dir']}/cgroup.procs", "0")

    def kill(self) -> None:
        for group in self.wanted:
            if group["can_kill"]:
                with contextlib.suppress(OSError):
                    write(f"{group['dir']}/cgroup.kill", "1")

    def limit_hit(self) -> str | None:
        """Which bound the kernel had to enforce, if any."""
        for group in self.wanted:
            for limit, name, word in group["events"]:
                if _count(f"{group['dir']}/{name}", word):
                    return str(limit)
        return None

    def remove(self) -> None:
        for group in self.wanted:
            remove(group["dir"])


def _count(path: str, word: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open(path) as file:  # noqa: PTH123
        return sum(int(line.split()[1]) for line in file if line.split()[0] == word)
    return 0


def remove(folder: str) -> None:
    """Remove a group; the kernel may need a moment after its last process."""
    for _ in range(_REMOVE_TRIES):
        try:
            os.rmdir(folder)  # noqa: PTH106
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
