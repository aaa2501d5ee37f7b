"""What NATS says of the environments' connections: how much waits for each, and which were cut off because they did not read."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from feeds import meters
from feeds.interest import Interest


class Connections:
    """Of our own server; its monitoring is asked."""

    def __init__(self, monitor_url: str) -> None:
        self._url = monitor_url
        self._counted: set[int] = set()

    async def look(self, interests: dict[str, Interest]) -> None:
        try:
            async with asyncio.timeout(5), aiohttp.ClientSession() as session:
                there = await _asked(session, f"{self._url}/connz?auth=1&limit=4096")
                gone = await _asked(session, f"{self._url}/connz?auth=1&state=closed&limit=4096")
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return
        pending = dict.fromkeys(interests, 0)
        for each in there:
            if each.get("authorized_user") in pending:
                pending[each["authorized_user"]] += int(each.get("pending_bytes", 0))
        for name, waits in pending.items():
            meters.environment_pending.labels(name).set(waits)
        for each in gone:
            user, number = each.get("authorized_user"), int(each["cid"])
            if user in interests and number not in self._counted and str(each.get("reason", "")).startswith("Slow Consumer"):
                self._counted.add(number)
                meters.environment_cut.labels(user).inc()


async def _asked(session: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with session.get(url) as response:
        found: list[dict[str, Any]] = (await response.json())["connections"]
        return found
