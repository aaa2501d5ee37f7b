"""The variables that `modules/trading-env` has beyond those of every module: what one environment's host may connect to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from provisioner.engine import EngineUnavailable, Trading

MODULE = "trading-env"
NOWHERE = ({"host": "nowhere.invalid", "port": 443, "addresses": ["192.0.2.1"]},)
"""A way that leads nowhere (RFC 5737), for what is made before anybody asks or taken down when nobody knows any more what it was."""

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """All that a host has now, of both versions. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
    except OSError as problem:
        raise OSError(f"{host} has no address here: {problem}") from None
    return tuple(sorted({str(address[0]) for *_, address in found}))


async def variables_of(trading: Trading, also: Iterable[Mapping[str, Any]], resolve: Resolve) -> dict[str, Any]:
    """`also` are ways of the operator's, as the module has them. Raises EngineUnavailable where a host has no address."""
    ways = [{"host": host, "port": port, "addresses": await _ipv4(host, port, resolve)} for host, port in trading.ways]
    return {"egress": [*ways, *also] or list(NOWHERE), "on_paper": trading.is_on_paper}


async def _ipv4(host: str, port: int, resolve: Resolve) -> list[str]:
    try:
        found = [each for each in await resolve(host, port) if ip_address(each).version == 4]
    except OSError as problem:
        raise EngineUnavailable(f"what the host may reach: {problem}") from problem
    if not found:
        raise EngineUnavailable(f"what the host may reach: {host} has no IPv4 address here")
    return found
