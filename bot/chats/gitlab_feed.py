"""GitLab asked what is new in a project: notes and merge requests. The keys are those of its webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec

from bot.chats import gitlab_wire as wire
from bot.chats.feed import News
from bot.chats.gitlab_client import remote
from bot.chats.gitlab_missed import GitLabDeliveries
from bot.chats.lenient import Lenient
from bot.chats.missed import Missed
from bot.chats.remembered import Remembered, Shown
from bot.chats.remote import RemoteFailure, as_forge_error
from bot.chats.wire import Id, Wire, iso, needed, seconds, sha
from bot.context_ports import ForgeUnavailable
from bot.domain.cursor import OVERLAP_S, Cursor
from bot.domain.message import Incoming, Said
from bot.domain.project import Project

Query = dict[str, str | int]
Found = list[tuple[float, Incoming]]

PAGE = 100
_WELL = {None, "", "executable"}
_MOST_PAGES = 30  # of a list in one look
_MOST_READ = 8  # times that the notes of a request are read when it says that nothing changed
_CHANGED_S = 1.0  # GitLab writes a new note in two strokes


class _Note(Wire):
    """A note as the API has it."""

    id: Id
    author: wire.User | None = None
    body: str | None = None
    system: bool | None = None
    internal: bool | None = None
    confidential: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None


class _Request(wire.MergeRequest):
    """A merge request as the API has it."""

    state: str = ""
    merged_at: str | None = None
    closed_at: str | None = None
    user_notes_count: int = 0
    created_at: str | None = None
    author: wire.User | None = None
    sha: str | None = None


class _Hook(Wire):
    """A webhook of a project, as far as it tells how it is."""

    url: str = ""
    alert_status: str | None = None
    disabled_until: str | None = None


def incoming_of(note: _Note, number: int, project: Project, since: float) -> tuple[Incoming, ...]:
    """What a note says. A sign on it changes its date, too: it cannot be told from an edit, and an edit of nothing does nothing."""
    if note.author is None or note.author.id is None or note.system or note.internal or note.confidential:
        return ()
    created, updated = seconds(note.created_at) or 0.0, seconds(note.updated_at) or 0.0
    is_changed = updated - created > _CHANGED_S
    found: list[Incoming] = []
    for action in ("create", "update") if is_changed else ("create",):
        content = wire.Note(note.id, note.body, "MergeRequest", note.author.id, action, None, None, None, note.created_at, note.updated_at)
        each = wire.said(content, note.author, number, project)
        if isinstance(each, Said) and created >= since:
            found.append(msgspec.structs.replace(each, was_changed=is_changed))
        elif not isinstance(each, Said):
            found.append(each)
    return tuple(found)


def _of_note(number: int, project: Project, since: float, item: Any) -> tuple[float, Found]:
    """When it was changed, and what it says if that is new."""
    note = msgspec.convert(item, _Note)
    at = seconds(note.updated_at) or 0.0
    return at, [(at, each) for each in incoming_of(note, number, project, since)] if at >= since else []


def closed_of(request: _Request, project: Project, since: float) -> tuple[Incoming, ...]:
    """A merge request that was merged or closed since then."""
    at = request.merged_at if request.state == "merged" else request.closed_at
    if request.state not in {"merged", "closed"} or request.iid is None or (seconds(at) or 0.0) < since:
        return ()
    then = msgspec.structs.replace(request, updated_at=at)
    return (wire.closed(request.iid, then, project, is_merged=request.state == "merged"),)


_ACTIONS = {"opened": "open", "reopened": "reopen", "ready": "update"}


def opened_of(request: _Request, project: Project, remembered: Remembered) -> tuple[Incoming, ...]:
    """A merge request that was opened since then, was opened again, or is a draft no more."""
    created, updated = seconds(request.created_at) or 0.0, seconds(request.updated_at) or 0.0
    is_draft = bool(request.draft or request.work_in_progress)
    opened = remembered.see(Shown(request.iid or 0, request.state == "opened", is_draft, created, updated))
    if opened is None or request.author is None or request.author.id is None:
        return ()
    then = msgspec.structs.replace(request, updated_at=iso(opened.at), author_id=request.author.id, action=_ACTIONS[opened.how])
    return (wire.opened(project, then, request.author, is_fork=str(request.source_project_id) != project.id),)


def _request(item: Any) -> _Request:
    request = msgspec.convert(item, _Request)
    needed(request.iid, "iid")
    return request


def _of_request(project: Project, remembered: Remembered, since: float, request: _Request) -> Found:
    at = seconds(request.updated_at) or 0.0
    opened: Found = [(seconds(request.created_at) or at, each) for each in opened_of(request, project, remembered)]
    if request.state == "opened" and request.sha and str(request.source_project_id) != project.id:
        opened.append((at, wire.moved(request.iid or 0, request.source_branch, sha(request.sha), project)))
    return opened + [(seconds(request.merged_at or request.closed_at) or at, each) for each in closed_of(request, project, since)]


class GitLabFeed:
    """The port `Feed`. The requests that changed, and the notes of each that has new ones."""

    def __init__(self, url: str, token: str) -> None:
        self._remote = remote(url, token)
        self._lenient = Lenient("gitlab")
        self._deliveries = GitLabDeliveries(self._page, self._lenient)

    async def news(self, project: Project, cursor: Cursor) -> News:
        try:
            return await self._news(project, cursor)
        except RemoteFailure as failure:
            raise as_forge_error(failure) from failure

    async def _news(self, project: Project, cursor: Cursor) -> News:
        since, newest = cursor.requests - OVERLAP_S, cursor.requests
        found: list[tuple[float, Incoming]] = []
        remembered = Remembered(await self._first_marks(project, cursor), since)
        marks: dict[str, str] = {}
        for request in await self._changed(project, since):
            updated = seconds(request.updated_at) or 0.0
            newest = max(newest, updated)
            for each in self._lenient.read([request], partial(_of_request, project, remembered, since), project.key):
                found += each
            # The newest stay in the window as long as nothing newer comes: they are read some times more, for edits show nowhere else.
            name, mark = f"!{request.iid}", f"{request.updated_at} {request.user_notes_count}"
            before, _, times = cursor.etags.get(name, "").rpartition(" ")
            count = int(times) + 1 if before == mark else 1
            if count <= _MOST_READ:
                found += await self._notes(project, request, since)
            marks[name] = f"{mark} {min(count, _MOST_READ + 1)}"
        found.sort(key=lambda pair: pair[0])
        return News(tuple(each for _, each in found), msgspec.structs.replace(cursor, requests=newest, etags=marks, were=remembered.marks))

    async def _first_marks(self, project: Project, cursor: Cursor) -> Mapping[str, str]:
        """What is remembered; when we look for the first time, how the newest hundred are."""
        if cursor.were is not None:
            return cursor.were
        query: Query = {"scope": "all", "state": "all", "order_by": "updated_at", "sort": "desc", "per_page": PAGE, "page": 1}
        newest = await self._page(f"/projects/{int(project.id)}/merge_requests", query)
        remembered = Remembered({}, float("inf"))
        self._lenient.read(reversed(newest), lambda item: opened_of(_request(item), project, remembered), project.key)
        return remembered.marks

    async def missed(self, project: Project, since: float | None) -> Missed:
        try:
            return await self._deliveries.missed(project, since)
        except RemoteFailure as failure:
            raise as_forge_error(failure) from failure

    async def hook_problem(self, project: Project) -> str:
        """GitLab switches a webhook off that failed four times, for longer and longer, and after forty times for good."""
        try:
            page = await self._page(f"/projects/{int(project.id)}/hooks", {"per_page": PAGE, "page": 1})
        except RemoteFailure as failure:
            if failure.is_lasting:  # a token that may not see webhooks
                return ""
            raise as_forge_error(failure) from failure
        hooks = self._lenient.read(page, partial(msgspec.convert, type=_Hook), project.key)
        off = [each for each in hooks if each.url.rstrip("/").endswith("/hooks/gitlab") and each.alert_status not in _WELL]
        until = f" until {off[0].disabled_until}" if off and off[0].disabled_until else ""
        return f"GitLab has switched its webhook off ({off[0].alert_status}){until}: test it in the project's settings" if off else ""

    def close(self) -> None:
        self._remote.close()

    async def _changed(self, project: Project, since: float) -> list[_Request]:
        """Oldest change first; a look that is cut short goes on from where it was."""
        path = f"/projects/{int(project.id)}/merge_requests"
        found: list[_Request] = []
        for number in range(1, _MOST_PAGES + 1):
            query = {"scope": "all", "state": "all", "order_by": "updated_at", "sort": "asc", "updated_after": iso(since)}
            page = await self._page(path, {**query, "per_page": PAGE, "page": number})
            found += self._lenient.read(page, _request, project.key)
            if len(page) < PAGE:
                break
        return found

    async def _notes(self, project: Project, request: _Request, since: float) -> list[tuple[float, Incoming]]:
        """The notes that changed since then; read newest first, for there may be many."""
        path = f"/projects/{int(project.id)}/merge_requests/{request.iid}/notes"
        found: list[tuple[float, Incoming]] = []
        for number in range(1, _MOST_PAGES + 1):
            page = await self._page(path, {"order_by": "updated_at", "sort": "desc", "per_page": PAGE, "page": number})
            notes = self._lenient.read(page, partial(_of_note, request.iid or 0, project, since), project.key)
            for _, incoming in notes:
                found += incoming
            if len(page) < PAGE or min((at for at, _ in notes), default=since) < since:
                break
        return found

    async def _page(self, path: str, query: Query) -> list[Any]:
        """Its items, unread."""

        def get(client: Any) -> Any:
            return client.http_get(f"{path}?{urlencode(query)}")

        items = await self._remote.ask(get)
        if not isinstance(items, list):
            raise ForgeUnavailable("GitLab answered something else than asked: not a list")
        return items
