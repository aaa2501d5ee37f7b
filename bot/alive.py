"""`trellis alive`: for whoever supervises a part (a container's health check, systemd, a load balancer's script)."""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from bot.settings import Settings
from provisioner.engine import EngineUnavailable
from provisioner.local import LocalEngine

_PATIENCE_S = 5.0


async def alive(settings: Settings, part: str) -> int:
    """0 when that part of this machine answers; else 1, and the reason on standard error."""
    if part == "work" and not settings.metrics.worker_port:
        sys.stderr.write("trellis: a worker answers only where TRELLIS_METRICS__WORKER_PORT is set\n")
        return 1
    try:
        async with asyncio.timeout(_PATIENCE_S):
            problem = await (_keeper(settings) if part == "keep" else _answers(_address(settings, part)))
    except (OSError, TimeoutError, aiohttp.ClientError, EngineUnavailable) as error:
        problem = str(error) or f"no answer within {_PATIENCE_S:.0f} s"
    if problem:
        sys.stderr.write(f"trellis: {part} is not well: {problem}\n")
    return 1 if problem else 0


def _address(settings: Settings, part: str) -> str:
    port = settings.port if part == "serve" else settings.metrics.worker_port
    return f"http://127.0.0.1:{port}/healthz"


async def _answers(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return "" if response.status == 200 else (await response.text()).strip() or f"it answers {response.status}"


async def _keeper(settings: Settings) -> str:
    async with LocalEngine(settings.keeper_socket) as engine:
        return "; ".join((await engine.health()).problems)
