"""GitLab's own records: commit statuses, environments and deployments.

docs.gitlab.com/api/commits, /api/environments, /api/deployments. A status that stands already as it is told again is refused
with 400 "Cannot transition status", which is success here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from bot.chats.gitlab_client import remote
from bot.chats.record import Placed
from bot.chats.remote import RemoteFailure, as_chat_error, unreachable
from bot.chats.wire import Wire
from bot.domain.project import Project
from bot.domain.record import Deployment, DeploymentState, Status, StatusState

T = TypeVar("T")

_STATUSES = {
    StatusState.PENDING: "running",
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failed",
    StatusState.ERROR: "failed",
    StatusState.CANCELLED: "canceled",
}
_DEPLOYMENTS = {DeploymentState.IN_PROGRESS: "running", DeploymentState.SUCCESS: "success", DeploymentState.FAILURE: "failed"}


class _Row(Wire):
    id: int


class GitLabRecorder:
    """The port `Recorder`."""

    def __init__(self, url: str, token: str) -> None:
        self._remote = remote(url, token)

    async def status(self, project: Project, status: Status) -> None:
        body = {"state": _STATUSES[status.state], "name": status.context, "description": status.words}
        body |= {"target_url": status.url} if status.url else {}
        try:
            await self._post(f"/projects/{int(project.id)}/statuses/{status.sha}", body)
        except RemoteFailure as failure:
            if not (failure.status == 400 and "Cannot transition status" in failure.reason):
                raise as_chat_error(failure) from failure

    async def deploy(self, project: Project, wanted: Deployment, placed: Placed, *, is_again: bool) -> Placed:
        del is_again  # the environment is found by its name, and GitLab gives one deployment for it and its commit
        try:
            return await self._deploy(f"/projects/{int(project.id)}", wanted, placed)
        except RemoteFailure as failure:
            raise as_chat_error(failure) from failure

    async def _deploy(self, path: str, wanted: Deployment, placed: Placed) -> Placed:
        if wanted.state is DeploymentState.INACTIVE:
            if placed.environment:
                await self._post(f"{path}/environments/{placed.environment}/stop", {"force": True})
            return placed
        environment = placed.environment or await self._environment(path, wanted.name)
        status, deployment = _DEPLOYMENTS[wanted.state], placed.deployment
        if wanted.url:
            await self._put(f"{path}/environments/{environment}", {"external_url": wanted.url})
        if placed.sha == wanted.sha and deployment:
            await self._put(f"{path}/deployments/{deployment}", {"status": status})
        else:
            branch = wanted.ref.removeprefix("refs/heads/")
            body = {"environment": wanted.name, "sha": wanted.sha, "ref": branch, "tag": False, "status": status}
            deployment = (await self._post(f"{path}/deployments", body)).id
        return Placed(wanted.sha, deployment, environment)

    async def _environment(self, path: str, name: str) -> int:
        """The one of that name; made when there is none."""
        found = await self._rows(f"{path}/environments", {"name": name})
        return found[0].id if found else (await self._post(f"{path}/environments", {"name": name, "tier": "development"})).id

    def close(self) -> None:
        self._remote.close()

    async def _rows(self, path: str, query: dict[str, Any]) -> list[_Row]:
        def ask(client: Any) -> Any:
            return client.http_get(path, query_data=query)

        return _read(await self._remote.ask(ask), list[_Row])

    async def _post(self, path: str, body: dict[str, Any]) -> _Row:
        def ask(client: Any) -> Any:
            return client.http_post(path, post_data=body)

        return _read(await self._remote.ask(ask), _Row)

    async def _put(self, path: str, body: dict[str, Any]) -> None:
        def ask(client: Any) -> Any:
            return client.http_put(path, post_data=body)

        try:
            await self._remote.ask(ask)
        except RemoteFailure as failure:
            if not (failure.status == 400 and "Cannot transition status" in failure.reason):
                raise


def _read(answer: Any, shape: type[T]) -> T:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise unreachable("GitLab", error) from error
