"""GitLab's objects as its API and its webhooks write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tests.fakes.forge import Comment, Project, Request, User, iso

Json = dict[str, Any]
HOST = "https://forge.example"
_BIRTH = "2024-02-29T12:00:00Z"
LEVELS = {"read": 20, "write": 30, "admin": 40}
STATES = {"open": "opened", "closed": "closed", "merged": "merged"}


def hook_date(at: float) -> str:
    """Webhooks write most dates so, the API in ISO 8601."""
    return iso(at).replace("T", " ").replace("Z", " UTC")


def person(user: User) -> Json:
    return {
        "id": user.id,
        "username": user.login,
        "public_email": None,
        "name": user.login.title(),
        "state": "blocked" if user.is_blocked else "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{HOST}/{user.login}",
    }


def account(user: User) -> Json:
    return {**person(user), "created_at": _BIRTH, "email": f"{user.login}@forge.example", "bot": True, "is_admin": False}


def member(user: User, right: str) -> Json:
    more = {"created_at": _BIRTH, "created_by": None, "expires_at": None, "membership_state": "active"}
    return {**person(user), "access_level": LEVELS[right], **more}


def project(where: Project) -> Json:
    url = f"{HOST}/{where.path}"
    return {
        "id": where.id,
        "description": None,
        "name": where.name.title(),
        "name_with_namespace": where.path.replace("/", " / "),
        "path": where.name,
        "path_with_namespace": where.path,
        "created_at": _BIRTH,
        "default_branch": "main",
        "topics": [],
        "ssh_url_to_repo": f"git@forge.example:{where.path}.git",
        "http_url_to_repo": f"{url}.git",
        "web_url": url,
        "visibility": "private",
        "archived": False,
    }


def note(said: Comment) -> Json:
    return {
        "id": said.id,
        "type": "DiffNote" if said.is_on_line else None,
        "body": said.body,
        "author": person(said.author),
        "created_at": iso(said.created_at),
        "updated_at": iso(said.updated_at),
        "system": False,
        "noteable_id": said.request.id,
        "noteable_type": "MergeRequest",
        "project_id": said.request.project.id,
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": said.request.number,
        "commands_changes": {},
    }


def award(said: Comment, by: User, name: str, at: float) -> Json:
    dates = {"created_at": iso(at), "updated_at": iso(at)}
    number = said.id * 10 + len(said.reactions)
    return {"id": number, "name": name, "user": person(by), **dates, "awardable_id": said.id, "awardable_type": "Note", "url": None}


def merge_request(request: Request, notes: int = 1) -> Json:
    source = request.source
    is_merged = request.state == "merged"
    return {
        "id": request.id,
        "iid": request.number,
        "project_id": request.project.id,
        "title": request.title,
        "description": None,
        "state": STATES[request.state],
        "created_at": iso(request.created_at),
        "updated_at": iso(request.updated_at),
        "merged_by": person(request.author) if is_merged else None,
        "merged_at": iso(request.updated_at) if is_merged else None,
        "closed_by": None,
        "closed_at": iso(request.updated_at) if request.state == "closed" else None,
        "target_branch": "main",
        "source_branch": request.branch,
        "user_notes_count": notes,
        "upvotes": 0,
        "downvotes": 0,
        "author": person(request.author),
        "assignees": [],
        "assignee": None,
        "reviewers": [],
        "source_project_id": source.id if source else None,
        "target_project_id": request.project.id,
        "labels": [],
        "draft": request.is_draft,
        "work_in_progress": request.is_draft,
        "milestone": None,
        "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "mergeable",
        "sha": request.sha,
        "merge_commit_sha": request.sha if is_merged else None,
        "squash_commit_sha": None,
        "discussion_locked": request.is_locked or None,
        "reference": f"!{request.number}",
        "web_url": url_of(request),
        "squash": False,
        "has_conflicts": False,
        "blocking_discussions_resolved": True,
        "changes_count": "1",
        "diff_refs": {"base_sha": request.project.heads["main"], "head_sha": request.sha, "start_sha": request.project.heads["main"]},
    }


def url_of(request: Request) -> str:
    return f"{HOST}/{request.project.path}/-/merge_requests/{request.number}"


def hook_user(user: User) -> Json:
    return {"id": user.id, "name": user.login.title(), "username": user.login, "avatar_url": None, "email": "[REDACTED]"}


def hook_project(where: Project) -> Json:
    url, ssh = f"{HOST}/{where.path}", f"git@forge.example:{where.path}.git"
    return {
        "id": where.id,
        "name": where.name.title(),
        "description": None,
        "web_url": url,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": f"{url}.git",
        "namespace": where.owner.title(),
        "visibility_level": 0,
        "path_with_namespace": where.path,
        "default_branch": "main",
        "ci_config_path": None,
        "homepage": url,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": f"{url}.git",
    }


def hook_repository(where: Project) -> Json:
    whole = hook_project(where)
    return {name: whole[name] for name in ("name", "url", "description", "homepage", "git_http_url", "git_ssh_url", "visibility_level")}


def hook_request(request: Request) -> Json:
    """The merge request inside a hook about a note; also most of `object_attributes` in a hook about itself."""
    source = hook_project(request.source) if request.source else None
    return {
        "assignee_id": None,
        "author_id": request.author.id,
        "created_at": "2024-02-29 12:00:00 UTC",
        "description": "",
        "draft": request.is_draft,
        "head_pipeline_id": None,
        "id": request.id,
        "iid": request.number,
        "last_edited_at": None,
        "last_edited_by_id": None,
        "merge_commit_sha": None,
        "merge_error": None,
        "merge_params": {"force_remove_source_branch": "1"},
        "merge_status": "can_be_merged",
        "merge_user_id": None,
        "merge_when_pipeline_succeeds": False,
        "milestone_id": None,
        "source_branch": request.branch,
        "source_project_id": request.source.id if request.source else None,
        "state_id": 1,
        "target_branch": "main",
        "target_project_id": request.project.id,
        "time_estimate": 0,
        "title": request.title,
        "updated_at": hook_date(request.updated_at),
        "updated_by_id": None,
        "url": url_of(request),
        "source": source,
        "target": hook_project(request.project),
        "last_commit": hook_commit(request.project, request.sha, request.updated_at),
        "work_in_progress": False,
        "assignee_ids": [],
        "reviewer_ids": [],
        "labels": [],
        "state": STATES[request.state],
        "blocking_discussions_resolved": True,
        "first_contribution": False,
        "detailed_merge_status": "mergeable",
    }


def commit(where: Project, sha: str) -> Json:
    at = datetime.fromtimestamp(where.commits.get(sha, 0.0), UTC).isoformat()
    people = {f"{who}_{what}": "dana@example.com" for who in ("author", "committer") for what in ("name", "email")}
    told = {"id": sha, "short_id": sha[:8], "title": "Make it better", "message": "Make it better", "parent_ids": [], "created_at": at}
    return {**told, **people, "authored_date": at, "committed_date": at, "trailers": {}, "extended_trailers": {}, "web_url": f"{sha}"}


def hook_commit(where: Project, sha: str, at: float) -> Json:
    return {
        "id": sha,
        "message": "Change things\n",
        "title": "Change things",
        "timestamp": iso(at).replace("Z", "+00:00"),
        "url": f"{HOST}/{where.path}/-/commit/{sha}",
        "author": {"name": "Somebody", "email": "[REDACTED]"},
    }


def hook_note(said: Comment, action: str) -> Json:
    return {
        "attachment": None,
        "author_id": said.author.id,
        "change_position": None,
        "commit_id": None,
        "created_at": hook_date(said.created_at),
        "discussion_id": f"{said.id:040x}",
        "id": said.id,
        "internal": False,
        "line_code": None,
        "note": said.body,
        "noteable_id": said.request.id,
        "noteable_type": "MergeRequest",
        "original_position": None,
        "position": None,
        "project_id": said.request.project.id,
        "resolved_at": None,
        "resolved_by_id": None,
        "resolved_by_push": None,
        "st_diff": None,
        "system": False,
        "type": "DiffNote" if said.is_on_line else None,
        "updated_at": hook_date(said.updated_at),
        "updated_by_id": None,
        "description": said.body,
        "url": f"{url_of(said.request)}#note_{said.id}",
        "action": action,
    }


_COMMAND = re.compile(r"/(?:close|reopen|merge|assign|unassign|label|unlabel|approve|draft|ready|title|lock|spend|todo|subscribe)\b")


def quick_actions(body: str) -> list[str]:
    """The lines that GitLab would take as its own commands: at the head of a line, out of fences."""
    found, is_fenced = [], False
    for line in body.splitlines():
        is_fenced ^= line.lstrip().startswith(("```", "~~~"))
        if not is_fenced and _COMMAND.match(line):
            found.append(line)
    return found
