"""Trades from an exchange's socket to environments: through the feeds, beside bare decode and publish, and beside a connection for each."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench import parts
from bench.figures import CannotRun, Figure, Unit, at_least
from processes import free_port

if TYPE_CHECKING:
    from feeds.server import NatsServer

_LEAST = 0.5


@dataclass(frozen=True)
class Size:
    """How many environments; trades in a burst, and in a stream of so many a second."""

    environments: tuple[int, ...] = (1, 10, 30)
    burst: int = 2_000
    steady: int = 500
    rate: int = 250


TINY = Size((1, 2), 40, 20, 200)


@dataclass(frozen=True)
class Measured:
    per_second: float
    p50_ms: float
    p99_ms: float


class Child:
    """A process that is told lines and tells lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def line(self) -> str:
        assert self._process.stdout is not None
        if not (said := await self._process.stdout.readline()):
            raise parts.NotUp(f"a part of the bench ended with {await self._process.wait()}")
        return said.decode().strip()


@contextlib.asynccontextmanager
async def child(module: str, *words: str) -> AsyncIterator[Child]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *words, stdin=pipe, stdout=pipe)
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(size: Size = Size()) -> Sequence[Figure]:
    if missing := [name for name in ("ccxt", "nats", "bcrypt") if find_spec(name) is None]:
        raise CannotRun(f"the extra feeds is not installed: there is no {missing[0]}")
    figures: list[Figure] = []
    for count in size.environments:
        fed, bare, alone = [await _measure(how, count, size) for how in ("fed", "bare", "alone")]
        to = f"to {count} environment{'s' * (count > 1)}"
        figures += [
            Figure(f"trades heard, {to}", fed.per_second, Unit.PER_SECOND, "bare decode + publish", bare.per_second, at_least(_LEAST)),
            Figure(f"trades heard, {to}", fed.per_second, Unit.PER_SECOND, "a connection for each", alone.per_second),
            Figure(f"socket → environment, {to}, p50", fed.p50_ms, Unit.MILLISECONDS, "bare decode + publish", bare.p50_ms),
            Figure(f"socket → environment, {to}, p99", fed.p99_ms, Unit.MILLISECONDS, "bare decode + publish", bare.p99_ms),
            Figure(f"socket → environment, {to}, p99", fed.p99_ms, Unit.MILLISECONDS, "a connection for each", alone.p99_ms),
        ]
    return figures


async def _measure(how: str, count: int, size: Size) -> Measured:
    """A burst for what goes through, a steady stream for what it takes. Trades are counted once, however many hear them."""
    async with parts.folder() as home, child("bench.feeds_exchange") as exchange:
        port = int(await exchange.line())
        async with _environments(how, count, home, port) as environments:
            burst = await _heard(exchange, environments, size.burst, 0)
            steady = await _heard(exchange, environments, size.steady, size.rate)
    return Measured(size.burst / burst["took_s"], steady["p50_ms"], steady["p99_ms"])


async def _heard(exchange: Child, environments: Child, count: int, rate: int) -> dict[str, float]:
    environments.tell(str(count))
    await environments.line()
    exchange.tell(f"{count} {rate}")
    return msgspec.json.decode(await environments.line(), type=dict[str, float])


@contextlib.asynccontextmanager
async def _environments(how: str, count: int, home: Path, port: int) -> AsyncIterator[Child]:
    """They listen when this gives them."""
    exchange = f"ws://127.0.0.1:{port}/stream"
    async with contextlib.AsyncExitStack() as stack:
        words = [exchange]
        if how != "alone":
            server = await _server(home, stack)
            words = [_address(server, "trellis", server.password)]
        if how == "bare":
            publishing = await stack.enter_async_context(child("bench.feeds_bare", exchange, words[0]))
            await publishing.line()
        elif how == "fed":
            words = [server.url, *await _feed(server, home, port, count, stack)]
        listening = await stack.enter_async_context(child("bench.feeds_environments", how, str(count), *words))
        await listening.line()
        yield listening


def _address(server: NatsServer, user: str, password: str) -> str:
    return server.url.replace("://", f"://{user}:{password}@")


async def _server(home: Path, stack: contextlib.AsyncExitStack) -> NatsServer:
    from feeds.server import NatsServer  # noqa: PLC0415 - only with the extra

    made = NatsServer(home / "nats", free_port(), "trellis", 512)
    await made.start({})
    stack.push_async_callback(made.stop)
    return made


async def _feed(server: NatsServer, home: Path, port: int, count: int, stack: contextlib.AsyncExitStack) -> list[str]:
    """The product's own multiplexer, following; the environments' passwords."""
    from feeds import house  # noqa: PLC0415
    from feeds.credentials import mint  # noqa: PLC0415
    from feeds.instruments import Market  # noqa: PLC0415
    from feeds.interest import Interest, Wanted  # noqa: PLC0415

    minted = [mint() for _ in range(count)]
    wanted = (Wanted("binance", Market.SPOT, "BTCUSDT"),)
    interests = {f"e{number}": Interest(wanted, password_hash=hashed) for number, (_, hashed) in enumerate(minted)}
    await server.allow(interests)
    multiplexer = await stack.enter_async_context(child("bench.feeds_multiplexer", str(home), server.url, server.password, str(port)))
    await multiplexer.line()
    client = await house.connect(server.url, "trellis", server.password)
    stack.push_async_callback(client.close)
    rooms = await house.furnish(client, 1, 512)
    for name, interest in interests.items():
        await rooms.interests.put(name, interest)
    await multiplexer.line()  # it follows
    return [password for password, _ in minted]
