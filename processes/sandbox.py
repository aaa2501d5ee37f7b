"""The sandbox: bubblewrap, where it is installed and works."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processes.order import Sandbox

_PROBE_S = 10
_ALWAYS = (
    "--die-with-parent",
    "--unshare-pid",
    "--unshare-ipc",
    "--cap-drop",
    "ALL",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
)
_RUN_KEPT = ("/run/current-system",)  # programs live there on some systems


@functools.cache
def bubblewrap() -> str | None:
    """The path of a bubblewrap that works here, tried once; None when there is none. On a machine too busy to tell, it is taken to work."""
    program = shutil.which("bwrap")
    if not program:
        return None
    try:
        tried = subprocess.run(
            [program, *_ALWAYS, "--tmpfs", "/tmp", "--clearenv", "/bin/sh", "-c", ":"],  # noqa: S108 - a path inside the sandbox
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return program
    except OSError:
        return None
    return program if tried.returncode == 0 else None


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _run() -> list[str]:
    """/run holds sockets of other services of this machine: empty, but for the resolver's file."""
    words = ["--tmpfs", "/run"] if Path("/run").is_dir() else []
    for path in (os.path.realpath("/etc/resolv.conf"), *_RUN_KEPT):
        if path.startswith("/run/") and Path(path).exists():
            words += ["--ro-bind", path, path]
    return words


def arguments(program: str, sandbox: Sandbox, cwd: Path) -> list[str]:
    """`program` and what to tell it. Later words win: hide first, then show what lies in the hidden."""
    tmp = str(_real(sandbox.tmp))
    words = [program, *_ALWAYS, *(["--unshare-net"] if sandbox.is_offline else []), *_run()]
    for path in map(_real, sandbox.hidden):
        if path.is_dir() and path != Path("/"):
            words += ["--tmpfs", str(path)]
        elif path.is_file():
            words += ["--ro-bind", "/dev/null", str(path)]
    for target in ("/tmp", "/var/tmp"):  # noqa: S108 - paths inside the sandbox
        words += ["--bind", tmp, target]
    for path in map(_real, sandbox.visible):
        if path.exists():
            words += ["--ro-bind", str(path), str(path)]
    for path in map(_real, sandbox.writable):
        words += ["--bind", str(path), str(path)]
    return [*words, "--chdir", str(_real(cwd))]
