"""What the stand-ins of the forges know of commits' checks and requests' approvals, and how each forge writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes import github_shapes, gitlab_shapes
from tests.fakes.forge import iso
from tests.fakes.records import github_status, gitlab_status

if TYPE_CHECKING:
    from tests.fakes.forge import FakeForge, Project, Request, User
    from tests.fakes.records import Records

Json = dict[str, Any]


@dataclass
class Check:
    """`state` in the forge's words: on GitHub a status or, when it is over, a conclusion; on GitLab a status."""

    id: int
    name: str
    state: str
    may_fail: bool = False
    pipeline: int = 1


@dataclass
class Pipeline:
    id: int
    state: str
    source: str = "push"


class Checks:
    """Of one forge."""

    def __init__(self, forge: FakeForge, records: Records) -> None:
        self._forge = forge
        self._records = records
        self.of: dict[str, list[Check]] = {}
        self.pipelines: dict[str, list[Pipeline]] = {}

    def say(self, sha: str, name: str, state: str = "success", *, may_fail: bool = False, pipeline: int = 1) -> None:
        """A check of a commit is so now; run again it is another one, as on the forge."""
        self.of.setdefault(sha, []).append(Check(self._records.next_id(), name, state, may_fail, pipeline))

    def pipe(self, sha: str, id: int, state: str, source: str = "push") -> None:
        there = self.pipelines.setdefault(sha, [])
        there[:] = [*(each for each in there if each.id != id), Pipeline(id, state, source)]

    def newest(self, sha: str) -> list[Check]:
        return list({each.name: each for each in self.of.get(sha, [])}.values())

    # -- as GitHub says it -----------------------------------------------------------------------

    def github_runs(self, api: str, project: Project, sha: str) -> list[Json]:
        return [github_run(f"{api}/repos/{project.path}", sha, each) for each in self.newest(sha)]

    def github_combined(self, api: str, project: Project, sha: str) -> Json:
        stated = list({each.name: each for each in self._records.statuses if each.sha == sha}.values())
        now, bot = self._forge.clock(), self._forge.bot
        statuses = [github_status(api, bot, number, each, now) for number, each in enumerate(stated, 1)]
        for each in statuses:
            del each["creator"]
        states = {each.state for each in stated}
        state = "failure" if states & {"failure", "error"} else "pending" if "pending" in states or not states else "success"
        url = f"{api}/repos/{project.path}/commits/{sha}"
        both = {"repository": github_shapes.repository(api, project), "commit_url": url, "url": f"{url}/status"}
        return {"state": state, "sha": sha, "total_count": len(statuses), "statuses": statuses, **both}

    # -- as GitLab says it -----------------------------------------------------------------------

    def gitlab_pipelines(self, sha: str) -> list[Json]:
        """Newest first. Where only jobs were told of, there is one for all of them."""
        there = self.pipelines.get(sha) or ([Pipeline(1, _whole(self.newest(sha)))] if sha in self.of else [])
        return [_pipeline(each, sha) for each in sorted(there, key=lambda each: -each.id)]

    def gitlab_jobs(self, sha: str) -> list[Json]:
        """The oldest first; one that was run again is not told of."""
        now, bot = self._forge.clock(), self._forge.bot
        newest = {(each.pipeline, each.name): each for each in self.of.get(sha, [])}
        jobs = [{**_job(each, sha), "author": gitlab_shapes.person(bot), "created_at": iso(now)} for each in newest.values()]
        stated = {each.name: each for each in self._records.statuses if each.sha == sha}
        return [*jobs, *(gitlab_status(bot, 9_000 + number, each, now) for number, each in enumerate(stated.values()))]


def github_run(at: str, sha: str, check: Check) -> Json:
    is_over = check.state not in {"queued", "in_progress", "waiting", "requested", "pending"}
    return {
        "id": check.id,
        "node_id": github_shapes.node("CheckRun", check.id),
        "head_sha": sha,
        "external_id": "",
        "url": f"{at}/check-runs/{check.id}",
        "html_url": None,
        "details_url": None,
        "status": "completed" if is_over else check.state,
        "conclusion": check.state if is_over else None,
        "started_at": None,
        "completed_at": None,
        "output": {"title": None, "summary": None, "text": None, "annotations_count": 0, "annotations_url": f"{at}/annotations"},
        "name": check.name,
        "check_suite": {"id": 1},
        "app": None,
        "pull_requests": [],
    }


def _job(check: Check, sha: str) -> Json:
    about = {"ref": "main", "description": None, "target_url": None, "started_at": None, "finished_at": None, "coverage": None}
    said = {"id": check.id, "name": check.name, "status": check.state, "allow_failure": check.may_fail, "pipeline_id": check.pipeline}
    return {"sha": sha, **about, **said}


def _whole(checks: list[Check]) -> str:
    states = {each.state for each in checks if not each.may_fail}
    return next((each for each in ("running", "pending", "failed", "canceled", "manual") if each in states), "success")


def _pipeline(pipeline: Pipeline, sha: str) -> Json:
    about = {"iid": pipeline.id, "project_id": 77, "sha": sha, "ref": "main", "web_url": f"{gitlab_shapes.HOST}/pipelines/{pipeline.id}"}
    return {"id": pipeline.id, "status": pipeline.state, "source": pipeline.source, **about}


def github_review(api: str, request: Request, number: int, by: User, state: str) -> Json:
    at = f"{api}/repos/{request.project.path}/pulls/{request.number}"
    html = f"https://forge.example/{request.project.path}/pull/{request.number}#pullrequestreview-{number}"
    about = {"body": "", "commit_id": request.sha, "html_url": html, "pull_request_url": at, "author_association": "NONE"}
    links = {"html": {"href": html}, "pull_request": {"href": at}}
    return {
        "id": number,
        "node_id": github_shapes.node("Review", number),
        "user": github_shapes.user(api, by),
        "state": state,
        **about,
        "_links": links,
    }


def approvers_of(request: Request) -> list[User]:
    """Whose last word on it is a yes."""
    last = {by.id: (by, state) for by, state in request.reviews if state != "COMMENTED"}
    return [by for by, state in last.values() if state == "APPROVED"]


def brought(forge: FakeForge, project: Project, sha: str) -> list[Request]:
    """The requests that have a commit, as both forges tell: those that brought it to the default branch, or are open with it."""
    return [each for each in forge.requests_open if each.project is project and sha in {each.sha, each.merge_sha}]
