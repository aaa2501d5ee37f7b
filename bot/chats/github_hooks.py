"""Webhooks of repositories on GitHub: docs.github.com/rest/repos/webhooks. An App brings its own and needs none of these."""

from __future__ import annotations

from typing import Any

from bot.chats.github_access import Access
from bot.chats.github_client import GitHubRemote, call
from bot.chats.github_wire import EVENTS
from bot.chats.hook_made import HookMade, HookRefused, others, put_right
from bot.chats.remote import RemoteFailure
from bot.chats.wire import Anything, Wire
from bot.domain.project import Project


class _Config(Wire):
    url: str = ""
    content_type: str = ""
    insecure_ssl: str | float = "0"


class _Hook(Wire):
    id: int
    config: _Config
    active: bool = True
    events: tuple[str, ...] = ()


class GitHubHooks:
    """The port `HookMaker`."""

    def __init__(self, access: Access, secret: str) -> None:
        self._remote = GitHubRemote(access)
        self._secret = secret

    async def make(self, project: Project, url: str, *, is_dry: bool) -> HookMade:
        path = f"/repos/{project.path}/hooks"
        try:
            hooks = await self._remote.ask(project.path, lambda client: call(client, "GET", f"{path}?per_page=100", list[_Hook]))
            ours = next((each for each in hooks if each.config.url.rstrip("/") == url), None)
            if not is_dry:
                await self._write(project, path, ours, url)
        except RemoteFailure as failure:
            raise HookRefused(_why(failure)) from failure
        return HookMade(put_right(_wrong(ours)) if ours else "made", others([each.config.url for each in hooks], url))

    async def _write(self, project: Project, path: str, ours: _Hook | None, url: str) -> None:
        """The secret is never shown, so it is set each time."""
        config = {"url": url, "content_type": "json", "secret": self._secret, "insecure_ssl": "0"}
        body: dict[str, Any] = {"config": config, "events": list(EVENTS), "active": True}
        verb, address = ("PATCH", f"{path}/{ours.id}") if ours else ("POST", path)
        body |= {} if ours else {"name": "web"}
        await self._remote.ask(project.path, lambda client: call(client, verb, address, Anything, body))

    def close(self) -> None:
        self._remote.close()


def _wrong(hook: _Hook) -> list[str]:
    missing = [] if "*" in hook.events else sorted(set(EVENTS) - set(hook.events))
    found = [f"it lacked {', '.join(missing)}"] if missing else []
    found += [] if hook.active else ["it was switched off"]
    found += [] if hook.config.content_type == "json" else ["it did not send JSON"]
    found += [] if str(hook.config.insecure_ssl).removesuffix(".0") == "0" else ["it did not check certificates"]
    return found


def _why(failure: RemoteFailure) -> str:
    """GitHub hides from who has no right that there is something."""
    if failure.status in {403, 404} and failure.is_lasting:
        return f"GitHub does not let the token do this ({failure.status}): it needs Webhooks, read and write, in this repository"
    return str(failure)
