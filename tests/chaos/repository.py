"""A repository whose branches each run one tiny service that answers with its own words."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.chaos.crew import ROOT

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import os, socket
words = open("words").read() if os.path.exists("built") else "not built"
with open(os.environ["HOME"] + "/effects", "a") as effects:
    effects.write(f"started {words}\\n")
with socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=64) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(2)
            try:
                if connection.recv(65536):
                    connection.sendall(f"HTTP/1.1 200 OK\\r\\nContent-Length: {len(words)}\\r\\nConnection: close\\r\\n\\r\\n{words}".encode())
            except OSError:
                pass
"""
DEVENV = f"version: 1\nservices:\n  web:\n    build: {{build}}\n    run: {sys.executable} -I -S app.py\n    health: /\n"
BUILD = "touch built && echo built $(cat words) >> $HOME/effects"


class Repository:
    """Bare; `texts` says what each commit's service answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.heads: dict[str, str] = {}
        self._lock = threading.Lock()
        subprocess.run(["git", "init", "--quiet", "--bare", "--template=", str(folder)], check=True, cwd=ROOT)

    def commit(self, branch: str, words: str, build: str = BUILD) -> str:
        """The new head of `branch`."""
        with self._lock:
            files = {".dev-env.yaml": DEVENV.format(build=build), "app.py": APP, "words": words}
            parts = [f"commit refs/heads/{branch}\ncommitter Dana <dana@example.com> {1_700_000_000 + len(self.texts)} +0000\n".encode()]
            parts.append(_data(words))
            if branch in self.heads:
                parts.append(f"from {self.heads[branch]}\n".encode())
            parts += [f"M 100644 inline {name}\n".encode() + _data(text) for name, text in files.items()]
            given = b"".join([*parts, b"\nget-mark :1\n"]).replace(b"\ncommitter", b"\nmark :1\ncommitter", 1)
            argv = ["git", "-C", str(self.folder), "fast-import", "--quiet", "--done"]
            said = subprocess.run(argv, input=given + b"done\n", capture_output=True, check=True).stdout.decode().strip()
            self.texts[said], self.heads[branch] = words, said
            return said


def _data(text: str) -> bytes:
    data = text.encode()
    return b"data %d\n%s\n" % (len(data), data)
