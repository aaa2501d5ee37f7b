"""A multiplexer as a process of its own, for tests that kill it: forked from one that has imported everything."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from feeds.multiplexer import Multiplexer
from feeds.settings import FeedsSettings
from processes import free_port

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.feeds.live.one"])


def begin(settings: FeedsSettings, name: str) -> BaseProcess:
    """Start it; whoever does stops it."""
    made = _FORKING.Process(target=_run, args=(settings, name), daemon=True)
    made.start()
    return made


def _run(settings: FeedsSettings, name: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    own = replace(settings, data=Path(settings.data) / name, holder=holder(os.getpid()), status_port=free_port())
    asyncio.run(Multiplexer(own).run())


def holder(pid: int | None) -> str:
    """What it writes into the lease."""
    return f"pid-{pid}"
