"""The stream of what changes: names only. Whoever hears of a change loads that part of the page anew, with the right to see it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from bot.store.people import identity_of
from bot.web.pages.saying import thread_of
from bot.web.pages.sight import Sight
from bot.web.session import SignedIn, User, visitor
from bot.web.streams import must_have_room
from bot.web.watch import News, Watch, next_news

_BEAT_S = 10.0
_RETRY_MS = 2_000


def _event(kind: str, data: object, id_: int | None = None) -> str:
    head = f"id: {id_}\n" if id_ is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n"


async def _said(news: News, user: SignedIn, sight: Sight) -> str:
    """What of the news this person may know."""
    words = ""
    if news.changes:
        visible = (await sight.of(user.person)).projects
        # What happens to a deploy may be of several projects: only that something changed is told, the page shows no more than it may.
        theirs = [each for each in news.changes if each.project in visible or not each.project]
        if theirs:
            words += _event("changed", sorted({each.environment_id for each in theirs}), theirs[-1].id)
    if thread_of(user.person).address in news.threads:
        words += _event("heard", {})
    return words


def router(watch: Watch, sight: Sight, beat_s: float = _BEAT_S) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/events")
    async def events(request: Request, user: User) -> StreamingResponse:
        must_have_room(watch, user.person)

        async def stream() -> AsyncIterator[str]:
            yield f"retry: {_RETRY_MS}\n: hello\n\n"
            if "last-event-id" in request.headers:
                yield _event("changed", [])  # something may have been missed meanwhile: one look catches up with all of it
            async with watch.watching(identity_of(user.person)) as watcher:
                while (news := await next_news(watcher, beat_s)) is not None:
                    if words := await _said(news, user, sight):
                        yield words
                    elif news.is_none:
                        if await visitor(request) is None:
                            yield _event("signed-out", {})
                            return
                        yield ": still here\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return routes
