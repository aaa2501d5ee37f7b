"""GitLab's record of a project's webhook: GET /projects/:id/hooks/:hook_id/events, kept for seven days (docs.gitlab.com)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from bot.chats import gitlab_wire as wire
from bot.chats.lenient import Lenient
from bot.chats.missed import Missed, Tried, failed, until
from bot.chats.remote import RemoteFailure
from bot.chats.wire import Wire
from bot.domain.message import Incoming
from bot.domain.project import Project

_MOST_PAGES = 100
_PAGE = 20  # GitLab gives no more of these at once
_NO_RIGHT = "GitLab does not let the token read the project's webhooks"
_NO_HOOK = "no webhook of the project leads to /hooks/gitlab"
_NO_EVENTS = "GitLab does not tell what its webhook sent (before 17.3, or the token may not read it)"

Ask = Callable[[str, dict[str, str | int]], Awaitable[list[Any]]]


class _Hook(Wire):
    id: int
    url: str = ""


class _Event(Wire):
    id: int
    request_headers: Mapping[str, str] = {}
    request_data: Any = None
    response_status: str | int | None = None


class GitLabDeliveries:
    """`ask` gives the items of one page of a list."""

    def __init__(self, ask: Ask, lenient: Lenient) -> None:
        self._ask = ask
        self._lenient = lenient

    async def missed(self, project: Project, since: float | None) -> Missed:
        """What could not be delivered since the event of that id; at the first time (None) nothing. Raises RemoteFailure."""
        path = f"/projects/{int(project.id)}/hooks"
        try:
            items = await self._ask(path, {"per_page": 100, "page": 1})
        except RemoteFailure as failure:
            if failure.is_lasting:
                return Missed((), since, _NO_RIGHT)
            raise
        hooks = self._lenient.read(items, partial(msgspec.convert, type=_Hook), project.key)
        ours = [each for each in hooks if each.url.rstrip("/").endswith("/hooks/gitlab")]
        if not ours:
            return Missed((), since, _NO_HOOK)
        try:
            tried = [each for hook in ours for each in await self._tried(f"{path}/{hook.id}/events", since, project)]
        except RemoteFailure as failure:
            if failure.is_lasting:
                return Missed((), since, _NO_EVENTS)
            raise
        lost = failed(tried, since)
        found = [each for one in lost for each in self._said(one, project)]
        return Missed(tuple(found), until(tried, lost, since))

    async def _tried(self, path: str, since: float | None, project: Project) -> list[Tried]:
        """Newest first, as far back as was looked before."""
        found: list[Tried] = []
        for number in range(1, (1 if since is None else _MOST_PAGES) + 1):
            page = await self._ask(path, {"per_page": _PAGE, "page": number})
            found += self._lenient.read(page, _as_tried, project.key)
            if len(page) < _PAGE or min((each.at for each in found), default=0.0) <= (since or 0.0):
                break
        return found

    def _said(self, tried: Tried, project: Project) -> list[Incoming]:
        headers, projects = {"x-gitlab-event": tried.event}, {project.id: project}
        read = self._lenient.read([tried.body], lambda body: wire.parse(headers, msgspec.json.encode(body), projects), project.key)
        return [each for some in read for each in some]


def _as_tried(item: Any) -> Tried:
    event = msgspec.convert(item, _Event)
    headers = {name.lower(): value for name, value in event.request_headers.items()}
    status = str(event.response_status)
    is_well = len(status) == 3 and status.startswith("2")
    name = headers.get("idempotency-key") or str(event.id)
    return Tried(event.id, event.id, name, headers.get("x-gitlab-event", ""), is_well, event.request_data)
