"""PyGithub as we use it: no GET before each call, no pauses, no retries of its own; its errors judged.

Its objects take a redirection for success, which is how GitHub answers a write to a repository that has moved. So single
calls go through its requester, where the status is seen; lists go through its objects, which turn the pages.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from github import Auth, Github, GithubException

from bot.chats.remote import TIMEOUT_S, Remote, RemoteFailure, judge, unreachable

T = TypeVar("T")

_PLATFORM = "GitHub"
_NOT_MODIFIED = 304


def remote(api_url: str, token: str) -> Remote[Github]:
    """Clients for one account. PyGithub's are not for several threads at once: each thread gets its own."""

    def connect() -> Github:
        return Github(
            auth=Auth.Token(token),
            base_url=api_url.rstrip("/"),
            timeout=TIMEOUT_S,
            user_agent="trellis",
            per_page=100,
            retry=None,
            pool_size=1,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )

    return Remote("github", connect, explain)


def explain(error: Exception) -> RemoteFailure:
    if not isinstance(error, GithubException):
        return unreachable(_PLATFORM, error)
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    message = error.data.get("message", "") if isinstance(error.data, dict) else error.data
    return judge(_PLATFORM, error.status, headers, message, time.time())


def call(client: Github, verb: str, path: str, shape: type[T], body: dict[str, Any] | None = None) -> T:
    """One request. Raises RemoteFailure when the answer is not a success or not of that shape."""
    status, headers, text = client.requester.requestJson(verb, path, input=body)
    if not 200 <= status < 300:
        raise judge(_PLATFORM, status, headers, _message(text), time.time())
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, ValueError) as error:
        raise unreachable(_PLATFORM, error) from error


@dataclass(frozen=True)
class Page:
    """A page of a list, its items unread; `etag` names exactly this answer."""

    items: Sequence[msgspec.Raw]
    etag: str


def listed(client: Github, path: str, query: Mapping[str, str | int], etag: str = "") -> Page | None:
    """One page; None when it is still the one called `etag`. Raises RemoteFailure."""
    asked = {"If-None-Match": etag} if etag else {}
    status, headers, text = client.requester.requestJson("GET", path, parameters=dict(query), headers=asked)
    if status == _NOT_MODIFIED:
        return None
    if not 200 <= status < 300:
        raise judge(_PLATFORM, status, headers, _message(text), time.time())
    try:
        return Page(msgspec.json.decode(text, type=list[msgspec.Raw]), headers.get("etag", ""))
    except (msgspec.MsgspecError, ValueError) as error:
        raise unreachable(_PLATFORM, error) from error


def _message(text: str) -> object:
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    return data.get("message", "") if isinstance(data, dict) else ""
