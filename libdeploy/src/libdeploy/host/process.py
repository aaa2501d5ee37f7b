"""A plain process: started for itself, known again by its number and the moment of its start."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from libdeploy.errors import DeployError

_LOOK_S = 0.02


class PlainProcess:
    """The one process of a folder. Nobody starts it again when it ends: that is what systemd is for."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "process.json"
        self.log = folder / "log"

    def start(self, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Raises DeployError `cannot_start`."""
        given = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        with self.log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    argv,
                    env={**given, **environment},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=self._record,  # noqa: PLW1509 - one thread; written before it begins, it is never lost sight of
                )
            except (OSError, subprocess.SubprocessError) as error:
                self._file.unlink(missing_ok=True)
                raise DeployError(f"{argv[0]} cannot be started: {getattr(error, 'strerror', None) or error}.", "cannot_start") from error
        process.returncode = 0  # it lives on without us

    def _record(self) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps({"pid": os.getpid(), "began": _began(os.getpid())}))
        part.replace(self._file)

    def is_running(self) -> bool:
        return self._pid() is not None

    def ran_s(self) -> float | None:
        """Seconds since it was started, by this host's clock; None when it does not run."""
        try:
            began_at = self._file.stat().st_mtime
        except OSError:
            return None
        return time.time() - began_at if self.is_running() else None

    def stop(self, within_s: float) -> None:
        """SIGTERM to all of its group, SIGKILL to what is left after `within_s`."""
        pid = self._pid()
        if pid is None:
            return
        for number, wait_s in ((signal.SIGTERM, within_s), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)
            if self._has_ended(wait_s):
                break
        else:
            raise DeployError(f"The process {pid} does not end, not even killed.", "cannot_stop")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # children that outlived it
        self._file.unlink(missing_ok=True)

    def _has_ended(self, within_s: float) -> bool:
        by = time.monotonic() + within_s
        while self._pid() is not None:
            if time.monotonic() > by:
                return False
            time.sleep(_LOOK_S)
        return True

    def _pid(self) -> int | None:
        try:
            data = json.loads(self._file.read_text())
            pid, began = int(data["pid"]), data["began"]
        except (OSError, ValueError, KeyError):
            return None
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # ours, when we started it: gone is gone
        return pid if began and _began(pid) == began else None


def _began(pid: int) -> str:
    """When a process began, in a form that another with the same number does not have; "" when it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
        asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        state, _, began = asked.stdout.strip().partition(" ")
        return "" if state.startswith("Z") else began.strip()
    except ProcessLookupError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]
