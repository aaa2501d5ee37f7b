"""Slack's end of Socket Mode: sends envelopes over WebSockets, and remembers which were acknowledged with what."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from types import TracebackType

    from tests.fakes.slack import FakeSlack
    from tests.fakes.slack_shapes import Delivery

Json = dict[str, Any]
_PATIENCE_S = 60


class FakeSlackSocket:
    """Serve it with `async with FakeSlackSocket(slack) as socket:`; it sends on the newest connection."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.acknowledged: dict[str, Json] = {}
        self.links: list[web.WebSocketResponse] = []
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/link/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self.slack.socket_url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for each in self.links:
            await each.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        await link.send_json({"type": "hello", "num_connections": len(self.links) + 1, "connection_info": {"app_id": "A0TRELLIS"}})
        self.links.append(link)
        self._tell()
        async for message in link:
            if message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                self.acknowledged[said["envelope_id"]] = said
                self._tell()
        self.links.remove(link)
        self._tell()
        return link

    def _tell(self) -> None:
        self._changed.set()

    async def until(self, count: int) -> None:
        """Wait until so many are connected."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.links) != count:
                self._changed.clear()
                await self._changed.wait()

    async def send(self, delivery: Delivery, id: str | None = None) -> str:
        """What would come as a webhook, in an envelope; its id."""
        envelope = {"envelope_id": id or f"envelope-{next(self._numbers)}", "accepts_response_payload": True, **enveloped(delivery)}
        await self.links[-1].send_json(envelope)
        return str(envelope["envelope_id"])

    async def answered(self, id: str) -> Json:
        """Wait for the acknowledgement."""
        async with asyncio.timeout(_PATIENCE_S):
            while id not in self.acknowledged:
                self._changed.clear()
                await self._changed.wait()
        return self.acknowledged[id]

    async def warn(self) -> None:
        """Say that this connection is going to end."""
        await self.links[-1].send_json({"type": "disconnect", "reason": "warning", "debug_info": {"host": "wss-111"}})


def enveloped(delivery: Delivery) -> Json:
    if delivery.headers["content-type"] == "application/json":
        return {"type": "events_api", "payload": json.loads(delivery.body)}
    fields = dict(parse_qsl(delivery.body.decode(), keep_blank_values=True))
    if "payload" in fields:
        return {"type": "interactive", "payload": json.loads(fields["payload"])}
    return {"type": "slash_commands", "payload": fields}
