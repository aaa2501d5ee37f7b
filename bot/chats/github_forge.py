"""GitHub as the forge: what a person may do in a repository, and what a pull request is, both as of now."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from bot.chats import github_checks
from bot.chats.github_access import Access
from bot.chats.github_client import GitHubRemote, call
from bot.chats.remote import RemoteFailure, as_forge_error
from bot.chats.wire import Wire
from bot.context_ports import ForgeUnavailable
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person, Platform
from bot.domain.project import ChangeRequest, Project, Right

T = TypeVar("T")

_NOT_FOUND = 404
_SHA = re.compile(r"[0-9a-f]{40}")
_BEHIND = frozenset({"identical", "behind"})  # all of it is on the other side of the comparison
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\[bot\])?")
_RIGHTS = {
    "admin": Right.ADMIN,
    "maintain": Right.WRITE,
    "write": Right.WRITE,
    "push": Right.WRITE,
    "triage": Right.READ,
    "read": Right.READ,
    "pull": Right.READ,
}


class _Identified(Wire):
    id: int


class _Account(Wire):
    id: int
    login: str = ""
    type: str = "User"


class _Permission(Wire):
    permission: str = ""
    role_name: str | None = None
    user: _Account | None = None


class _Side(Wire):
    ref: str
    sha: str
    repo: _Identified | None = None


class _Pull(Wire):
    number: int
    state: str
    head: _Side
    base: _Side | None = None
    title: str = ""
    html_url: str = ""
    merged_at: datetime | None = None


class _Dated(Wire):
    date: datetime


class _Made(Wire):
    committer: _Dated


class _Commit(Wire):
    sha: str
    commit: _Made


class _Comparison(Wire):
    status: str
    merge_base_commit: _Commit


class GitHubForge:
    """The port `Forge`. `lag_delays_s`: waits before asking again for a pull request that is not there yet."""

    def __init__(self, access: Access, *, lag_delays_s: tuple[float, ...] = (0.2, 0.5, 1.0)) -> None:
        self._remote = GitHubRemote(access)
        self._lag_delays_s = lag_delays_s

    async def right_of(self, person: Person, project: Project) -> Right:
        """Asked by login, as GitHub wants it, and believed only when the answer is about the same numeric ids."""
        if person.platform is not Platform.GITHUB or not _LOGIN.fullmatch(person.name):
            return Right.NONE
        permission, repository = await asyncio.gather(
            self._get(project, f"/repos/{project.path}/collaborators/{person.name}/permission", _Permission),
            self._get(project, f"/repos/{project.path}", _Identified),
        )
        if permission is None or permission.user is None or str(permission.user.id) != person.id:
            return Right.NONE
        if repository is not None and str(repository.id) != project.id:
            raise _another(project)
        return _right(permission)

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        path = f"/repos/{project.path}/pulls/{number}"
        pull = await self._get(project, path, _Pull)
        for delay_s in self._lag_delays_s:  # GitHub may tell of a pull request before its API knows it
            if pull is not None:
                break
            await asyncio.sleep(delay_s)
            pull = await self._get(project, path, _Pull)
        if pull is None:
            return None
        if pull.base and pull.base.repo and str(pull.base.repo.id) != project.id:
            raise _another(project)
        source = pull.head.repo
        return ChangeRequest(
            project=project.key,
            number=pull.number,
            title=pull.title,
            url=pull.html_url,
            ref=f"refs/heads/{pull.head.ref}",
            sha=pull.head.sha,
            source_id=str(source.id) if source else "",
            is_fork=source is None or str(source.id) != project.id,
            is_open=pull.state == "open",
            is_merged=pull.merged_at is not None,
        )

    async def person(self, login: str, project: Project) -> Person | None:
        """Asked together with the right, which names the account by its numeric id."""
        if not _LOGIN.fullmatch(login):
            return None
        found = await self._get(project, f"/repos/{project.path}/collaborators/{login}/permission", _Permission)
        user = found.user if found else None
        return Person(Platform.GITHUB, str(user.id), user.login or login, is_bot=user.type == "Bot") if user else None

    async def merged_at(self, project: Project, sha: str) -> float | None:
        if not _SHA.fullmatch(sha):  # a comparison takes names of branches too
            return None
        between = f"{quote(project.default_branch, safe='')}...{sha}"
        comparison, _ = await asyncio.gather(
            self._get(project, f"/repos/{project.path}/compare/{between}?per_page=1", _Comparison), self._must_be(project)
        )
        if comparison is None or comparison.status not in _BEHIND or comparison.merge_base_commit.sha != sha:
            return None
        return comparison.merge_base_commit.commit.committer.date.timestamp()

    async def checks(self, project: Project, sha: str) -> Checks:
        if not _SHA.fullmatch(sha):
            return Checks()
        found, _ = await asyncio.gather(github_checks.checks(partial(self._get, project), project, sha), self._must_be(project))
        return found

    async def reviewed(self, project: Project, sha: str) -> tuple[Reviewed, ...]:
        if not _SHA.fullmatch(sha):
            return ()
        found, _ = await asyncio.gather(github_checks.reviewed(partial(self._get, project), project, sha), self._must_be(project))
        return found

    def close(self) -> None:
        self._remote.close()

    async def _must_be(self, project: Project) -> None:
        """A path may have been given to another repository. Raises ForgeUnavailable."""
        repository = await self._get(project, f"/repos/{project.path}", _Identified)
        if repository is not None and str(repository.id) != project.id:
            raise _another(project)

    async def _get(self, project: Project, path: str, shape: type[T]) -> T | None:
        """The thing at `path`, None when there is none. Raises ForgeUnavailable for all else."""
        try:
            return await self._remote.ask(project.path, lambda client: call(client, "GET", path, shape))
        except RemoteFailure as failure:
            if failure.status == _NOT_FOUND:
                return None
            raise as_forge_error(failure) from failure


def _another(project: Project) -> ForgeUnavailable:
    return ForgeUnavailable(f"{project.path} is another repository than {project.id} now")


def _right(permission: _Permission) -> Right:
    """The lower of the base right and the role, where the role is one that everybody knows."""
    rights = list(Right)
    base = _RIGHTS.get(permission.permission, Right.NONE)
    role = _RIGHTS.get(permission.role_name or "", base)
    return min(base, role, key=rights.index)
