"""Programs on this host: a folder for each release, `current` leads to the one that runs."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from libdeploy.alone import alone
from libdeploy.artifact_file import checked
from libdeploy.canonical import canonical, digest
from libdeploy.errors import DeployError
from libdeploy.host.binary import RELEASE
from libdeploy.host.manager import Manager, Plain
from libdeploy.host.unpack import unpack
from libdeploy.item import Item

RELEASES_KEPT = 5
_WORDS = 2000
_LOOK_S = 0.05
_STEADY_S = 1.0


def root_of(environment: Mapping[str, str]) -> Path:
    """Where releases lie: LIBDEPLOY_ROOT, else in the home folder."""
    return Path(environment.get("LIBDEPLOY_ROOT") or Path.home() / ".local/share/libdeploy")


class HostDriver:
    """ROOT/environment/service/name: `releases/<digest>`, `current`, `process.json`, `log`. `artifact` is the file to release.

    `clock` and `pause` are in seconds.
    """

    name = "host"

    def __init__(
        self,
        root: Path,
        service: str,
        environment: str,
        artifact: Path | None = None,
        manager: Manager | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._folder = root / environment / service
        self._artifact = artifact
        self._manager = manager or Plain()
        self._clock = clock
        self._pause = pause

    def observe(self, service: str, environment: str) -> Mapping[str, Mapping[str, Any]]:  # noqa: ARG002 - it is bound to them
        found = {}
        for current in sorted(self._folder.glob("*/current/release.json")):
            folder = current.parents[1]
            found[folder.name] = {**json.loads(current.read_bytes()), "~running": self._manager.ran_s(folder) is not None}
        return found

    def check(self, item: Item) -> None:
        """Whether there is a release to run, or a file to make one of. Raises DeployError `no_artifact` or `wrong_digest`."""
        if not self._release(item).exists():
            self._checked_artifact(item)

    def put(self, item: Item) -> None:
        with alone(self._folder):
            release = self._release(item)
            if not release.exists():
                self._make_release(item, release)
            folder = self._folder / item.key
            self._manager.stop(folder, item.body["stop_within_s"])
            _lead(folder / "current", release)
            argv = [each.replace(RELEASE, str(release / "files")) for each in item.body["argv"]]
            self._manager.start(folder, argv, item.body["environment"], release / "files")
            self._forget_old(folder, release)

    def remove(self, key: str) -> None:
        with alone(self._folder):
            folder = self._folder / key
            release = folder / "current" / "release.json"
            within_s = json.loads(release.read_bytes())["stop_within_s"] if release.exists() else 10
            self._manager.stop(folder, within_s)
            (folder / "current").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def wait(self, items: Iterable[Item], within_s: float) -> None:
        by = self._clock() + within_s
        for item in items:
            self._wait(item, by)

    def _wait(self, item: Item, by: float) -> None:
        folder, body = self._folder / item.key, item.body
        steady_at = self._clock() + _STEADY_S
        while True:
            ran_s = self._manager.ran_s(folder)
            if ran_s is None:
                raise self._unhealthy(item, "has ended")
            is_steady = ran_s >= _STEADY_S or self._clock() >= steady_at  # since when it runs is not always known
            said = _ask(body["port"], body["health"]) if body["port"] else "" if is_steady else "has just begun"
            if not said:
                return
            if self._clock() > by:
                raise self._unhealthy(item, said)
            self._pause(_LOOK_S)

    def _unhealthy(self, item: Item, said: str) -> DeployError:
        words = self._manager.last_words(self._folder / item.key, _WORDS)
        return DeployError(f"{item.key} {said}." + (f" Its last words:\n{words}" if words else ""), "unhealthy")

    def _release(self, item: Item) -> Path:
        wanted = {key: value for key, value in item.body.items() if key != "~running"}
        return self._folder / item.key / "releases" / digest(wanted)[:16]

    def _make_release(self, item: Item, release: Path) -> None:
        artifact = self._checked_artifact(item)
        part = release.with_name(f"{release.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        if item.body["artifact"]["kind"] == "archive":
            unpack(artifact, part / "files")
        else:
            (part / "files").mkdir()
            program = part / "files" / item.key
            shutil.copyfile(artifact, program)
            program.chmod(0o755)
        (part / "release.json").write_bytes(canonical({key: value for key, value in item.body.items() if key != "~running"}))
        part.rename(release)

    def _checked_artifact(self, item: Item) -> Path:
        return checked(self._artifact, item.body["artifact"]["sha256"], item.key)

    def _forget_old(self, folder: Path, current: Path) -> None:
        releases = sorted((each for each in (folder / "releases").iterdir() if each != current), key=lambda each: each.stat().st_mtime)
        for old in releases[: -(RELEASES_KEPT - 1)]:
            shutil.rmtree(old, ignore_errors=True)


def _lead(link: Path, to: Path) -> None:
    part = link.with_name(f"{link.name}.part")
    part.unlink(missing_ok=True)
    part.symlink_to(os.path.relpath(to, link.parent))
    part.replace(link)


def _ask(port: int, path: str) -> str:
    """What is wrong with what listens there: "" for nothing."""
    if not path:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            return f"does not listen on port {port}"
        return ""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    with contextlib.closing(connection):
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return f"does not answer on port {port}"
    return "" if status == 200 else f"answers {status} to {path}"
