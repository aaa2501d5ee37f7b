"""What Traefik would do with a configuration, for want of Traefik: which router takes a request, and what its middlewares make of it.

By Traefik's documentation (v3): of the routers whose rule holds the one of the highest priority, which is the rule's length where none is
given; then its middlewares in order; no router is 404. X-Forwarded-* of strangers are dropped at the entry point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from tests.traefik.rules import Asked, read

NOT_REAL = "Traefik is not to be had here: its configuration was read by tests/traefik/reader.py, a small reader of its rules with tests of its own"
_KNOWN = {"headers", "forwardAuth", "replacePath"}


@dataclass(frozen=True)
class Forwarded:
    """What a service is asked, and where."""

    url: str
    asked: Asked


@dataclass(frozen=True)
class Answered:
    """What the visitor is told without any service."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Reader:
    """`web` reaches Trellis, as forwardAuth does."""

    def __init__(self, configuration: Mapping[str, Any], web: httpx.AsyncClient, scheme: str = "https") -> None:
        http = configuration["http"]
        self.routers, self.services, self.middlewares = http["routers"], http["services"], http.get("middlewares", {})
        self._web, self._scheme = web, scheme
        for router in self.routers.values():  # what Traefik refuses, it refuses before any request
            read(router["rule"])
            assert router["service"] in self.services, router
            for name in router.get("middlewares", ()):
                assert set(self.middlewares[name]) <= _KNOWN, name

    def router(self, asked: Asked) -> Mapping[str, Any] | None:
        taking = [each for each in self.routers.values() if read(each["rule"])(asked)]
        return max(taking, key=lambda each: each.get("priority", len(each["rule"])), default=None)

    async def take(self, asked: Asked) -> Forwarded | Answered:
        asked = replace(asked, headers={name: value for name, value in asked.headers.items() if not name.startswith("x-forwarded-")})
        router = self.router(asked)
        if router is None:
            return Answered(404, "404 page not found")
        for name in router.get("middlewares", ()):
            [(kind, told)] = self.middlewares[name].items()
            made = await self._auth(asked, told) if kind == "forwardAuth" else _changed(asked, kind, told)
            if isinstance(made, Answered):
                return made
            asked = made
        [server] = self.services[router["service"]]["loadBalancer"]["servers"]
        forwarded = {"x-forwarded-host": asked.host, "x-forwarded-proto": self._scheme, "x-forwarded-for": "203.0.113.9"}
        return Forwarded(server["url"], replace(asked, headers={**asked.headers, **forwarded}))

    async def _auth(self, asked: Asked, told: Mapping[str, Any]) -> Asked | Answered:
        uri = asked.path + (f"?{asked.query}" if asked.query else "")
        said = {
            "x-forwarded-method": asked.method,
            "x-forwarded-proto": self._scheme,
            "x-forwarded-host": asked.host,
            "x-forwarded-uri": uri,
        }
        self._web.cookies.clear()  # Traefik keeps none
        answer = await self._web.get(httpx.URL(told["address"]).path, headers={**asked.headers, **said})
        if answer.is_success:
            return asked
        return Answered(answer.status_code, answer.text, tuple(answer.headers.multi_items()))


def _changed(asked: Asked, kind: str, told: Mapping[str, Any]) -> Asked:
    if kind == "replacePath":
        return replace(asked, path=told["path"])
    headers, host = dict(asked.headers), asked.host
    for name, value in told["customRequestHeaders"].items():
        if name.lower() == "host":
            host = value
        elif value:
            headers[name.lower()] = value
        else:
            headers.pop(name.lower(), None)
    return replace(asked, headers=headers, host=host)
