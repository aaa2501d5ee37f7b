"""AWS on a bad day: a proxy before moto that answers some of what is asked by itself."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from tests.terraform.aws import Aws


@dataclass(frozen=True)
class Ill:
    status: int
    text: str


S3_IS_ILL = Ill(500, "<Error><Code>InternalError</Code></Error>")
EC2_IS_THROTTLED = Ill(
    503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>"
)
GROUP_IS_NOT_KNOWN_YET = Ill(
    400, "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>There is no such group.</Message></Error></Errors></Response>"
)
NO_SUCH_IMAGE = Ill(
    400, "<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>There is no such image.</Message></Error></Errors></Response>"
)


@asynccontextmanager
async def faulty(
    aws: Aws, is_ill: Callable[[web.Request, bytes], bool], says: Ill, done: Callable[[bytes], None] = lambda body: None
) -> AsyncIterator[str]:
    """AWS with days on which it answers what is asked with `says`; `done` is called once it has done what a body asks, before it answers."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def hand_on(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            if is_ill(request, body):
                return web.Response(status=says.status, text=says.text, content_type="text/xml")
            headers = {key: value for key, value in request.headers.items() if key.lower() != "transfer-encoding"}
            async with session.request(request.method, aws.url + request.raw_path, data=body, headers=headers) as answer:
                kept = {
                    key: value
                    for key, value in answer.headers.items()
                    if key.lower() not in {"content-length", "transfer-encoding", "connection"}
                }
                read = await answer.read()
                done(body)
                return web.Response(status=answer.status, body=read, headers=kept)

        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", hand_on)
        runner = web.AppRunner(app)
        await runner.setup()
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            site = web.SockSite(runner, bound)
            await site.start()
            try:
                yield f"http://127.0.0.1:{bound.getsockname()[1]}"
            finally:
                await runner.cleanup()
