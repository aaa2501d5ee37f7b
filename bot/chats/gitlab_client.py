"""python-gitlab as we use it: no GET before each call, no waiting and no retries of its own; its errors judged."""

from __future__ import annotations

import time
from typing import Any

import requests
from gitlab import Gitlab
from gitlab.v4 import objects as _objects  # noqa: F401 - else the library loads it while the first person waits

from bot.chats.remote import TIMEOUT_S, Remote, RemoteFailure, judge, unreachable

_PLATFORM = "GitLab"


class Answered(Exception):  # noqa: N818
    """GitLab said no. Raised ahead of the library, whose own errors lose the headers that say how long to wait."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.message = _message(response)


def _message(response: requests.Response) -> object:
    try:
        body = response.json()
    except ValueError:
        return response.text[:200]
    return (body.get("message") or body.get("error_description") or body.get("error")) if isinstance(body, dict) else body


def remote(url: str, token: str) -> Remote[Gitlab]:
    """Clients for one account, one for each thread."""

    def connect() -> Gitlab:
        session = requests.Session()
        session.hooks["response"].append(_raise_for_status)
        return Gitlab(url.rstrip("/"), private_token=token, timeout=TIMEOUT_S, user_agent="trellis", keep_base_url=True, session=session)

    return Remote("gitlab", connect, explain)


def _raise_for_status(response: requests.Response, **_: Any) -> None:
    if response.status_code >= 400:
        raise Answered(response)


def explain(error: Exception) -> RemoteFailure:
    if isinstance(error, Answered):
        return judge(_PLATFORM, error.status, error.headers, error.message, time.time())
    return unreachable(_PLATFORM, error)
