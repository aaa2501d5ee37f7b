"""How it goes, over HTTP on this machine: /healthz, /metrics, /status, and /certificates/ENVIRONMENT."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from nats import errors
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from feeds import meters
from feeds.connections import Connections
from feeds.interest import is_environment
from feeds.listener import ask
from feeds.resting import rest
from feeds.settings import FeedsCannotStart

if TYPE_CHECKING:
    from feeds.multiplexer import Multiplexer

_LOOK_S = 5.0


class Status:
    """Answers, and asks environments and NATS how they fare."""

    def __init__(self, multiplexer: Multiplexer, client: Client) -> None:
        self._multiplexer, self._client = multiplexer, client

    async def run(self) -> None:
        """Until cancelled. Raises FeedsCannotStart."""
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/status", self._status)
        app.router.add_get("/certificates/{environment}", self._certificate)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        settings = self._multiplexer.settings
        try:
            try:
                await web.TCPSite(runner, settings.status_host, settings.status_port).start()
            except OSError as problem:
                raise FeedsCannotStart(
                    f"the status page cannot listen on {settings.status_host}:{settings.status_port}: {problem}"
                ) from problem
            await self._look()
        finally:
            await runner.cleanup()

    async def _look(self) -> None:
        server = self._multiplexer.server
        connections = Connections(server.monitor_url) if server else None
        while True:
            await rest(_LOOK_S)
            if connections:
                await connections.look(self._multiplexer.interests)
            if self._multiplexer.is_leading:
                await asyncio.gather(*(self._ask(name) for name in self._multiplexer.interests))

    async def _ask(self, environment: str) -> None:
        try:
            certificate = await ask(self._client, environment)
        except (errors.Error, OSError, TimeoutError, msgspec.DecodeError):
            meters.environment_answers.labels(environment).set(0)
        else:
            meters.environment_answers.labels(environment).set(1)
            meters.environment_lost.labels(environment).set(certificate.lost)

    async def _health(self, request: web.Request) -> web.Response:
        """Well is who is connected to NATS, whether it leads or waits."""
        del request
        is_well = self._client.is_connected
        words = "leading" if self._multiplexer.is_leading else "waiting"
        return web.Response(text=words if is_well else "NATS does not answer", status=200 if is_well else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=generate_latest(meters.REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST})

    async def _status(self, request: web.Request) -> web.Response:
        del request
        return _json(self._multiplexer.status())

    async def _certificate(self, request: web.Request) -> web.Response:
        environment = request.match_info["environment"]
        if not is_environment(environment):
            return web.Response(status=404)
        try:
            return _json(await ask(self._client, environment))
        except (errors.Error, OSError, TimeoutError):
            return web.Response(text=f"{environment} does not answer", status=504)


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
