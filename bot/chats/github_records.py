"""GitHub's own records: commit statuses, deployments and their statuses.

docs.github.com/rest/commits/statuses, docs.github.com/rest/deployments. A transient environment's deployments are not made
inactive by newer ones, so that is done here; one that is made inactive is shown as destroyed.
"""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.chats.github_access import Access
from bot.chats.github_client import GitHubRemote, call
from bot.chats.record import Placed
from bot.chats.remote import RemoteFailure, as_chat_error
from bot.chats.wire import Anything, Wire
from bot.domain.project import Project
from bot.domain.record import Deployment, DeploymentState, Status, StatusState

T = TypeVar("T")

_TASK = "deploy"
_STATES = {StatusState.CANCELLED: "error"}


class _Payload(Wire):
    trellis: str = ""


class _Deployment(Wire):
    id: int
    payload: _Payload | str | None = None


class GitHubRecorder:
    """The port `Recorder`."""

    def __init__(self, access: Access) -> None:
        self._remote = GitHubRemote(access)

    async def status(self, project: Project, status: Status) -> None:
        body = {"state": _STATES.get(status.state, status.state.value), "context": status.context, "description": status.words}
        body |= {"target_url": status.url} if status.url else {}
        await self._call(project, "POST", f"/repos/{project.path}/statuses/{status.sha}", Anything, body)

    async def deploy(self, project: Project, wanted: Deployment, placed: Placed, *, is_again: bool) -> Placed:
        now = placed
        if placed.sha != wanted.sha and wanted.state is not DeploymentState.INACTIVE:
            older = (*placed.older, placed.deployment) if placed.deployment else placed.older
            now = Placed(wanted.sha, await self._deployment(project, wanted, is_again=is_again), older=older)
        over = now.older if wanted.state in {DeploymentState.SUCCESS, DeploymentState.INACTIVE} else ()
        if now.deployment:
            await self._tell(project, now.deployment, wanted.state, wanted)
        for each in over:
            await self._tell(project, each, DeploymentState.INACTIVE, wanted)
        return Placed(now.sha, now.deployment, older=tuple(each for each in now.older if each not in over))

    async def _deployment(self, project: Project, wanted: Deployment, *, is_again: bool) -> int:
        path = f"/repos/{project.path}/deployments"
        if is_again:
            query = urlencode({"sha": wanted.sha, "task": _TASK, "environment": wanted.name})
            for each in await self._call(project, "GET", f"{path}?{query}", list[_Deployment]):
                if isinstance(each.payload, _Payload) and each.payload.trellis == wanted.id:
                    return each.id
        body = {
            "ref": wanted.sha,
            "task": _TASK,
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"trellis": wanted.id},
            "environment": wanted.name,
            "description": f"Ivy: {wanted.ref.removeprefix('refs/heads/')}"[:140],
            "transient_environment": True,
            "production_environment": False,
        }
        return (await self._call(project, "POST", path, _Deployment, body)).id

    async def _tell(self, project: Project, id: int, state: DeploymentState, wanted: Deployment) -> None:
        body: dict[str, Any] = {"state": state.value, "auto_inactive": False}
        if state is wanted.state:
            body |= {"description": wanted.words, "environment_url": wanted.url}
        await self._call(project, "POST", f"/repos/{project.path}/deployments/{id}/statuses", Anything, body)

    def close(self) -> None:
        self._remote.close()

    async def _call(self, project: Project, verb: str, path: str, shape: type[T], body: dict[str, Any] | None = None) -> T:
        try:
            return await self._remote.ask(project.path, lambda client: call(client, verb, path, shape, body))
        except RemoteFailure as failure:
            raise as_chat_error(failure) from failure
