"""Whether a service answers: the smallest HTTP client there is, because it asks every few milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HOSTS = ("127.0.0.1", "::1")
_FIRST_S, _GROWTH, _MOST_S = 0.003, 1.06, 0.25
_ASK_WITHIN_S = 10.0
_ALIVE_S = 1.0
_REFUSED = "it refused connections"


class NotHealthy(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It did not come up in time; the text says what it did last."""


async def _ask(host: str, port: int, path: str | None) -> int | str:
    """The status of `GET path`, 200 for a mere connection when there is no path, or why there is neither."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return _REFUSED
    try:
        if path is None:
            return 200
        words = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: trellis\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        writer.write(words.encode())
        status = (await reader.readline()).split()
        return int(status[1]) if len(status) > 1 and status[0].startswith(b"HTTP/") else "it did not speak HTTP"
    except (OSError, ValueError):
        return "it closed the connection"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def probe(port: int, path: str | None, within_s: float = _ASK_WITHIN_S) -> tuple[str, int | str]:
    """Ask on IPv4, then on IPv6: the address that listens, and its answer."""
    answer: int | str = _REFUSED
    for host in _HOSTS:
        try:
            async with asyncio.timeout(within_s):
                answer = await _ask(host, port, path)
        except TimeoutError:
            answer = "it did not answer in time"
        if answer != _REFUSED:
            return (f"[{host}]" if ":" in host else host) + f":{port}", answer
    return "", answer


def _is_good(answer: int | str) -> bool:
    return isinstance(answer, int) and 200 <= answer < 400


async def until_healthy(port: int, path: str | None, within_s: float, is_ours: Callable[[], bool]) -> str | None:
    """Wait for a good answer on `path` from a listener that `is_ours`, and return its address.

    Without a path a connection will do, and a second of life without any port: then None. Raises NotHealthy.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    pause_s = _FIRST_S
    while True:
        left_s = began + within_s - loop.time()
        address, answer = await probe(port, path, max(0.05, min(_ASK_WITHIN_S, left_s)))
        if _is_good(answer) and await asyncio.to_thread(is_ours):
            return address
        if path is None and loop.time() - began >= min(_ALIVE_S, within_s):
            return None
        if left_s <= 0:
            raise NotHealthy(f"last answer: {answer}" if isinstance(answer, int) else answer)
        await asyncio.sleep(min(pause_s, max(left_s, 0.0)))
        pause_s = min(_MOST_S, pause_s * _GROWTH)
