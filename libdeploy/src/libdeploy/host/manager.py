"""Who runs the programs of releases: they for themselves, whoever listens on a socket, or systemd."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from libdeploy.errors import DeployError
from libdeploy.host.log import tail
from libdeploy.host.process import PlainProcess
from libdeploy.host.systemd import Systemd

_LOG = "log"


class Manager(Protocol):
    """`folder` is the program's own: ROOT/environment/service/name."""

    def start(self, folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Run it. Raises DeployError `cannot_start`."""

    def stop(self, folder: Path, within_s: float) -> None:
        """Ask it to end, and end it after `within_s`; one that does not run is stopped already."""

    def ran_s(self, folder: Path) -> float | None:
        """For how many seconds it has run since it was started last, 0 when that is not known; None when it does not run."""

    def last_words(self, folder: Path, most: int) -> str:
        """The end of what it wrote, at most so many bytes."""


class Plain:
    """Processes for themselves. Nobody starts them again when they end."""

    def start(self, folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        PlainProcess(folder).start(argv, environment, cwd)

    def stop(self, folder: Path, within_s: float) -> None:
        PlainProcess(folder).stop(within_s)

    def ran_s(self, folder: Path) -> float | None:
        return PlainProcess(folder).ran_s()

    def last_words(self, folder: Path, most: int) -> str:
        return tail(PlainProcess(folder).log, most)


class Asked:
    """Whoever listens on the socket keeps them running, as children of its own, and after its own end too.

    JSON over HTTP: POST /start, /stop and /running with `folder` (and `argv`, `environment`, `cwd`, or `within_s`); 200 with an object, or
    409 with `message`. /running answers `is_running` and `ran_s`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self, folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        self._ask("start", folder, argv=list(argv), environment=dict(environment), cwd=str(cwd))

    def stop(self, folder: Path, within_s: float) -> None:
        self._ask("stop", folder, timeout_s=within_s + 30, within_s=within_s)

    def ran_s(self, folder: Path) -> float | None:
        said = self._ask("running", folder)
        return float(said.get("ran_s", 0)) if said["is_running"] else None

    def last_words(self, folder: Path, most: int) -> str:
        return tail(folder / _LOG, most)

    def _ask(self, what: str, folder: Path, timeout_s: float = 30, **more: Any) -> dict[str, Any]:
        connection = _Local(self._path, timeout_s)
        try:
            connection.request("POST", f"/{what}", json.dumps({"folder": str(folder), **more}), {"content-type": "application/json"})
            answer = connection.getresponse()
            said: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeployError(f"Whoever keeps programs running does not answer on {self._path}: {error}.", "no_manager") from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise DeployError(str(said.get("message", "It was refused.")), "cannot_start")
        return said


def manager_of(environment: Mapping[str, str]) -> Manager:
    """LIBDEPLOY_MANAGER: `systemd` or `systemd-user`, else the path of the socket; without it programs run for themselves.

    LIBDEPLOY_UNITS is systemd's folder of units, LIBDEPLOY_USER whom they run as.
    """
    said = environment.get("LIBDEPLOY_MANAGER", "")
    if said in {"systemd", "systemd-user"}:
        home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config", "systemd/user")
        units = Path(environment.get("LIBDEPLOY_UNITS") or (home if said == "systemd-user" else "/etc/systemd/system"))
        return Systemd(units, is_user=said == "systemd-user", user=environment.get("LIBDEPLOY_USER", ""))
    return Asked(Path(said)) if said else Plain()


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        if len(os.fsencode(self._path)) < 100:
            self.sock.connect(str(self._path))
            return
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)  # such an address has 108 bytes at most
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)
