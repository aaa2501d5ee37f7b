"""A machine on loopback: its Traefik, played by the very file that set-up lays down there, and behind it the cluster's ingress and tilt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import httpx
from aiohttp import web
from aiohttp.test_utils import TestServer

from provisioner.engine import Spec
from provisioner.setup.plan import Host, given
from provisioner.traefik.instance import TILT_PORT
from tests.traefik.reader import Answered, Forwarded, Reader
from tests.traefik.rules import Asked

_HOPS = frozenset({"host", "connection", "upgrade", "content-length", "transfer-encoding", "keep-alive"})
_WEBSOCKET = "sec-websocket-"


@dataclass
class Behind:
    """A program on the machine: says its name and what it was asked, and what it heard on a websocket."""

    name: str
    heard: list[Asked] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append(Asked(request.host, request.path, request.method, headers, request.query_string))
        if headers.get("upgrade", "").lower() != "websocket":
            body = await request.text()
            return web.Response(text=f"{self.name} {request.method} {request.path_qs} {body}".strip())
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{self.name} heard {message.data}")
        return socket


class Played:
    """`moved`: where what has a fixed port on a machine listens here."""

    def __init__(self, dynamic: Mapping[str, object], moved: Mapping[str, str], session: aiohttp.ClientSession) -> None:
        nobody = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))  # a machine's Traefik asks for no login
        self._reader, self._moved, self._session = Reader(dynamic, nobody, "http"), moved, session

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in _HOPS}
        taken = await self._reader.take(Asked(request.host, request.path, request.method, headers, request.query_string))
        if isinstance(taken, Answered):
            return web.Response(status=taken.status, text=taken.body)
        url = self._moved.get(taken.url, taken.url) + request.path_qs
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._joined(request, url, taken)
        sent = {**taken.asked.headers, "Host": taken.asked.host}
        async with self._session.request(request.method, url, headers=sent, data=await request.read(), allow_redirects=False) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    async def _joined(self, request: web.Request, url: str, taken: Forwarded) -> web.StreamResponse:
        sent = {name: value for name, value in taken.asked.headers.items() if not name.startswith(_WEBSOCKET)}
        async with self._session.ws_connect(url, headers={**sent, "Host": taken.asked.host}) as onward:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            back = asyncio.ensure_future(_all_of(onward, socket))
            async for message in socket:
                await onward.send_str(message.data)
            await onward.close()
            await asyncio.wait({back})
            return socket


async def _all_of(source: aiohttp.ClientWebSocketResponse, to: web.WebSocketResponse) -> None:
    async for message in source:
        await to.send_str(message.data)


@dataclass(frozen=True)
class Machine:
    url: str
    ingress: Behind
    tilt: Behind


def _app(of: Behind | Played) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", of.answer)
    return app


class Machines:
    """`stand` makes one for a spec; all end with the block."""

    def __init__(self, stack: AsyncExitStack, session: aiohttp.ClientSession) -> None:
        self._stack, self._session = stack, session

    async def _served(self, of: Behind | Played) -> TestServer:
        server = TestServer(_app(of))
        await server.start_server()
        self._stack.push_async_callback(server.close)
        return server

    async def stand(self, spec: Spec, proof: str, domain: str = "localhost") -> Machine:
        ingress, tilt = Behind("ingress"), Behind("tilt")
        behind, page = await self._served(ingress), await self._served(tilt)
        files = given(Host(domain, "http", ingress_port=behind.port or 0), spec, "", proof)
        moved = {f"http://127.0.0.1:{TILT_PORT}": f"http://127.0.0.1:{page.port}"}
        front = await self._served(Played(json.loads(files["dynamic.yaml"]), moved, self._session))
        return Machine(f"http://127.0.0.1:{front.port}", ingress, tilt)


@asynccontextmanager
async def machines() -> AsyncIterator[Machines]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Machines(stack, session)
