"""What a pod runs: `python -m deploy.inside`. It lays out what was given, runs Python there, and says all that came of it to one log.

Only the standard library, so that a run begins at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

from deploy.frames import MOST_OUT, PIECE, Frames

_GRACE_S = 10.0
ARTIFACT_HEADERS = "TRELLIS_ARTIFACT_HEADERS"
"""A variable of ours: JSON, headers by the beginning of addresses. deploy.py does not see it."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("deploy.inside", allow_abbrev=False)
    parser.add_argument("--given", type=Path, required=True, help="the archive with what it is given")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder in which it runs")
    parser.add_argument("--within", type=float, required=True, metavar="SECONDS", help="then it is stopped")
    parser.add_argument("--made", default="", metavar="FILE", help="what it is to make")
    parser.add_argument("--artifact", type=Path, help="where the target's artifact is fetched to")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="what Python is started with")
    return parser.parse_args()


def main() -> NoReturn:
    options = _options()
    lock = threading.Lock()

    def write(line: bytes) -> None:
        with lock:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    frames = Frames(write)
    with zipfile.ZipFile(options.given) as given:
        given.extractall(options.work)
    if options.artifact:
        from deploy.fetched import fetch  # noqa: PLC0415 - only who needs an artifact waits for it

        if sentence := fetch(options.work / "target.json", options.artifact, os.environ.get(ARTIFACT_HEADERS, "")):
            frames.words(f"{sentence}\n".encode())
            frames.end(None, {"how": "was not begun", "sentence": sentence})
            sys.exit(1)
    sys.exit(Run(options, frames).ended())


class Run:
    """The one child of this process, with all that it starts."""

    def __init__(self, options: argparse.Namespace, frames: Frames) -> None:
        self._options = options
        self._frames = frames
        self._began = time.monotonic()
        self._stopped = ""
        environment = {name: value for name, value in os.environ.items() if name != ARTIFACT_HEADERS}
        environment |= {"HOME": str(options.work), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        argv = [sys.executable, *options.argv[options.argv[:1] == ["--"] :]]
        self._child = subprocess.Popen(
            argv,
            cwd=options.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda number, _: self._stop(f"was killed by {signal.Signals(number).name}"))

    def ended(self) -> int:
        """Its exit code; 128 and the signal's number for one that was killed."""
        told = ((self._child.stdout, _out(self._frames)), (self._child.stderr, self._frames.words))
        readers = [_reader(stream, tell) for stream, tell in told if stream]
        deadline = threading.Timer(self._options.within, self._stop, [f"was stopped for it took more than {self._options.within:g} s"])
        deadline.daemon = True
        deadline.start()
        code = self._child.wait()
        self._signal(signal.SIGKILL)  # what it started ends with it
        for reader in readers:
            reader.join(_GRACE_S)
        took = f"after {time.monotonic() - self._began:.1f} s"
        how = self._stopped or (f"exited with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}")
        self._frames.end(self._made(), {"how": f"{how} {took}", "code": code})
        return code if code >= 0 else 128 - code

    def _made(self) -> bytes | None:
        path = self._options.work / self._options.made
        return path.read_bytes() if self._options.made and path.is_file() else None

    def _stop(self, how: str) -> None:
        self._stopped = self._stopped or how
        self._signal(signal.SIGTERM)
        last = threading.Timer(_GRACE_S, self._signal, [signal.SIGKILL])
        last.daemon = True
        last.start()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


def _reader(stream: IO[bytes], tell: Callable[[bytes], None]) -> threading.Thread:
    def read() -> None:
        while line := stream.readline(PIECE):
            tell(line)
        tell(b"")

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _out(frames: Frames) -> Callable[[bytes], None]:
    """Pieces put together to lines; what is longer than all that may be said is no event."""
    held = bytearray()

    def tell(piece: bytes) -> None:
        if len(held) <= MOST_OUT:
            held.extend(piece)
        if held and (not piece or piece.endswith(b"\n")):
            frames.out(bytes(held).removesuffix(b"\n"))
            held.clear()

    return tell


if __name__ == "__main__":
    main()
