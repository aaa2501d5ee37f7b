"""The parts of the product as children of a bench: real processes on free loopback ports, in a folder that goes with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.figures import CannotRun
from bot import embedded
from processes import Order, start, tail

MARK = f"trellis-bench-{os.getpid()}"
"""What every child bears, and every folder's name begins with."""

_UP_WITHIN_S = 180.0
_LOOK_S = 0.01
_STOP_GRACE_S = 10.0


class NotUp(Exception):  # noqa: N818 - a sentence
    """A part did not come up; the text has the end of its log."""


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A new folder with a short path: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix=f"{MARK}-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@asynccontextmanager
async def running(home: Path, name: str, argv: tuple[str, ...], env: Mapping[str, str]) -> AsyncIterator[int]:
    """A child until the end of the block; gives its process id. It writes to a log in `home`."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TRELLIS_")}
    # What lies in the folder that the bench was started from is none of its business: not even a trellis.toml.
    (empty := home / "empty.toml").touch()
    configured = {"TRELLIS_CONFIG": str(empty), **env}
    order = Order(argv, Path.cwd(), {**ours, **configured}, home / f"{name}.log", mark=MARK)
    child = await start(order)
    try:
        yield child.pid
    finally:
        await child.stop(_STOP_GRACE_S)


@asynccontextmanager
async def redis(home: Path) -> AsyncIterator[str]:
    """A real server; gives its address."""
    path = home / "redis.sock"
    try:
        argv = tuple(embedded.argv(path, home))
    except embedded.NoServer as error:
        raise CannotRun(str(error)) from error
    async with running(home, "redis", argv, {}):
        async with asyncio.timeout(_UP_WITHIN_S):
            while not path.exists():
                await asyncio.sleep(_LOOK_S)
        yield f"unix://{path}"


def python(*words: str) -> tuple[str, ...]:
    return (sys.executable, *words)


async def until_ok(url: str, log: Path) -> None:
    """Return at the first 200. Raises NotUp with the end of `log` when there is none in time."""
    async with aiohttp.ClientSession() as session:

        async def is_ok() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    return answer.status == 200
            return False

        await _until(is_ok, url, log)


async def until_listening(port: int, log: Path) -> None:
    """Return when the loopback port takes connections. Raises NotUp with the end of `log`."""

    async def is_listening() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    await _until(is_listening, f"port {port}", log)


async def _until(is_so: Callable[[], Awaitable[bool]], what: str, log: Path) -> None:
    try:
        async with asyncio.timeout(_UP_WITHIN_S):
            while not await is_so():
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise NotUp(f"{what} does not answer: {' / '.join(tail(log, 5))}") from None
