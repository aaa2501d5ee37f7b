"""GitLab as the forge: what a person may do in a project, and what a merge request is, both as of now."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from bot.chats import gitlab_checks
from bot.chats.gitlab_client import remote
from bot.chats.gitlab_wire import person_of
from bot.chats.remote import RemoteFailure, as_forge_error
from bot.chats.wire import Wire
from bot.context_ports import ForgeUnavailable
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person, Platform
from bot.domain.project import ChangeRequest, Project, Right

T = TypeVar("T")

_UNKNOWN = frozenset({400, 404})  # of a merge base: one of both is not known, or there is none
_NOT_FOUND = frozenset({404})
_SHA = re.compile(r"[0-9a-f]{40}")
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_ID = re.compile(r"[1-9][0-9]{0,17}")
# docs.gitlab.com/api/access_requests: 10 guest … 20 reporter, 30 developer, 40 maintainer, 50 owner
_READ, _DEVELOPER, _MAINTAINER = 10, 30, 40


class _Member(Wire):
    id: int
    access_level: int
    state: str = ""


class _Account(Wire):
    id: int
    username: str
    bot: bool = False


class _MergeRequest(Wire):
    iid: int
    state: str
    source_branch: str
    title: str = ""
    web_url: str = ""
    sha: str | None = None
    source_project_id: int | None = None
    author: _Account | None = None


class _Commit(Wire):
    id: str
    committed_date: datetime


class GitLabForge:
    """The port `Forge`. `lag_delays_s`: waits before asking again for a merge request that is not there yet."""

    def __init__(self, url: str, token: str, *, lag_delays_s: tuple[float, ...] = (0.2, 0.5, 1.0)) -> None:
        self._remote = remote(url, token)
        self._lag_delays_s = lag_delays_s

    async def right_of(self, person: Person, project: Project) -> Right:
        """Inherited memberships count, those of blocked accounts do not."""
        if person.platform is not Platform.GITLAB or not _ID.fullmatch(person.id):
            return Right.NONE
        member = await self._get(f"/projects/{int(project.id)}/members/all/{int(person.id)}", _Member)
        if member is None or str(member.id) != person.id or member.state not in {"", "active"}:
            return Right.NONE
        if member.access_level >= _MAINTAINER:
            return Right.ADMIN
        if member.access_level >= _DEVELOPER:
            return Right.WRITE
        return Right.READ if member.access_level >= _READ else Right.NONE

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        path = f"/projects/{int(project.id)}/merge_requests/{number}"
        request = await self._get(path, _MergeRequest)
        for delay_s in self._lag_delays_s:  # GitLab may tell of a merge request before its API's replica knows it
            if request is not None:
                break
            await asyncio.sleep(delay_s)
            request = await self._get(path, _MergeRequest)
        if request is None:
            return None
        source = request.source_project_id
        return ChangeRequest(
            project=project.key,
            number=request.iid,
            title=request.title,
            url=request.web_url,
            ref=f"refs/heads/{request.source_branch}",
            sha=request.sha or "",
            source_id=str(source) if source else "",
            is_fork=str(source) != project.id,
            is_open=request.state == "opened",
            author=person_of(request.author.id, request.author.username) if request.author else None,
            is_merged=request.state == "merged",
        )

    async def person(self, login: str, project: Project) -> Person | None:
        if not _LOGIN.fullmatch(login):
            return None
        found = await self._get(f"/projects/{int(project.id)}/members/all?query={login}", list[_Account]) or []
        account = next((each for each in found if each.username.lower() == login.lower()), None)
        return Person(Platform.GITLAB, str(account.id), account.username, is_bot=bool(account.bot)) if account else None

    async def merged_at(self, project: Project, sha: str) -> float | None:
        if not _SHA.fullmatch(sha):
            return None
        query = urlencode([("refs[]", project.default_branch), ("refs[]", sha)])
        base = await self._get(f"/projects/{int(project.id)}/repository/merge_base?{query}", _Commit, none=_UNKNOWN)
        return base.committed_date.timestamp() if base is not None and base.id == sha else None

    async def checks(self, project: Project, sha: str) -> Checks:
        return await gitlab_checks.checks(self._get, project, sha) if _SHA.fullmatch(sha) else Checks()

    async def reviewed(self, project: Project, sha: str) -> tuple[Reviewed, ...]:
        return await gitlab_checks.reviewed(self._get, project, sha) if _SHA.fullmatch(sha) else ()

    def close(self) -> None:
        self._remote.close()

    async def _get(self, path: str, shape: type[T], none: frozenset[int] = _NOT_FOUND) -> T | None:
        """The thing at `path`, None when it answers with a status of `none`. Raises ForgeUnavailable for all else."""

        def get(client: Any) -> Any:
            return client.http_get(path)

        try:
            return msgspec.convert(await self._remote.ask(get), shape)
        except RemoteFailure as failure:
            if failure.status in none:
                return None
            raise as_forge_error(failure) from failure
        except msgspec.ValidationError as error:
            raise ForgeUnavailable(f"GitLab answered something else than asked: {error}") from error
