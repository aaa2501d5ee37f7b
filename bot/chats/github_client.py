"""PyGithub as we use it: no GET before each call, no pauses, no retries of its own; its errors judged.

Its objects take a redirection for success, which is how GitHub answers a write to a repository that has moved. So single
calls go through its requester, where the status is seen; lists go through its objects, which turn the pages.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from github import Auth, Github, GithubException

from bot.chats.github_access import Access
from bot.chats.remote import TIMEOUT_S, Remote, RemoteFailure, judge, unreachable
from bot.chats.wire import Wire

T = TypeVar("T")

PLATFORM = "GitHub"
_NOT_MODIFIED = 304
_UNAUTHORIZED = 401


class Account(Wire):
    id: int
    login: str


def connected(api_url: str, auth: Auth.Auth) -> Github:
    """A client, for one thread."""
    return Github(
        auth=auth,
        base_url=api_url,
        timeout=TIMEOUT_S,
        user_agent="trellis",
        per_page=100,
        retry=None,
        pool_size=1,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )


class _Now(Auth.Auth):
    """The token of the question that a thread is asking."""

    token_type = "token"  # noqa: S105
    token = ""


@dataclass(frozen=True)
class _Client:
    github: Github
    auth: _Now


class GitHubRemote:
    """Asks GitHub about repositories, each with a token that opens it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._remote = Remote("github", self._connect, explain)

    def _connect(self) -> _Client:
        auth = _Now()
        return _Client(connected(self._access.api_url, auth), auth)

    async def ask(self, path: str, question: Callable[[Github], T]) -> T:
        """Ask about the repository `owner/name`; once more where the token is over before its time. Raises RemoteFailure."""
        return await self._remote.ask(lambda client: self._ask(client, path, question))

    def _ask(self, client: _Client, path: str, question: Callable[[Github], T]) -> T:
        token = client.auth.token = self._access.token(path)
        try:
            return question(client.github)
        except (RemoteFailure, GithubException) as error:
            if error.status != _UNAUTHORIZED or not self._access.is_renewable(path, token):
                raise
        client.auth.token = self._access.token(path)
        return question(client.github)

    async def is_app(self) -> bool:
        """Whether we speak as an App. Raises RemoteFailure."""
        return await self._remote.ask(lambda _: self._access.slug()) is not None

    async def ask_as_app(self, question: Callable[[Github], T]) -> T:
        """Ask what only the App itself is told. Raises RemoteFailure."""
        return await self._remote.ask(lambda client: self._ask_as_app(client, question))

    def _ask_as_app(self, client: _Client, question: Callable[[Github], T]) -> T:
        client.auth.token, client.auth.token_type = self._access.signed() or "", "Bearer"
        try:
            return question(client.github)
        except (RemoteFailure, GithubException) as error:
            if error.status != _UNAUTHORIZED:
                raise
            client.auth.token = self._access.signed(was_refused=True) or ""
            return question(client.github)
        finally:
            client.auth.token_type = "token"  # noqa: S105 - how a token is called

    async def account(self, paths: Iterable[str]) -> Account:
        """Whose words ours are. An App's account is asked for with a token of any of its installations."""
        slug = await self._remote.ask(lambda _: self._access.slug())
        if slug is None:
            return await self.ask("", lambda client: call(client, "GET", "/user", Account))
        failure = RemoteFailure("no project is on GitHub, so its App's account cannot be asked for", is_lasting=True)
        for path in paths:
            try:
                return await self.ask(path, lambda client: call(client, "GET", f"/users/{slug}%5Bbot%5D", Account))
            except RemoteFailure as error:
                failure = error
        raise failure

    def close(self) -> None:
        self._remote.close()


def explain(error: Exception) -> RemoteFailure:
    if not isinstance(error, GithubException):
        return unreachable(PLATFORM, error)
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    message = error.data.get("message", "") if isinstance(error.data, dict) else error.data
    return judge(PLATFORM, error.status, headers, message, time.time())


def call(client: Github, verb: str, path: str, shape: type[T], body: dict[str, Any] | None = None) -> T:
    """One request. Raises RemoteFailure when the answer is not a success or not of that shape."""
    status, headers, text = client.requester.requestJson(verb, path, input=body)
    if not 200 <= status < 300:
        raise judge(PLATFORM, status, headers, said_in(text), time.time())
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, ValueError) as error:
        raise unreachable(PLATFORM, error) from error


@dataclass(frozen=True)
class Page:
    """A page of a list, its items unread; `etag` names exactly this answer, `link` says where the next page is."""

    items: Sequence[msgspec.Raw]
    etag: str
    link: str = ""


def listed(client: Github, path: str, query: Mapping[str, str | int], etag: str = "") -> Page | None:
    """One page; None when it is still the one called `etag`. Raises RemoteFailure."""
    asked = {"If-None-Match": etag} if etag else {}
    status, headers, text = client.requester.requestJson("GET", path, parameters=dict(query), headers=asked)
    if status == _NOT_MODIFIED:
        return None
    if not 200 <= status < 300:
        raise judge(PLATFORM, status, headers, said_in(text), time.time())
    try:
        return Page(msgspec.json.decode(text, type=list[msgspec.Raw]), headers.get("etag", ""), headers.get("link", ""))
    except (msgspec.MsgspecError, ValueError) as error:
        raise unreachable(PLATFORM, error) from error


def said_in(text: str) -> object:
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    return data.get("message", "") if isinstance(data, dict) else ""
