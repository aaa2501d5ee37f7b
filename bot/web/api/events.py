"""What happens, as it happens: server-sent events that go on where they broke off."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import StreamingResponse

from bot.domain.command import Event
from bot.store.rows import struct_of
from bot.store.tables import environments, events
from bot.web.api.caller import Caller, Callers, Reader
from bot.web.api.parts import Parts, View
from bot.web.api.shapes import EventShape, event_of
from bot.web.problem import Problem
from bot.web.session import NotSignedIn

_LOOK_S = 0.5
_BEAT_S = 10.0
_MOST = 500
_LATE = 64  # transactions may commit in another order than they took their numbers


async def newest(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.coalesce(func.max(events.c.id), 0)))).scalar_one())


async def after(connection: AsyncConnection, id: int, view: View) -> list[EventShape]:
    """What this viewer may see of the events after `id`, oldest first."""
    columns = events.c
    seen = columns.project.in_(sorted(view.projects))
    may_see = or_(seen, columns.project == "") if view.is_operator else seen
    query = select(events, environments.c.slug).outerjoin(environments, environments.c.id == columns.environment_id)
    rows = (await connection.execute(query.where(columns.id > id, may_see).order_by(columns.id).limit(_MOST))).mappings()
    return [event_of(row["id"], struct_of(row, Event), row["slug"] or "") for row in rows]


class Stream:
    """The events of one listener, each once: also those that come late with a lower number."""

    def __init__(self, parts: Parts, caller: Caller, last: int) -> None:
        self._parts = parts
        self._caller = caller
        self._began = self._newest = last
        self._told: set[int] = set()

    async def news(self) -> list[EventShape]:
        view = await self._parts.sight.of(self._caller.person)
        since = max(self._began, self._newest - _LATE)
        async with self._parts.store.look() as look:
            found = await after(look.connection, since, view)
        fresh = [each for each in found if each.id not in self._told]
        self._newest = max([self._newest, *(each.id for each in found)])
        self._told = {id_ for id_ in (*self._told, *(each.id for each in found)) if id_ > self._newest - _LATE}
        return fresh


def _text(event: EventShape) -> str:
    return f"id: {event.id}\nevent: {event.kind.partition(':')[0]}\ndata: {event.model_dump_json()}\n\n"


async def _is_good(request: Request) -> bool:
    """Whether whoever listens may still do so: sessions end and tokens are revoked."""
    callers: Callers = request.app.state.callers
    try:
        await callers.who(request)
    except (NotSignedIn, Problem):
        return False
    return True


def router(parts: Parts, look_s: float = _LOOK_S, beat_s: float = _BEAT_S) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.get(
        "/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "A stream that does not end"}},
    )
    async def stream(request: Request, caller: Reader) -> StreamingResponse:
        """The data of each event is as in the audit log. With the header `Last-Event-ID` it goes on after that one, else from now."""
        given = request.headers.get("last-event-id", "")
        if given and not re.fullmatch(r"[0-9]{1,18}", given):
            raise Problem(422, "not_understood", "Last-Event-ID is the id of an event.")
        async with parts.store.look() as look:
            last = int(given) if given else await newest(look.connection)
        return StreamingResponse(_told(request, Stream(parts, caller, last), look_s, beat_s), media_type="text/event-stream")

    return routes


async def _told(request: Request, stream: Stream, look_s: float, beat_s: float) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    beat_at = time.monotonic() + beat_s
    while True:
        for event in await stream.news():
            yield _text(event)
        if time.monotonic() >= beat_at:
            beat_at = time.monotonic() + beat_s
            if not await _is_good(request):
                return
            yield ": still here\n\n"
        await asyncio.sleep(look_s)
