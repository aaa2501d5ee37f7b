"""GitHub's record of a webhook, kept for three days (docs.github.com/rest/repos/webhooks, docs.github.com/rest/apps/webhooks).

A repository's: GET /repos/{owner}/{repo}/hooks/{id}/deliveries; an App's, of all its repositories: GET /app/hook/deliveries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from github import Github

from bot.chats import github_wire as wire
from bot.chats.github_client import GitHubRemote, Page, call, listed
from bot.chats.lenient import Lenient
from bot.chats.missed import Missed, Tried, failed, until
from bot.chats.remote import RemoteFailure
from bot.chats.wire import Wire, seconds
from bot.domain.message import Incoming
from bot.domain.project import Project

T = TypeVar("T")

_APP = "/app/hook/deliveries"
_MOST_PAGES = 30
_NO_RIGHT = "GitHub does not let the token read the repository's webhooks"
_NO_RECORD = "GitHub does not tell the App of its webhook"
_NO_HOOK = "no webhook of the repository leads to /hooks/github"


class _Config(Wire):
    url: str = ""


class _Hook(Wire):
    id: int
    config: _Config = msgspec.field(default_factory=_Config)


class _Delivery(Wire):
    id: int
    guid: str
    delivered_at: str
    status_code: int
    event: str
    repository_id: int | None = None


class _Request(Wire):
    payload: msgspec.Raw


class _Detail(Wire):
    request: _Request


_HOOK = msgspec.json.Decoder(_Hook)
_DELIVERY = msgspec.json.Decoder(_Delivery)


class GitHubDeliveries:
    def __init__(self, remote: GitHubRemote, lenient: Lenient) -> None:
        self._remote = remote
        self._lenient = lenient

    async def missed(self, project: Project, since: float | None) -> Missed:
        """What could not be delivered since that moment; at the first time (None) nothing. Raises RemoteFailure."""
        if await self._remote.is_app():
            return await self._missed_by_app(project, since)
        try:
            page = await self._page(project, f"/repos/{project.path}/hooks", {"per_page": 100})
        except RemoteFailure as failure:
            if failure.is_lasting:
                return Missed((), since, _NO_RIGHT)
            raise
        hooks = self._lenient.read(page.items, _HOOK.decode, project.key)
        ours = [each for each in hooks if each.config.url.rstrip("/").endswith("/hooks/github")]
        if not ours:
            return Missed((), since, _NO_HOOK)
        found: list[Incoming] = []
        newest = since or 0.0
        for hook in ours:
            more, until_then = await self._of_hook(f"/repos/{project.path}/hooks/{hook.id}/deliveries", since, project)
            found += more
            newest = max(newest, until_then)
        return Missed(tuple(found), newest)

    async def _missed_by_app(self, project: Project, since: float | None) -> Missed:
        try:
            found, newest = await self._of_hook(_APP, since, project)
        except RemoteFailure as failure:
            if failure.is_lasting:
                return Missed((), since, _NO_RECORD)
            raise
        return Missed(tuple(found), newest)

    async def _of_hook(self, path: str, since: float | None, project: Project) -> tuple[list[Incoming], float]:
        """What it could not deliver, and up to which point was looked."""
        tried = await self._tried(path, since, project)
        lost = failed(tried, since)
        found = [each for one in lost if wire.is_known(one.event) for each in await self._fetched(path, one, project)]
        return found, until(tried, lost, since)

    async def _tried(self, path: str, since: float | None, project: Project) -> list[Tried]:
        """Newest first, as far back as was looked before, and a little further: a later try may have come through."""
        found: list[Tried] = []
        query: dict[str, str | int] = {"per_page": 100}
        for _ in range(1 if since is None else _MOST_PAGES):
            page = await self._page(project, path, query)
            more = self._lenient.read(page.items, _DELIVERY.decode, project.key)
            found += [_as_tried(each) for each in more if path != _APP or str(each.repository_id) == project.id]
            cursor = _cursor(page)
            if not cursor or min((seconds(each.delivered_at) or 0.0 for each in more), default=0.0) < (since or 0.0):
                break
            query = {"per_page": 100, "cursor": cursor}
        return found

    async def _fetched(self, path: str, tried: Tried, project: Project) -> list[Incoming]:
        try:
            detail = await self._ask(path, project, lambda client: call(client, "GET", f"{path}/{tried.id}", _Detail))
        except RemoteFailure as failure:
            if failure.is_lasting:  # its time is over by now
                return []
            raise
        headers, projects = {"x-github-event": tried.event}, {project.id: project}
        read = self._lenient.read([detail.request.payload], lambda raw: wire.parse(headers, bytes(raw), projects), project.key)
        return [each for some in read for each in some]

    async def _page(self, project: Project, path: str, query: dict[str, str | int]) -> Page:
        return await self._ask(path, project, lambda client: listed(client, path, query) or Page((), ""))

    async def _ask(self, path: str, project: Project, question: Callable[[Github], T]) -> T:
        return await (self._remote.ask_as_app(question) if path.startswith(_APP) else self._remote.ask(project.path, question))


def _as_tried(each: _Delivery) -> Tried:
    return Tried(seconds(each.delivered_at) or 0.0, each.id, each.guid, each.event, 200 <= each.status_code < 300)


def _cursor(page: Page) -> str:
    """Of the next page, out of its Link header."""
    for part in page.link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return parse_qs(urlsplit(address.strip(" <>")).query).get("cursor", [""])[0]
    return ""
