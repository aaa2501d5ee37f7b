"""Programs of releases as systemd units of this host: `libdeploy.ENVIRONMENT.SERVICE.NAME.service`, or of this user."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from libdeploy.errors import DeployError
from libdeploy.host.log import tail

_WITHIN_S = 120
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "%": "%%"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Systemd:
    """`units` is the folder of unit files. `user` "" in a system's unit is one that systemd makes for it; `is_user`: of whoever deploys."""

    units: Path
    is_user: bool = False
    user: str = ""

    def start(self, folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        name = name_of(folder)
        stop_within_s = json.loads((folder / "current/release.json").read_bytes())["stop_within_s"]
        who = [] if self.is_user else [f"User={self.user}" if self.user else "DynamicUser=yes", "PrivateTmp=yes", "ProtectSystem=full"]
        self.units.mkdir(parents=True, exist_ok=True)
        part = self.units / f".{name}.part"
        part.write_text(unit(folder, argv, environment, cwd, stop_within_s, who))
        part.chmod(0o600)  # its variables are nobody else's
        part.replace(self.units / name)
        self._do("daemon-reload")
        self._do("enable", name)
        self._do("restart", name)

    def stop(self, folder: Path, within_s: float) -> None:
        name = name_of(folder)
        if not (self.units / name).exists():
            return
        self._do("disable", "--now", name, within_s=within_s + _WITHIN_S)
        (self.units / name).unlink(missing_ok=True)
        self._do("daemon-reload")

    def ran_s(self, folder: Path) -> float | None:
        """Since when systemd calls it active is said by CLOCK_MONOTONIC, in microseconds (org.freedesktop.systemd1)."""
        name = name_of(folder)
        if not (self.units / name).exists() or self._ran("is-active", "--quiet", name).returncode:
            return None
        since = self._ran("show", "--property=ActiveEnterTimestampMonotonic", "--value", name).stdout.strip()
        return time.monotonic() - int(since) / 1e6 if since.isdigit() and int(since) else 0.0

    def last_words(self, folder: Path, most: int) -> str:
        return tail(folder / "log", most)

    def _do(self, *words: str, within_s: float = _WITHIN_S) -> None:
        ran = self._ran(*words, within_s=within_s)
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip()[-500:]
            raise DeployError(f"systemctl {' '.join(words)} failed: {said or f'code {ran.returncode}'}.", "cannot_start")

    def _ran(self, *words: str, within_s: float = _WITHIN_S) -> subprocess.CompletedProcess[bytes]:
        argv = ["systemctl", *(["--user"] if self.is_user else []), "--no-ask-password", *words]
        try:
            return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=within_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeployError(f"systemctl cannot be asked: {error}.", "no_manager") from error


def name_of(folder: Path) -> str:
    """By ROOT/environment/service/name, none of which has a dot in it."""
    return f"libdeploy.{'.'.join(folder.parts[-3:])}.service"


def unit(folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, stop_within_s: int, who: Sequence[str]) -> str:
    """The same text for the same wish.

    https://www.freedesktop.org/software/systemd/man/systemd.service.html. Raises DeployError `bad_binary` for paths that it cannot hold.
    """
    paths = (argv[0], str(cwd), str(folder))
    if any(_CONTROL.search(path) or "$" in path for path in paths):
        raise DeployError(f"{argv[0]!r}: a unit cannot hold this path.", "bad_binary")
    lines = [
        "# Made by libdeploy: the next deployment writes it anew.",
        "[Unit]",
        f"Description={_plain(' '.join(folder.parts[-3:]))}",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        f"ExecStart={' '.join(_word(each) for each in argv)}",
        f"WorkingDirectory={_plain(str(cwd))}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(environment.items())),
        f"StandardOutput=append:{_plain(str(folder / 'log'))}",
        f"StandardError=append:{_plain(str(folder / 'log'))}",
        "Restart=always",
        "RestartSec=1",
        f"TimeoutStopSec={stop_within_s}",
        "NoNewPrivileges=yes",
        *who,
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if who else 'default.target'}",
        "",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(each, each) for each in text)
    return '"' + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped) + '"'


def _word(text: str) -> str:
    """In a command line a $ begins a variable, and two are one."""
    return _quoted(text.replace("$", "$$"))
