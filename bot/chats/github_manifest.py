"""GitHub's App as a manifest, and what a code of its making is exchanged for.

docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

from github import Auth

from bot.chats.github_client import call, connected, explain
from bot.chats.github_wire import EVENTS
from bot.chats.remote import Remote, RemoteFailure
from bot.chats.wire import Wire

PERMISSIONS = {
    "checks": "read",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")


class Made(Wire):
    """The App, with all its secrets."""

    id: int
    slug: str
    html_url: str
    pem: str
    webhook_secret: str | None = None


def api_of(url: str) -> str:
    """Where the API of a GitHub is whose pages are at `url`."""
    return "https://api.github.com" if urlsplit(url).hostname == "github.com" else f"{url.rstrip('/')}/api/v3"


def pages_of(api_url: str) -> str:
    """Where the pages of a GitHub are whose API is at `api_url`."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("api.") if not parts.path.strip("/") else parts.netloc
    return f"{parts.scheme}://{host}"


def manifest(name: str, public_url: str, back: str) -> dict[str, Any]:
    """`back` is where GitHub leads to with a code. Without a public address there is no webhook: then its projects are polled."""
    made: dict[str, Any] = {
        "name": name,
        "url": public_url or "https://github.com",
        "redirect_url": back,
        "public": False,
        "default_permissions": PERMISSIONS,
    }
    if public_url:
        made |= {"hook_attributes": {"url": f"{public_url.rstrip('/')}/hooks/github", "active": True}, "default_events": list(EVENTS)}
    return made


def page(pages_url: str, org: str, state: str, made: dict[str, Any]) -> str:
    """A page with a button that brings the manifest to GitHub."""
    where = f"/organizations/{quote(org, safe='')}/settings/apps/new" if org else "/settings/apps/new"
    text = html.escape(json.dumps(made), quote=True)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Trellis and GitHub</title><main><h1>A GitHub App for Trellis</h1>'
        f"<p>GitHub will show what it is called and lead back here.</p>"
        f'<form method="post" action="{html.escape(pages_url + where, quote=True)}?state={quote(state, safe="")}">'
        f'<input type="hidden" name="manifest" value="{text}"><button>Go to GitHub</button></form></main></html>\n'
    )


def is_code(text: str) -> bool:
    return bool(_CODE.fullmatch(text))


class _Nobody(Auth.Auth):
    """The code is all that is asked for."""

    token_type = "token"  # noqa: S105
    token = ""

    def authentication(self, headers: dict[str, str]) -> None:
        """Nothing is added."""


async def exchange(api_url: str, code: str) -> Made:
    """The App of a code, which is good once and for an hour. Raises RemoteFailure."""
    if not is_code(code):
        raise RemoteFailure("that is no code of GitHub's", is_lasting=True)
    remote = Remote("github", lambda: connected(api_url.rstrip("/"), _Nobody()), explain)
    try:
        return await remote.ask(lambda client: call(client, "POST", f"/app-manifests/{code}/conversions", Made))
    except RemoteFailure as failure:
        if failure.status in {404, 422}:
            raise RemoteFailure("GitHub does not know this code: it is good once, and for an hour", is_lasting=True) from failure
        raise
    finally:
        remote.close()
