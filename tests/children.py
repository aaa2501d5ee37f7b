"""Whoever starts a process in a test ends it there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

GRACE_S = 5.0
"""How long a process may take to end after the test that began it."""


@pytest.fixture
def leaves_no_child(tmp_path: Path) -> Iterator[None]:
    """Fails the test when a process that it started still runs at its end: a child, or one that lives in its folder."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    left = [process for process in _begun_here(tmp_path) if process.pid not in before and not _is_a_shared_server(process)]
    _, alive = psutil.wait_procs(left, timeout=GRACE_S)
    if alive:
        said = [f"{process.pid} {' '.join(process.cmdline())}" for process in alive]
        for process in alive:
            process.kill()
        pytest.fail("still running: " + "; ".join(said))


def _begun_here(folder: Path) -> list[psutil.Process]:
    found = {process.pid: process for process in psutil.Process().children(recursive=True)}
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) or any(str(folder) in word for word in process.cmdline()):
                found[process.pid] = process
        except (psutil.Error, OSError):
            continue  # somebody else's, or gone
    found.pop(os.getpid(), None)
    return [process for process in found.values() if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _is_a_shared_server(process: psutil.Process) -> bool:
    try:
        return any("trellis-redis-" in word for word in process.cmdline())
    except psutil.Error:
        return False
