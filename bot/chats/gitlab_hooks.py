"""Webhooks of projects on GitLab: docs.gitlab.com/api/project_webhooks."""

from __future__ import annotations

from typing import Any

import msgspec

from bot.chats.gitlab_client import remote
from bot.chats.hook_made import HookMade, HookRefused, others, put_right
from bot.chats.remote import RemoteFailure
from bot.chats.wire import Wire
from bot.domain.project import Project

_EVENTS = {"note_events": "comments", "merge_requests_events": "merge requests", "push_events": "pushes", "pipeline_events": "pipelines"}
_WELL = {None, "", "executable"}


class _Hook(Wire):
    id: int
    url: str = ""
    note_events: bool | None = None
    merge_requests_events: bool | None = None
    push_events: bool | None = None
    pipeline_events: bool | None = None
    push_events_branch_filter: str | None = None
    enable_ssl_verification: bool | None = None
    alert_status: str | None = None


class GitLabHooks:
    """The port `HookMaker`. `secret` is what GitLab calls the secret token; a signing token can be set in GitLab's pages only."""

    def __init__(self, url: str, token: str, secret: str) -> None:
        self._remote = remote(url, token)
        self._secret = secret

    async def make(self, project: Project, url: str, *, is_dry: bool) -> HookMade:
        path = f"/projects/{int(project.id)}/hooks"
        try:
            hooks = await self._hooks(path)
            ours = next((each for each in hooks if each.url.rstrip("/") == url), None)
            if not is_dry:
                await self._write(path, ours, url)
        except RemoteFailure as failure:
            raise HookRefused(_why(failure)) from failure
        except msgspec.ValidationError as error:
            raise HookRefused(f"GitLab answered something else than asked: {error}") from error
        hints = [others([each.url for each in hooks], url), "" if self._secret else "set its signing token in the project's settings"]
        return HookMade(put_right(_wrong(ours)) if ours else "made", "; ".join(filter(None, hints)))

    async def _hooks(self, path: str) -> list[_Hook]:
        def ask(client: Any) -> Any:
            return client.http_get(path, query_data={"per_page": 100})

        return msgspec.convert(await self._remote.ask(ask), list[_Hook])

    async def _write(self, path: str, ours: _Hook | None, url: str) -> None:
        """The secret is never shown, so it is set each time. One that GitLab switched off goes on when it is tried."""
        body: dict[str, Any] = {"url": url, **dict.fromkeys(_EVENTS, True), "enable_ssl_verification": True}
        body |= {"token": self._secret} if self._secret else {}
        if ours and ours.push_events_branch_filter:
            body |= {"push_events_branch_filter": "", "branch_filter_strategy": "all_branches"}

        def ask(client: Any) -> Any:
            return client.http_put(f"{path}/{ours.id}", post_data=body) if ours else client.http_post(path, post_data=body)

        await self._remote.ask(ask)
        if ours and ours.alert_status not in _WELL:
            await self._remote.ask(lambda client: client.http_post(f"{path}/{ours.id}/test/push_events"))

    def close(self) -> None:
        self._remote.close()


def _wrong(hook: _Hook) -> list[str]:
    missing = [words for name, words in _EVENTS.items() if not getattr(hook, name)]
    found = [f"it lacked {', '.join(missing)}"] if missing else []
    found += [f"it told of branches like {hook.push_events_branch_filter} only"] if hook.push_events_branch_filter else []
    found += ["it did not check certificates"] if hook.enable_ssl_verification is False else []
    found += ["GitLab had switched it off"] if hook.alert_status not in _WELL else []
    return found


def _why(failure: RemoteFailure) -> str:
    if failure.status in {403, 404} and failure.is_lasting:
        return f"GitLab does not let the token do this ({failure.status}): it needs the scope api and the role Maintainer in this project"
    return str(failure)
