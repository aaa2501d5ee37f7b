"""The product as its users start it: `trellis up` in a folder of its own, on free ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from processes import free_port

_UP_WITHIN_S = 60.0
_DOWN_WITHIN_S = 30.0


@dataclass
class Running:
    folder: Path
    port: int = field(default_factory=free_port)
    proxy_port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ}
        ports = {"TRELLIS_PORT": str(self.port), "TRELLIS_PROXY_PORT": str(self.proxy_port)}
        return {**kept, "HOME": str(self.folder / "home"), "COLUMNS": "100", **ports, **self.more}

    def trellis(self, *words: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-P", "-m", "bot", *words]
        return subprocess.run(argv, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=timeout_s, check=False)


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Running]:
    """Start it and wait until it says that it runs; at the end it is asked to stop, and must."""
    (folder / "home").mkdir(parents=True, exist_ok=True)
    found = Running(folder, more=more)
    log = folder / "up.log"
    with log.open("w") as out:
        argv = [sys.executable, "-P", "-m", "bot", "up"]
        child = subprocess.Popen(argv, cwd=folder, env=found.environ, stdout=out, stderr=out, start_new_session=True)
    try:
        until = time.monotonic() + _UP_WITHIN_S
        while "Trellis runs" not in log.read_text():
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield found
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(_DOWN_WITHIN_S)
        finally:
            child.kill()
            child.wait()
