"""Reading what comes out of a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os


async def _drain(fd: int, cap: int) -> tuple[bytes, bool]:
    """Not by `connect_read_pipe`: uvloop closes the number twice, and by then it may be another thread's, such as a database's."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    os.set_blocking(fd, False)
    loop.add_reader(fd, readable.set)
    kept, is_cut = b"", False
    try:
        while True:
            await readable.wait()
            readable.clear()
            with contextlib.suppress(BlockingIOError):
                data = os.read(fd, 65536)
                if not data:
                    return kept, is_cut
                is_cut = is_cut or len(kept) + len(data) > cap
                kept += data[: cap - len(kept)]
    finally:
        loop.remove_reader(fd)


def read_to_end(fd: int, cap: int) -> asyncio.Task[tuple[bytes, bool]]:
    """What comes out of a pipe, its first `cap` bytes, and whether there was more. `fd` is closed at the end, or when it is cancelled."""
    task = asyncio.create_task(_drain(fd, cap))
    task.add_done_callback(lambda _: os.close(fd))  # also of one that is cancelled before it begins
    return task
