"""What GitLab says of a commit: its pipelines and their jobs, the merge requests that brought it, and who approved those.

docs.gitlab.com/api/pipelines, /api/commits, /api/merge_request_approvals
"""

from __future__ import annotations

import asyncio

from bot.chats.checked import PAGE, Get, How, checks_of, pages
from bot.chats.gitlab_wire import person_of
from bot.chats.wire import Wire
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person
from bot.domain.project import Project
from bot.domain.record import is_ours

# docs.gitlab.com/ci/jobs: a manual job that may not be left out does not pass by itself. Jobs are skipped in good pipelines, too.
_RUNNING = frozenset(
    {"created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "running", "scheduled", "canceling"}
)


class _Pipeline(Wire):
    id: int
    status: str
    ref: str | None = None
    source: str = ""


class _Job(Wire):
    """A job of a pipeline, or what another CI says."""

    id: int
    name: str
    status: str
    allow_failure: bool | None = False
    pipeline_id: int | None = None


class _Account(Wire):
    id: int
    username: str


class _Request(Wire):
    iid: int
    state: str
    target_branch: str
    sha: str | None = None
    author: _Account | None = None


class _Approval(Wire):
    user: _Account | None = None


class _Approvals(Wire):
    approved_by: list[_Approval]


async def checks(get: Get, project: Project, sha: str) -> Checks:
    """The newest job of each name, and each pipeline that is not good though none of its jobs says why.

    What Trellis itself says beside a commit is a job to GitLab, and may make a pipeline of its own: neither counts.
    """
    at = f"/projects/{int(project.id)}"

    async def pipelines(page: int) -> list[_Pipeline]:
        return await get(f"{at}/pipelines?sha={sha}&order_by=id&sort=desc&per_page={PAGE}&page={page}", list[_Pipeline]) or []

    async def jobs(page: int) -> list[_Job]:
        return await get(f"{at}/repository/commits/{sha}/statuses?per_page={PAGE}&page={page}", list[_Job]) or []

    found, told = await asyncio.gather(pages(pipelines), pages(jobs))
    newest: dict[str, _Job] = {}
    for job in sorted(told, key=lambda each: each.id):
        newest[job.name] = job
    said = [(job.name, _how(job)) for job in newest.values() if not is_ours(job.name)]
    return checks_of([*said, *(_whole(each, told) for each in _latest(found))])


def _how(job: _Job) -> How:
    if job.status in _RUNNING:
        return How.RUNNING
    is_good = job.allow_failure or job.status in {"success", "skipped"}
    return How.PASSED if is_good else How.FAILED


def _latest(pipelines: list[_Pipeline]) -> list[_Pipeline]:
    """One for each branch and cause: a pipeline that was run again counts as it is now. Another CI's are known by their jobs alone."""
    newest: dict[tuple[str | None, str], _Pipeline] = {}
    for each in sorted(pipelines, key=lambda each: each.id):
        if each.source != "external":
            newest[each.ref, each.source] = each
    return list(newest.values())


def _whole(pipeline: _Pipeline, jobs: list[_Job]) -> tuple[str, How]:
    """Its own jobs say it better, where they say anything; one that is broken before it has jobs has only this."""
    how = How.PASSED if pipeline.status == "success" else How.RUNNING if pipeline.status in _RUNNING else How.FAILED
    own = [each for each in jobs if each.pipeline_id == pipeline.id]
    is_ours_alone = how is not How.PASSED and any(is_ours(each.name) and _how(each) is how for each in own)
    is_told = any(not is_ours(each.name) and _how(each) is how for each in own)
    return f"pipeline {pipeline.id}", How.PASSED if is_told or (is_ours_alone and len(own) > 1) else how


async def reviewed(get: Get, project: Project, sha: str) -> tuple[Reviewed, ...]:
    """The merge requests that brought the commit to the default branch, or have it as their head and are open; with whoever approves."""
    at = f"/projects/{int(project.id)}"

    async def brought(page: int) -> list[_Request]:
        return await get(f"{at}/repository/commits/{sha}/merge_requests?per_page={PAGE}&page={page}", list[_Request]) or []

    meant = [each for each in await pages(brought) if _is_meant(each, project, sha)]
    return tuple([await _reviewed(get, f"{at}/merge_requests", each) for each in meant])


def _is_meant(request: _Request, project: Project, sha: str) -> bool:
    is_open = request.state == "opened" and request.sha == sha
    return request.target_branch == project.default_branch and (request.state == "merged" or is_open)


async def _reviewed(get: Get, at: str, request: _Request) -> Reviewed:
    approvals = await get(f"{at}/{request.iid}/approvals", _Approvals)
    approvers = [each.user for each in approvals.approved_by] if approvals else []
    return Reviewed(request.iid, _person(request.author) if request.author else None, tuple(_person(each) for each in approvers if each))


def _person(account: _Account) -> Person:
    return person_of(account.id, account.username)
