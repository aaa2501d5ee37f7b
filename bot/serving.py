"""uvicorn as we use it: inside a process that has its own mind about signals."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn


class Server(uvicorn.Server):
    """Without its signal handlers: they would end it by ours, in the middle of things."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
