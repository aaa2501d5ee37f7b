"""The webhook edge: size → signature over the raw bytes → values → durable → 2xx. Nothing is parsed before it is trusted."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import meters
from bot.domain.message import Incoming, Refused
from bot.store.inbox import Inbox
from processes.killpoint import killpoint

log = structlog.get_logger()

MOST_BYTES = 10 * 1024 * 1024
_DELIVERY_HEADERS = ("x-github-delivery", "idempotency-key", "webhook-id", "x-gitlab-event-uuid")
_EVENT_HEADERS = ("x-github-event", "x-gitlab-event")

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Source:
    """A platform's two pure functions. `verify` raises Refused(401); `parse` Refused(400)."""

    platform: str
    verify: Callable[[Headers, bytes, float], None]
    parse: Callable[[Headers, bytes], Sequence[Incoming]]


class SlackAnswer(Protocol):
    """What Slack is answered with."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


Take = Callable[[Sequence[Incoming]], Awaitable[None]]
SlackHandle = Callable[[Headers, bytes, float, Take], Awaitable[SlackAnswer]]


async def read_body(request: Request) -> bytes:
    """The raw body. Raises Refused(413) as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "0")
    if re.fullmatch(r"[0-9]+", declared) and (len(declared) > 18 or int(declared) > MOST_BYTES):
        raise Refused(413, "the body is larger than 10 MiB")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise Refused(413, "the body is larger than 10 MiB")
        chunks.append(chunk)
    return b"".join(chunks)


def _first(headers: Headers, names: Sequence[str]) -> str:
    return next((headers[name] for name in names if name in headers), "")


def _refusal(platform: str, error: Refused) -> Response:
    meters.deliveries.labels(platform, "refused").inc()
    log.warning("delivery_refused", platform=platform, status=error.status, reason=error.reason)
    return JSONResponse({"error": error.reason}, status_code=error.status)


def _unwell(platform: str, error: Exception) -> Response:
    meters.deliveries.labels(platform, "not_stored").inc()
    # 503 so that the platform shows a failed delivery and, where it does that, sends it again.
    log.error("delivery_not_stored", platform=platform, reason=repr(error))
    return JSONResponse({"error": "not stored, send it again"}, status_code=503)


def forge_route(source: Source, inbox: Inbox) -> Route:
    """`POST /hooks/<platform>` of a forge."""

    async def receive(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = await read_body(request)
            source.verify(headers, body, time.time())
            incoming = source.parse(headers, body)
        except Refused as error:
            return _refusal(source.platform, error)
        except ClientDisconnect:
            return Response(status_code=400)
        if incoming:
            key = _first(headers, _DELIVERY_HEADERS) or incoming[0].key
            killpoint("api.hook.parsed")
            try:
                await inbox.take(source.platform, key, _first(headers, _EVENT_HEADERS), incoming)
                killpoint("api.hook.stored")
            except Exception as error:  # noqa: BLE001 - the sender must hear of it, whatever it was
                return _unwell(source.platform, error)
        meters.deliveries.labels(source.platform, "taken" if incoming else "ignored").inc()
        return Response(status_code=200 if not incoming else 202)

    return Route(f"/hooks/{source.platform}", receive, methods=["POST"])


def taker(inbox: Inbox) -> Take:
    """What Slack says, made durable, whichever way it came."""

    async def take(incoming: Sequence[Incoming]) -> None:
        if incoming:
            await inbox.take("slack", incoming[0].key, type(incoming[0]).__name__, incoming)

    return take


def slack_route(handle: SlackHandle, inbox: Inbox) -> Route:
    """`POST /hooks/slack`: the same order of things, with the answers that Slack wants."""
    take = taker(inbox)

    async def receive(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = await read_body(request)
            answer = await handle(headers, body, time.time(), take)
        except Refused as error:
            return _refusal("slack", error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001
            return _unwell("slack", error)
        meters.deliveries.labels("slack", "taken" if answer.status < 400 else "refused").inc()
        return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))

    return Route("/hooks/slack", receive, methods=["POST"])


def closed_route(platform: str) -> Route:
    """A platform that is not configured: nobody's signature can be right."""

    async def receive(_: Request) -> Response:
        return JSONResponse({"error": f"{platform} is not configured here"}, status_code=401)

    return Route(f"/hooks/{platform}", receive, methods=["POST"])
