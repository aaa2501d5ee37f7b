"""A process ends when it is asked to: in good order as long as that takes no longer than it may, and in any case."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from bot.stacks import stack_of


async def until_asked_to_stop(main: Coroutine[Any, Any, int | None], ends_within_s: float | None = None) -> int | None:
    """Run to the end, or until SIGINT or SIGTERM asks to stop.

    Where `ends_within_s` is given, whatever holds up an end that takes longer is told with its place, and the process is over: for those
    who hold nothing that another would not take up.
    """
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        task.cancel()
        if ends_within_s is not None:
            late = threading.Timer(ends_within_s, _be_over, (loop, ends_within_s))
            late.daemon = True
            late.start()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return None


def _be_over(loop: asyncio.AbstractEventLoop, after_s: float) -> None:
    lines = [f"asked to stop, and not at its end after {after_s:g} s: it is over. What was going on:"]
    with contextlib.suppress(Exception):  # another thread's tasks, looked at while they may change
        lines += [f"task {each.get_name()}: {' < '.join(reversed(stack_of(each)))}" for each in asyncio.all_tasks(loop)]
    with contextlib.suppress(Exception):
        sys.stderr.write("\n".join(lines) + "\n")
        faulthandler.dump_traceback(all_threads=True)
        sys.stderr.flush()
    os._exit(0)
