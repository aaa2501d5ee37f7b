"""GitHub's objects as its API and its webhooks write them."""

from __future__ import annotations

import base64
from typing import Any

from tests.fakes.forge import Comment, Project, Request, User, iso

Json = dict[str, Any]
_BIRTH = "2024-02-29T12:00:00Z"
_USER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
_REPOSITORY_LINKS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def node(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def user(api: str, person: User) -> Json:
    url = f"{api}/users/{person.login}"
    return {
        "login": person.login,
        "id": person.id,
        "node_id": node("User", person.id),
        "avatar_url": f"https://avatars.example/u/{person.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://forge.example/{person.login}",
        **{name: f"{url}/{rest}" for name, rest in _USER_LINKS.items()},
        "type": person.kind,
        "site_admin": False,
    }


def account(api: str, person: User) -> Json:
    """The answer of `GET /user` as a token without the scope `user` gets it."""
    unknown = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": _BIRTH, "updated_at": _BIRTH}
    return {**user(api, person), "user_view_type": "public", **unknown, **counts, **dates}


def repository(api: str, project: Project) -> Json:
    url, html = f"{api}/repos/{project.path}", f"https://forge.example/{project.path}"
    owner = User(project.id * 10, project.owner, kind="Organization")
    counts = ("size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count", "forks", "open_issues", "watchers")
    flags = (
        "has_projects",
        "has_wiki",
        "has_pages",
        "has_discussions",
        "archived",
        "disabled",
        "is_template",
        "web_commit_signoff_required",
    )
    return {
        "id": project.id,
        "node_id": node("Repository", project.id),
        "name": project.name,
        "full_name": project.path,
        "private": True,
        "owner": user(api, owner),
        "html_url": html,
        "description": None,
        "fork": False,
        "url": url,
        **{name: url + rest for name, rest in _REPOSITORY_LINKS.items()},
        "created_at": _BIRTH,
        "updated_at": _BIRTH,
        "pushed_at": _BIRTH,
        "git_url": f"git://forge.example/{project.path}.git",
        "ssh_url": f"git@forge.example:{project.path}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "homepage": None,
        "language": "Python",
        "mirror_url": None,
        "license": None,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(flags, False),
        "has_issues": True,
        "has_downloads": True,
        "allow_forking": True,
        "topics": [],
        "visibility": "private",
        "default_branch": "main",
    }


def comment(api: str, said: Comment) -> Json:
    request = said.request
    url = f"{api}/repos/{request.project.path}/issues/comments/{said.id}"
    return {
        "url": url,
        "html_url": f"{_html(request)}#issuecomment-{said.id}",
        "issue_url": f"{api}/repos/{request.project.path}/issues/{request.number}",
        "id": said.id,
        "node_id": node("IssueComment", said.id),
        "user": user(api, said.author),
        "created_at": iso(said.created_at),
        "updated_at": iso(said.updated_at),
        "author_association": _association(said.author, request),
        "body": said.body,
        "reactions": rollup(url, said),
        "performed_via_github_app": None,
    }


def review_comment(api: str, said: Comment) -> Json:
    request = said.request
    url = f"{api}/repos/{request.project.path}/pulls/comments/{said.id}"
    pull_url, html = f"{api}/repos/{request.project.path}/pulls/{request.number}", f"{_html(request)}#discussion_r{said.id}"
    return {
        "url": url,
        "pull_request_review_id": said.id + 1,
        "id": said.id,
        "node_id": node("PullRequestReviewComment", said.id),
        "diff_hunk": "@@ -0,0 +1 @@\n+hello",
        "path": "README.md",
        "position": 1,
        "original_position": 1,
        "commit_id": request.sha,
        "original_commit_id": request.sha,
        "user": user(api, said.author),
        "body": said.body,
        "created_at": iso(said.created_at),
        "updated_at": iso(said.updated_at),
        "html_url": html,
        "pull_request_url": pull_url,
        "author_association": _association(said.author, request),
        "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull_url}},
        "reactions": rollup(url, said),
        **dict.fromkeys(("start_line", "original_start_line", "start_side")),
        "line": 1,
        "original_line": 1,
        "side": "RIGHT",
        "subject_type": "line",
    }


def rollup(url: str, said: Comment) -> Json:
    contents = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    signs = [sign for _, sign in said.reactions]
    return {"url": f"{url}/reactions", "total_count": len(signs), **{each: signs.count(each) for each in contents}}


def issue(api: str, request: Request) -> Json:
    """The pull request as the issue it also is."""
    url = f"{api}/repos/{request.project.path}/issues/{request.number}"
    pull_url = f"{api}/repos/{request.project.path}/pulls/{request.number}"
    return {
        "url": url,
        "repository_url": f"{api}/repos/{request.project.path}",
        **{f"{each}_url": f"{url}/{each}" for each in ("comments", "events", "timeline")},
        "labels_url": f"{url}/labels{{/name}}",
        "html_url": _html(request),
        **_both(api, request),
        "id": request.id + 1,
        "node_id": node("PullRequest", request.id),
        "comments": 1,
        "state_reason": None,
        "performed_via_github_app": None,
        "pull_request": {
            "url": pull_url,
            "html_url": _html(request),
            "diff_url": f"{_html(request)}.diff",
            "patch_url": f"{_html(request)}.patch",
            "merged_at": None,
        },
    }


def pull(api: str, request: Request) -> Json:
    url = f"{api}/repos/{request.project.path}/pulls/{request.number}"
    issue_url = f"{api}/repos/{request.project.path}/issues/{request.number}"
    links = {
        "self": url,
        "html": _html(request),
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/repos/{request.project.path}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/repos/{request.project.path}/statuses/{request.sha}",
    }
    is_merged = request.state == "merged"
    return {
        "url": url,
        "id": request.id,
        "node_id": node("PullRequest", request.id),
        "html_url": _html(request),
        "diff_url": f"{_html(request)}.diff",
        "patch_url": f"{_html(request)}.patch",
        "issue_url": issue_url,
        **_both(api, request),
        "merged_at": iso(request.updated_at) if is_merged else None,
        "merge_commit_sha": request.sha if is_merged else None,
        "requested_reviewers": [],
        "requested_teams": [],
        **{f"{name}_url": links[name] for name in ("commits", "review_comments", "review_comment", "comments", "statuses")},
        "head": _side(api, request.branch, request.sha, request.source),
        "base": _side(api, "main", request.project.heads["main"], request.project),
        "_links": {name: {"href": link} for name, link in links.items()},
        "auto_merge": None,
        "merged": is_merged,
        "mergeable": True,
        "rebaseable": True,
        "mergeable_state": "clean",
        "merged_by": user(api, request.author) if is_merged else None,
        "maintainer_can_modify": False,
        **dict.fromkeys(("comments", "review_comments", "deletions"), 0),
        **dict.fromkeys(("commits", "additions", "changed_files"), 1),
    }


def commit(api: str, project: Project, sha: str) -> Json:
    at = {"name": "Dana", "email": "dana@example.com", "date": iso(project.commits.get(sha, 0.0))}
    url = f"{api}/repos/{project.path}/commits/{sha}"
    told = {"author": at, "committer": at, "message": "Make it better", "tree": {"sha": sha, "url": url}, "url": url, "comment_count": 0}
    return {"url": url, "sha": sha, "node_id": node("C", 1), "commit": told, "author": None, "committer": None, "parents": []}


def _both(api: str, request: Request) -> Json:
    """What GitHub says of a pull request, whether as one or as an issue."""
    return {
        "number": request.number,
        "state": "open" if request.state == "open" else "closed",
        "locked": request.is_locked,
        "title": request.title,
        "user": user(api, request.author),
        "body": None,
        "labels": [],
        "created_at": iso(request.created_at),
        "updated_at": iso(request.updated_at),
        "closed_at": None if request.state == "open" else iso(request.updated_at),
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "draft": request.is_draft,
        "author_association": _association(request.author, request),
        "active_lock_reason": None,
    }


def _side(api: str, branch: str, sha: str, project: Project | None) -> Json:
    owner = User(project.id * 10, project.owner, kind="Organization") if project else User(10137, "ghost")
    repo = repository(api, project) if project else None
    return {"label": f"{owner.login}:{branch}", "ref": branch, "sha": sha, "user": user(api, owner), "repo": repo}


def _association(person: User, request: Request) -> str:
    return "MEMBER" if person.right_in(request.project) in ("write", "admin") else "NONE"


def _html(request: Request) -> str:
    return f"https://forge.example/{request.project.path}/pull/{request.number}"
