"""The sample repository: small services, and a strategy that trades on paper, made on the newcomer's machine by `trellis up`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BRANCHES = {"main": "Grow a page", "demo": "Let it bloom", "trading": "Trade on paper"}
"""Each branch and the message of the commit that it adds to the one before."""

_CONTENT = Path(__file__).parent / "content"
_NOON = 1_767_268_800  # 1 January 2026, 12:00 UTC: the same commits, so the same SHAs, on every machine


class SampleError(Exception):
    """The sample could not be made; the text is one line."""


def make(folder: Path) -> Path:
    """Make the repository at `folder`, with `demo` checked out, unless there is one. Raises SampleError.

    What is there is never touched: it is the newcomer's to change. It appears whole or not at all.
    """
    if (folder / ".git").exists():
        return folder
    if folder.exists() and any(folder.iterdir()):
        raise SampleError(f"{folder} is in the way of the sample repository: move it away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(draft)
        draft.chmod(0o755)
        draft.rename(folder)
    except OSError as error:
        if not (folder / ".git").exists():  # else somebody else was quicker, with the same content
            raise SampleError(f"the sample repository could not be made at {folder}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _fill(folder: Path) -> None:
    git(folder, "init", "--quiet", "--template=")
    git(folder, "fast-import", "--quiet", "--date-format=raw", standard_input=_history())
    git(folder, "symbolic-ref", "HEAD", "refs/heads/demo")
    git(folder, "reset", "--quiet", "--hard")
    # So that `git commit` works here for whoever has not told git their name.
    git(folder, "config", "user.name", "Newcomer")
    git(folder, "config", "user.email", "newcomer@example.invalid")


def _history() -> bytes:
    """All branches in the words of `git fast-import`."""
    words: list[bytes] = []
    for number, (branch, message) in enumerate(BRANCHES.items()):
        said = f"{message}\n".encode()
        words.append(f"commit refs/heads/{branch}\nmark :{number + 1}\n".encode())
        words.append(f"committer Trellis sample <sample@example.invalid> {_NOON + 3600 * number} +0000\n".encode())
        words.append(b"data %d\n%s\n" % (len(said), said))
        words.append(f"from :{number}\n".encode() if number else b"")
        for path in sorted(path for path in (_CONTENT / branch).rglob("*") if path.is_file() and path.suffix != ".pyc"):
            name, content = path.relative_to(_CONTENT / branch).as_posix(), path.read_bytes()
            mode = b"100755" if content.startswith(b"#!") else b"100644"
            words.append(b"M %s inline %s\ndata %d\n%s\n" % (mode, name.encode(), len(content), content))
    return b"".join(words)


def git(folder: Path, *words: str, standard_input: bytes = b"") -> bytes:
    """What git prints. Raises SampleError."""
    # Not through processes/: this runs once, for a moment, on our own files, and must not need an event loop.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], env=environment, input=standard_input, capture_output=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SampleError(f"git {words[0]} did not end") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SampleError(f"git {words[0]} failed: {' '.join(last)}")
    return done.stdout
