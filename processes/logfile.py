"""A log file that cannot fill the disk, and how to read its end. Standard library only."""

from __future__ import annotations

import contextlib
import os

_LINE_CAP = 4096
_TAIL_BYTES = 256 * 1024


class LogFile:
    """A file of at most `cap` bytes, and the one before it as `<name>.1`. A full disk loses lines, never the service."""

    def __init__(self, path: str, cap: int) -> None:
        self.path, self.cap = path, cap
        self.fd, self.size = -1, 0
        self._open()

    def _open(self) -> None:
        with contextlib.suppress(OSError):
            self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            self.size = os.fstat(self.fd).st_size

    def _turn(self) -> None:
        os.close(self.fd)
        self.fd = -1
        with contextlib.suppress(OSError):
            os.replace(self.path, self.path + ".1")  # noqa: PTH105 - pathlib is not worth its import in a warden
        self._open()

    def write(self, data: bytes) -> None:
        if self.fd >= 0 and self.size + len(data) > self.cap:
            self._turn()
        with contextlib.suppress(OSError):
            self.size += os.write(self.fd, data)


def _end_of(path: str) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        return file.read(_TAIL_BYTES)
    return b""


def tail(path: str | os.PathLike[str], lines: int) -> tuple[str, ...]:
    """The last `lines` of a log, oldest first, decoded; a line is cut at 4096 characters. Empty when there is none."""
    if lines <= 0:
        return ()
    name = os.fspath(path)
    data = _end_of(name)
    if data.count(b"\n") < lines:
        data = _end_of(name + ".1") + data
    return (
        tuple(line.rstrip("\r")[:_LINE_CAP] for line in data.decode(errors="replace").rstrip("\n").split("\n")[-lines:])
        if data.strip()
        else ()
    )
