"""What is built of the sample's service: its one file, at the heads of both branches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.sample import SampleError, git

SERVICE = "hello"
_BRANCHES = ("main", "demo")
_PROGRAM, _FILE = "hello/deploy.py", "hello/hello.py"


@dataclass(frozen=True)
class Build:
    branch: str
    commit: str
    title: str
    author: str
    at: float
    program: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def laid_in(self, folder: Path) -> Path:
        """Its file there, under its digest."""
        file = folder / self.sha256
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f".{file.name}")
            part.write_bytes(self.content)
            part.replace(file)
        return file


def builds(repository: Path) -> Iterator[Build]:
    """Of each branch that has the service; whoever's repository it is may have taken it away."""
    for branch in _BRANCHES:
        try:
            commit = git(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").decode().strip()
            program = git(repository, "cat-file", "blob", f"{commit}:{_PROGRAM}").decode()
            content = git(repository, "cat-file", "blob", f"{commit}:{_FILE}")
            told = git(repository, "show", "--no-patch", "--format=%s%x00%an%x00%ct", commit).decode(errors="replace")
            title, author, at = told.strip().split("\0")
        except (SampleError, UnicodeDecodeError, ValueError):
            continue
        yield Build(branch, commit, title, author, float(at), program, content)
