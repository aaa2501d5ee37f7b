"""The highest fence ever seen of each environment, on disk: who comes with a lower one has lost their lease and is refused."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from provisioner.engine import StaleFence

if TYPE_CHECKING:
    from pathlib import Path

_KEPT_S = 90 * 24 * 3600  # after the last use, when the environment is long gone


class Fences:
    """One small file per environment. It outlives the environment: a late order must not bring it back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def claim(self, environment: str, fence: int) -> None:
        """Remember `fence` when it is the highest. Raises StaleFence when a higher one was seen."""
        fd = os.open(self._folder / environment, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            seen = _number(os.read(fd, 64))
            if fence < seen:
                raise StaleFence(f"environment {environment} was taken over: fence {fence} is lower than {seen}")
            if fence > seen:
                os.pwrite(fd, f"{fence:>20}\n".encode(), 0)  # of one length, so a crash leaves the old or the new
                os.fsync(fd)
        finally:
            os.close(fd)

    def highest(self, environment: str) -> int:
        try:
            return _number((self._folder / environment).read_bytes())
        except OSError:
            return 0

    def forget_old(self, alive: set[str]) -> None:
        """Drop what nobody used for months, except for the environments that are `alive`."""
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if path.name not in alive and time.time() - path.stat().st_mtime > _KEPT_S:
                    path.unlink()


def _number(text: bytes) -> int:
    return int(text.strip() or b"0")
