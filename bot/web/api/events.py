"""What happens, as it happens: server-sent events that go on where they broke off."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from bot.store import audit, overview
from bot.store.audit import Entry
from bot.store.denials import REFUSED
from bot.store.people import identity_of
from bot.web.api.caller import Caller, Callers, Reader
from bot.web.api.parts import Parts, View
from bot.web.api.shapes import event_shape
from bot.web.problem import Problem
from bot.web.session import NotSignedIn
from bot.web.streams import must_have_room
from bot.web.watch import TooMany, Watcher, next_news

_BEAT_S = 10.0
_PATIENCE_S = 30.0
_MOST = 500
_REMEMBERED = 2_000  # of what was told, so that nothing is told twice


def _may_see(view: View, entry: Entry) -> bool:
    """As in the audit log: what was refused to others, and what is of no project, is for operators."""
    if view.is_operator and not entry.event.project:
        return True
    return entry.event.project in view.projects and (view.is_operator or entry.event.kind != REFUSED)


class Stream:
    """The events of one listener, each once: what was missed since `last`, then what the one watcher of this process tells."""

    def __init__(self, parts: Parts, caller: Caller, last: int) -> None:
        self._parts = parts
        self._caller = caller
        self._last = last
        self._told: dict[int, None] = {}

    async def missed(self) -> AsyncIterator[str]:
        while True:
            async with self._parts.store.look() as look:
                found = await audit.after(look.connection, self._last, _MOST)
            for text in await self.drawn(found):
                yield text
            if len(found) < _MOST:
                return
            self._last = found[-1].id

    async def drawn(self, entries: Sequence[Entry]) -> list[str]:
        fresh = [each for each in entries if each.id not in self._told]
        self._told.update(dict.fromkeys(each.id for each in fresh))
        for old in list(self._told)[:-_REMEMBERED]:
            del self._told[old]
        if not fresh:
            return []
        view = await self._parts.sight.of(self._caller.person)
        return [_text(each) for each in fresh if _may_see(view, each)]


def _text(entry: Entry) -> str:
    shape = event_shape(entry)
    return f"id: {shape.id}\nevent: {shape.kind.partition(':')[0]}\ndata: {shape.model_dump_json()}\n\n"


async def _is_good(request: Request) -> bool:
    """Whether whoever listens may still do so: sessions end and tokens are revoked."""
    callers: Callers = request.app.state.callers
    try:
        await callers.who(request)
    except (NotSignedIn, Problem):
        return False
    return True


def router(parts: Parts, beat_s: float = _BEAT_S) -> APIRouter:
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
        must_have_room(parts.watch, caller.person)
        async with parts.store.look() as look:
            last = int(given) if given else await overview.newest_change(look.connection)
        told = _told(request, parts, caller, Stream(parts, caller, last), beat_s)
        return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return routes


async def _told(request: Request, parts: Parts, caller: Caller, stream: Stream, beat_s: float) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    try:
        async with parts.watch.watching(identity_of(caller.person)) as watcher:
            if not await parts.watch.until_looking(_PATIENCE_S):
                return  # the database is away: whoever listens comes again, and says where it broke off
            async for text in stream.missed():
                yield text
            async for text in _news(request, watcher, stream, beat_s):
                yield text
    except TooMany:
        return  # several came at the same moment


async def _news(request: Request, watcher: Watcher, stream: Stream, beat_s: float) -> AsyncIterator[str]:
    beat_at = time.monotonic() + beat_s
    while (news := await next_news(watcher, max(0.0, beat_at - time.monotonic()))) is not None:
        for text in await stream.drawn(news.entries):
            yield text
        if time.monotonic() >= beat_at:
            beat_at = time.monotonic() + beat_s
            if not await _is_good(request):
                return
            yield ": still here\n\n"
