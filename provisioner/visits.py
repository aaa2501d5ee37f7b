"""When environments were visited: read from the proxy's access log, of which only time and host are kept."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "visits.log"
_MOST_READ = 16 * 1024 * 1024


def logging(folder: Path) -> dict[str, Any]:
    """Caddy's configuration of the log: a file that is rolled, without addresses, paths and headers of visitors."""
    dropped = ("request>uri", "request>headers", "request>remote_ip", "request>remote_port", "request>client_ip", "resp_headers", "user_id")
    return {
        "writer": {"output": "file", "filename": str(folder / _FILE), "roll_size_mb": 8, "roll_keep": 1},
        "encoder": {"format": "filter", "wrap": {"format": "json"}, "fields": {name: {"filter": "delete"} for name in dropped}},
        "include": ["http.log.access.visits"],
        "level": "INFO",
    }


class Visits:
    """Reads what is new in the log, each time it is asked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._read = 0  # bytes
        self._last: dict[str, float] = {}  # by the first label of the host name

    def quiet_s(self, slug: str) -> float | None:
        """How long ago the last visit to an environment or one of its services was; None when there was none that is known."""
        seen = [at for label, at in self._last.items() if label == slug or label.endswith(f"--{slug}")]
        return max(0.0, time.time() - max(seen)) if seen else None

    def look(self) -> None:
        try:
            size = self._path.stat().st_size
            self._read = 0 if size < self._read else self._read  # it was rolled
            with self._path.open("rb") as file:
                file.seek(self._read)
                new = file.read(_MOST_READ)
        except OSError:
            return  # nobody was there yet
        whole, _, _ = new.rpartition(b"\n")
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            seen = json.loads(line)
            label, at = str(seen["request"]["host"]).partition(".")[0].lower(), float(seen["ts"])
        except (ValueError, KeyError, TypeError):
            return
        if int(seen.get("status") or 0) != _NOBODY_THERE:
            self._last[label] = max(at, self._last.get(label, 0.0))


_NOBODY_THERE = 404
"""What the proxy answers for names that lead nowhere."""
