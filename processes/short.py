"""Short commands: run one, with its output, and with its whole tree gone at its end, at the timeout, or when we are cancelled."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processes.child import start
from processes.order import Bounds, Order, TimedOut
from processes.pipe import read_to_end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CAP_BYTES = 1024 * 1024
_KILL_GRACE_S = 0.2
_NONE = Bounds()


@dataclass(frozen=True)
class Ran:
    """How a short command ended; `code` is negative for a signal. `is_cut`: there was more output than was kept."""

    code: int
    out: bytes
    err: bytes
    is_cut: bool = False


async def run(
    argv: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float = 60.0,
    cap: int = _CAP_BYTES,
    mark: str = "trellis",
    bounds: Bounds = _NONE,
) -> Ran:
    """Run `argv` and return its output, each stream cut after `cap` bytes. Raises CannotStart, TimedOut."""
    (out, out_in), (err, err_in) = os.pipe(), os.pipe()
    try:
        child = await start(Order(argv, cwd, env, mark=mark, bounds=bounds, orphan_grace_s=_KILL_GRACE_S), out=out_in, err=err_in)
    except BaseException:
        os.close(out)
        os.close(err)
        raise
    finally:
        os.close(out_in)
        os.close(err_in)
    readers = [read_to_end(fd, cap) for fd in (out, err)]
    try:
        async with asyncio.timeout(timeout_s):
            ended = await child.wait()
            streams = [await reader for reader in readers]
    except BaseException as problem:
        for reader in readers:
            reader.cancel()
        await asyncio.shield(child.stop(_KILL_GRACE_S))
        if isinstance(problem, TimeoutError):
            raise TimedOut(f"{argv[0]} did not end within {timeout_s:g} s") from None
        raise
    code = ended.code if ended.code is not None else -(ended.signal or 0)
    return Ran(code, streams[0][0], streams[1][0], is_cut=streams[0][1] or streams[1][1])
