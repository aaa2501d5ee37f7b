"""What the stand-ins of the forges tell of checks and approvals: the deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes import github_shapes, gitlab_shapes
from tests.fakes.checks import github_review, github_run

if TYPE_CHECKING:
    from tests.fakes.forge import Delivery, Project, Request, User
    from tests.fakes.github import FakeGitHub
    from tests.fakes.gitlab import FakeGitLab


def check_run(github: FakeGitHub, project: Project, sha: str) -> Delivery:
    """The newest check of a commit has ended."""
    run = github_run(f"{github.url}/repos/{project.path}", sha, github.checks.of[sha][-1])
    return github._tell("check_run", project, github.bot, {"action": "completed", "check_run": run})


def status(github: FakeGitHub, project: Project, sha: str, context: str, state: str = "success") -> Delivery:
    about: dict[str, Any] = {"name": project.path, "target_url": None, "description": None, "branches": [], "commit": {"sha": sha}}
    body = {"id": github.records.next_id(), "sha": sha, "context": context, "state": state, **about}
    return github._tell("status", project, github.bot, body)


def review(github: FakeGitHub, request: Request, by: User, state: str = "approved") -> Delivery:
    given = github_review(github.url, request, 80, by, state)
    body = {"action": "submitted", "review": given, "pull_request": github_shapes.pull(github.url, request)}
    return github._tell("pull_request_review", request.project, by, body)


def pipeline(gitlab: FakeGitLab, project: Project, sha: str, status: str = "success") -> Delivery:
    about = {"id": 31, "iid": 3, "ref": "main", "tag": False, "sha": sha, "source": "push", "status": status}
    known = {"user": gitlab_shapes.hook_user(gitlab.bot), "project": gitlab_shapes.hook_project(project)}
    return gitlab._tell("Pipeline Hook", {"object_kind": "pipeline", "object_attributes": about, **known, "builds": []})


def approval(gitlab: FakeGitLab, request: Request, by: User) -> Delivery:
    return gitlab._tell_request(request, "approved", by=by)
