"""GitHub asked what is new in a repository: comments, comments on lines, pull requests. The keys are those of its webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

import msgspec

from bot.chats import github_wire as wire
from bot.chats.feed import News
from bot.chats.github_access import Access
from bot.chats.github_client import GitHubRemote, Page, listed
from bot.chats.github_missed import GitHubDeliveries
from bot.chats.lenient import Lenient
from bot.chats.missed import Missed
from bot.chats.remembered import Remembered, Shown
from bot.chats.remote import RemoteFailure, as_forge_error
from bot.chats.wire import iso, seconds
from bot.domain.cursor import OVERLAP_S, Cursor
from bot.domain.message import Incoming, Said
from bot.domain.project import Project

Query = dict[str, str | int]

PAGE = 100
_MOST_PAGES = 30  # in one look; the next goes on from there
_NUMBER = re.compile(r".*/pull/([0-9]{1,18})(?:[#/].*)?")


class Listed(wire.Comment):
    """A comment of either kind as a list has it: the number of its pull request is only in its address."""

    html_url: str = ""


class Pull(wire.Pull):
    """A pull request as a list has it: merged when it says when."""

    state: str = ""
    merged_at: str | None = None
    created_at: str | None = None


_LISTED = msgspec.json.Decoder(Listed)
_PULL = msgspec.json.Decoder(Pull)
_ACTIONS = {"opened": "opened", "reopened": "reopened", "ready": "ready_for_review"}
Found = tuple[float, tuple[Incoming, ...]]


def incoming_of(listed: Listed, project: Project, kind: tuple[str, str], since: float) -> tuple[Incoming, ...]:
    """What a comment says. One that was changed before we first saw it is said to be so, and is an edit of what we may have seen."""
    number = _NUMBER.fullmatch(listed.html_url)
    if number is None:  # on an issue
        return ()
    created, is_changed = seconds(listed.created_at) or 0.0, listed.updated_at != listed.created_at
    said = wire.comment("created", listed, int(number[1]), project, kind) if created >= since else ()
    if not is_changed:
        return said
    changed = (msgspec.structs.replace(each, was_changed=True) for each in said if isinstance(each, Said))
    return (*changed, *wire.comment("edited", listed, int(number[1]), project, kind))


def closed_of(pull: Pull, project: Project, since: float) -> tuple[Incoming, ...]:
    """A pull request that was closed since then."""
    if pull.state != "closed" or (seconds(pull.closed_at) or 0.0) < since or not pull.head.ref:
        return ()
    return (wire.closed(pull, project, is_merged=pull.merged_at is not None),)


def opened_of(pull: Pull, project: Project, remembered: Remembered) -> tuple[Incoming, ...]:
    """A pull request that was opened since then, was opened again, or is a draft no more."""
    created, updated = seconds(pull.created_at) or 0.0, seconds(pull.updated_at) or 0.0
    opened = remembered.see(Shown(pull.number, pull.state == "open", pull.draft is True, created, updated))
    if opened is None or pull.user is None:
        return ()
    then = msgspec.structs.replace(pull, updated_at=iso(opened.at))
    return (wire.opened(then, project, _ACTIONS[opened.how]),)


@dataclass
class _Look:
    """What one look has found so far."""

    project: Project
    remembered: Remembered
    etags: dict[str, str] = field(default_factory=dict)
    found: list[tuple[float, Incoming]] = field(default_factory=list)

    def comment(self, kind: tuple[str, str], since: float, raw: msgspec.Raw) -> float:
        """Take one in; when it was changed."""
        each = _LISTED.decode(raw)
        updated = seconds(each.updated_at) or 0.0
        self.found += [(updated, every) for every in incoming_of(each, self.project, kind, since)]
        return updated

    def request(self, since: float, raw: msgspec.Raw) -> float:
        pull = _PULL.decode(raw)
        updated = seconds(pull.updated_at) or 0.0
        self.found += [(seconds(pull.created_at) or updated, each) for each in opened_of(pull, self.project, self.remembered)]
        self.found += [(seconds(pull.closed_at) or updated, each) for each in closed_of(pull, self.project, since)]
        if pull.state == "open" and updated >= since and wire.is_fork(pull, self.project):
            self.found.append((updated, wire.moved(pull, self.project)))
        return updated


class GitHubFeed:
    """The port `Feed`. Nothing new costs three conditional requests, which GitHub does not count."""

    def __init__(self, access: Access) -> None:
        self._remote = GitHubRemote(access)
        self._lenient = Lenient("github")
        self._deliveries = GitHubDeliveries(self._remote, self._lenient)

    async def news(self, project: Project, cursor: Cursor) -> News:
        look = _Look(project, Remembered(cursor.were or {}, cursor.requests - OVERLAP_S))
        try:
            comments = await self._comments(look, cursor, f"/repos/{project.path}/issues/comments", cursor.comments, ("comment", "issue"))
            lines = await self._comments(look, cursor, f"/repos/{project.path}/pulls/comments", cursor.lines, ("review-comment", "review"))
            requests = await self._requests(look, cursor)
        except RemoteFailure as failure:
            raise as_forge_error(failure) from failure
        found = sorted(look.found, key=lambda pair: pair[0])
        marks = look.remembered.marks
        after = msgspec.structs.replace(cursor, comments=comments, lines=lines, requests=requests, etags=look.etags, were=marks)
        return News(tuple(incoming for _, incoming in found), after)

    async def missed(self, project: Project, since: float | None) -> Missed:
        try:
            return await self._deliveries.missed(project, since)
        except RemoteFailure as failure:
            raise as_forge_error(failure) from failure

    async def hook_problem(self, project: Project) -> str:  # noqa: ARG002
        """GitHub never switches a webhook off by itself."""
        return ""

    def close(self) -> None:
        self._remote.close()

    async def _comments(self, look: _Look, cursor: Cursor, path: str, newest: float, kind: tuple[str, str]) -> float:
        """Oldest first, so that a look that is cut short goes on from where it was."""
        since = newest - OVERLAP_S
        for number in range(1, _MOST_PAGES + 1):
            query: Query = {"sort": "updated", "direction": "asc", "since": iso(since), "per_page": PAGE, "page": number}
            page = await self._page(look, cursor, path, query)
            newest = max((newest, *self._read(page, look, partial(look.comment, kind, since))))
            if page is None or len(page.items) < PAGE:
                break
            look.etags.pop(_name(path, query), None)  # a full page stays the same whatever comes after it
        return newest

    async def _requests(self, look: _Look, cursor: Cursor) -> float:
        """Newest first, as far back as the last look."""
        since, newest = cursor.requests - OVERLAP_S, cursor.requests
        for number in range(1, _MOST_PAGES + 1):
            query: Query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": PAGE, "page": number}
            page = await self._page(look, cursor, f"/repos/{look.project.path}/pulls", query)
            updated = self._read(page, look, partial(look.request, since))
            newest = max((newest, *updated))
            if page is None or len(page.items) < PAGE or min(updated, default=since) < since:
                break
        return newest

    def _read(self, page: Page | None, look: _Look, take: Callable[[msgspec.Raw], float]) -> list[float]:
        return self._lenient.read(page.items if page else (), take, look.project.key)

    async def _page(self, look: _Look, cursor: Cursor, path: str, query: Query) -> Page | None:
        """None when nothing has changed since we last asked the very same."""
        name = _name(path, query)
        etag = cursor.etags.get(name, "") if query["page"] == 1 else ""
        page = await self._remote.ask(look.project.path, lambda client: listed(client, path, query, etag))
        if query["page"] == 1 and (kept := page.etag if page else etag):
            look.etags[name] = kept
        return page


def _name(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}"
