"""GitHub asked what is new in a repository: comments, comments on lines, closed pull requests. The keys are those of its webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from bot.chats import github_wire as wire
from bot.chats.feed import News
from bot.chats.github_client import Page, listed, remote
from bot.chats.remote import RemoteFailure, as_forge_error
from bot.chats.wire import clean, iso, seconds
from bot.context import ForgeUnavailable
from bot.domain.cursor import OVERLAP_S, Cursor
from bot.domain.message import Incoming, Refused, Said
from bot.domain.project import Project

T = TypeVar("T")
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


@dataclass
class _Look:
    """What one look has found so far."""

    project: Project
    etags: dict[str, str] = field(default_factory=dict)
    found: list[tuple[float, Incoming]] = field(default_factory=list)

    def add(self, at: float, incoming: tuple[Incoming, ...]) -> None:
        self.found += [(at, each) for each in incoming]


class GitHubFeed:
    """The port `Feed`. Nothing new costs three conditional requests, which GitHub does not count."""

    def __init__(self, api_url: str, token: str) -> None:
        self._remote = remote(api_url, token)

    async def news(self, project: Project, cursor: Cursor) -> News:
        look = _Look(project)
        try:
            comments = await self._comments(look, cursor, f"/repos/{project.path}/issues/comments", cursor.comments, ("comment", "issue"))
            lines = await self._comments(look, cursor, f"/repos/{project.path}/pulls/comments", cursor.lines, ("review-comment", "review"))
            requests = await self._requests(look, cursor)
        except RemoteFailure as failure:
            raise as_forge_error(failure) from failure
        except Refused as error:
            raise ForgeUnavailable(f"GitHub answered something else than asked: {error.reason}") from error
        found = sorted(look.found, key=lambda pair: pair[0])
        after = msgspec.structs.replace(cursor, comments=comments, lines=lines, requests=requests, etags=look.etags)
        return News(tuple(incoming for _, incoming in found), after)

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
            page = await self._page(look, cursor, path, query, Listed)
            for each in page.items if page else ():
                updated = seconds(each.updated_at) or 0.0
                newest = max(newest, updated)
                look.add(updated, incoming_of(each, look.project, kind, since))
            if page is None or len(page.items) < PAGE:
                break
            look.etags.pop(_name(path, query), None)  # a full page stays the same whatever comes after it
        return newest

    async def _requests(self, look: _Look, cursor: Cursor) -> float:
        """Newest first, as far back as the last look."""
        since, newest = cursor.requests - OVERLAP_S, cursor.requests
        for number in range(1, _MOST_PAGES + 1):
            query: Query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": PAGE, "page": number}
            page = await self._page(look, cursor, f"/repos/{look.project.path}/pulls", query, Pull)
            updated = [seconds(each.updated_at) or 0.0 for each in page.items] if page else []
            for at, pull in zip(updated, page.items if page else (), strict=True):
                newest = max(newest, at)
                look.add(seconds(clean(pull.closed_at)) or at, closed_of(pull, look.project, since))
            if len(updated) < PAGE or updated[-1] < since:
                break
        return newest

    async def _page(self, look: _Look, cursor: Cursor, path: str, query: Query, shape: type[T]) -> Page[T] | None:
        """None when nothing has changed since we last asked the very same."""
        name = _name(path, query)
        etag = cursor.etags.get(name, "") if query["page"] == 1 else ""
        page = await self._remote.ask(lambda client: listed(client, path, query, shape, etag))
        if query["page"] == 1 and (kept := page.etag if page else etag):
            look.etags[name] = kept
        return page


def _name(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}"
