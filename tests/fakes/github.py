"""A stateful GitHub over real HTTP, checked against its official description: pull requests, comments, reactions, rights, webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes import checks, deliveries
from tests.fakes import github_shapes as shapes
from tests.fakes.forge import ZEROS, Comment, Delivery, FakeForge, Project, Request, User, iso
from tests.fakes.github_app import Births, FakeApp
from tests.fakes.hooks import Hooks
from tests.fakes.openapi import describe
from tests.fakes.records import Deployed, Records, Stated, github_deployment, github_deployment_status, github_status
from tests.fakes.server import Answer, Endpoint, HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request as HttpRequest

Json = dict[str, Any]
_LONGEST_BODY = 65_536
_NOT_DESCRIBED = ("/pulls/comments", "%5Bbot%5D", "/conversions")  # what the description that we have leaves out
_ROLES = {"admin": "admin", "write": "write", "read": "read", "none": ""}


def _is_left_out(path: str) -> bool:
    return path.endswith(_NOT_DESCRIBED) or "/compare/" in path or ("/commits/" in path and path.endswith("/pulls"))


class FakeGitHub(FakeForge):
    """Serve it with `with FakeGitHub() as github:`; `github.url` is what the bot is given as `api_url`.

    `is_app`: the bot is an App's, and no token of a person is good. Operations for faults: GET me, project, right, request, comments; POST comment, reaction; EDIT comment; LIST comments, line comments, requests.
    """

    def __init__(
        self, *, secret: str = "hook-secret", token: str = "forge-token", clock: Callable[[], float] = time.time, is_app: bool = False
    ) -> None:
        super().__init__(describe("github.json"), token=token, clock=clock)
        self.secret = secret
        self.not_modified = 0  # how often the answer was that nothing has changed
        self.records = Records(self)
        self.checks = checks.Checks(self, self.records)
        self.webhooks = Hooks(self)
        self.births = Births(self)
        self.app: FakeApp | None = None
        if is_app:
            self.app = FakeApp(self)
            self.bot = self.app.user
            self.tokens.clear()

    pull_request = FakeForge.change_request

    # What people do, and the delivery that tells of it.

    def says(self, request: Request, author: User, body: str, *, is_on_line: bool = False, is_form: bool = False) -> Delivery:
        said = self.add_comment(request, author, body, is_on_line=is_on_line)
        return self._tell_comment("created", said, author, is_form=is_form)

    def edits(self, comment: Comment, body: str) -> Delivery:
        before = comment.body
        self.rewrite(comment, body)
        return self._tell_comment("edited", comment, comment.author, changes={"body": {"from": before}})

    def deletes(self, comment: Comment) -> Delivery:
        comment.is_deleted = True
        return self._tell_comment("deleted", comment, comment.author)

    def tells_comment(self, comment: Comment) -> Delivery:
        """The delivery of a comment that is there already, such as the bot's own."""
        return self._tell_comment("created", comment, comment.author)

    def pushes(self, project: Project, branch: str, sha: str, by: User | None = None) -> Delivery:
        before = self.move_head(project, branch, sha)
        return self._tell_push(project, branch, before, sha, by or self.bot)

    def synchronizes(self, request: Request, before: str) -> Delivery:
        body = {"number": request.number, "before": before, "after": request.sha, "pull_request": shapes.pull(self.url, request)}
        return self._tell("pull_request", request.project, request.author, {"action": "synchronize", **body})

    def closes(self, request: Request, *, is_merged: bool = False) -> Delivery:
        request.state, request.updated_at = "merged" if is_merged else "closed", self.clock()
        body = {"number": request.number, "pull_request": shapes.pull(self.url, request)}
        return self._tell("pull_request", request.project, request.author, {"action": "closed", **body})

    def opens(self, request: Request, action: str = "opened", *, is_draft: bool = False) -> Delivery:
        """`action`: opened, reopened or ready_for_review."""
        request.state, request.updated_at, request.is_draft = "open", self.clock(), is_draft
        body = {"number": request.number, "pull_request": shapes.pull(self.url, request)}
        return self._tell("pull_request", request.project, request.author, {"action": action, **body})

    def deletes_branch(self, project: Project, branch: str, by: User | None = None) -> tuple[Delivery, Delivery]:
        """GitHub tells of it twice: as a push of nothing and as a delete."""
        before = project.heads.pop(branch)
        gone = {"ref": branch, "ref_type": "branch", "pusher_type": "user"}
        return self._tell_push(project, branch, before, ZEROS, by or self.bot), self._tell("delete", project, by or self.bot, gone)

    def pings(self, project: Project) -> Delivery:
        hook = {"type": "Repository", "id": 1, "name": "web", "active": True, "events": ["*"], "config": {"content_type": "json"}}
        return self._tell("ping", project, self.bot, {"zen": "Small steps get there.", "hook_id": 1, "hook": hook})

    def _tell_comment(self, action: str, said: Comment, by: User, *, is_form: bool = False, **more: Any) -> Delivery:
        request = said.request
        if said.is_on_line:
            body = {"comment": shapes.review_comment(self.url, said), "pull_request": shapes.pull(self.url, request)}
            return self._tell("pull_request_review_comment", request.project, by, {"action": action, **body, **more}, said, is_form=is_form)
        body = {"issue": shapes.issue(self.url, request), "comment": shapes.comment(self.url, said)}
        return self._tell("issue_comment", request.project, by, {"action": action, **body, **more}, said, is_form=is_form)

    def _tell_push(self, project: Project, branch: str, before: str, after: str, by: User) -> Delivery:
        person = {"name": by.login, "email": f"{by.login}@forge.example", "username": by.login}
        url = f"https://forge.example/{project.path}"
        change = {
            "id": after,
            "tree_id": before,
            "distinct": True,
            "message": "Change things",
            "timestamp": iso(self.clock()),
            "url": f"{url}/commit/{after}",
            "author": person,
            "committer": person,
            "added": [],
            "removed": [],
            "modified": ["README.md"],
        }
        is_gone = after == ZEROS
        body = {
            "ref": f"refs/heads/{branch}",
            "before": before,
            "after": after,
            "pusher": {"name": by.login, "email": person["email"]},
            "created": before == ZEROS,
            "deleted": is_gone,
            "forced": False,
            "base_ref": None,
            "compare": f"{url}/compare/{before[:12]}...{after[:12]}",
            "commits": [] if is_gone else [change],
            "head_commit": None if is_gone else change,
        }
        return self._tell("push", project, by, body)

    def _tell(
        self, event: str, project: Project, by: User, body: Json, comment: Comment | None = None, *, is_form: bool = False
    ) -> Delivery:
        whole = {**body, "repository": shapes.repository(self.url, project), "sender": shapes.user(self.url, by)}
        content = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        raw = urlencode({"payload": content.decode()}).encode() if is_form else content
        headers = {
            "accept": "*/*",
            "content-type": "application/x-www-form-urlencoded" if is_form else "application/json",
            "user-agent": "GitHub-Hookshot/0123abc",
            "x-github-delivery": str(uuid.uuid4()),
            "x-github-event": event,
            "x-github-hook-id": "1",
            "x-github-hook-installation-target-id": str(project.id),
            "x-github-hook-installation-target-type": "repository",
            "x-hub-signature": "sha1=" + hmac.new(self.secret.encode(), raw, "sha1").hexdigest(),
            "x-hub-signature-256": "sha256=" + hmac.new(self.secret.encode(), raw, hashlib.sha256).hexdigest(),
        }
        return Delivery(headers, raw, comment)

    # What the API does.

    def routes(self) -> list[Route]:
        repo = "/repos/{owner}/{repo}"
        table: list[tuple[str, str, str, Endpoint]] = [
            ("GET", "/user", "GET me", self._me),
            ("GET", repo, "GET project", self._project),
            ("GET", repo + "/collaborators/{login}/permission", "GET right", self._permission),
            ("GET", repo + "/hooks/{hook:int}/deliveries", "LIST deliveries", self._deliveries),
            ("GET", repo + "/hooks/{hook:int}/deliveries/{id:int}", "GET delivery", self._delivery),
            ("GET", "/app/hook/deliveries", "LIST deliveries", self._deliveries),
            ("GET", "/app/hook/deliveries/{id:int}", "GET delivery", self._delivery),
            ("GET", repo + "/pulls", "LIST requests", self._pulls),
            ("GET", repo + "/compare/{between:path}", "GET comparison", self._compare),
            ("GET", repo + "/commits/{sha}/check-runs", "GET checks", self._check_runs),
            ("GET", repo + "/commits/{sha}/status", "GET statuses", self._combined),
            ("GET", repo + "/commits/{sha}/pulls", "GET requests of commit", self._brought),
            ("GET", repo + "/pulls/{number:int}/reviews", "GET reviews", self._reviews),
            ("GET", repo + "/pulls/comments", "LIST line comments", self._list_on_lines),
            ("GET", repo + "/issues/comments", "LIST comments", self._list_all),
            ("GET", repo + "/pulls/{number:int}", "GET request", self._pull),
            ("GET", repo + "/issues/{number:int}/comments", "GET comments", self._list),
            ("POST", repo + "/issues/{number:int}/comments", "POST comment", self._post),
            ("PATCH", repo + "/issues/comments/{id:int}", "EDIT comment", self._edit),
            ("POST", repo + "/issues/comments/{id:int}/reactions", "POST reaction", self._react),
            ("POST", repo + "/pulls/comments/{id:int}/reactions", "POST reaction", self._react_on_line),
            ("POST", repo + "/statuses/{sha}", "POST status", self._status),
            ("GET", repo + "/deployments", "GET deployments", self._deployments),
            ("POST", repo + "/deployments", "POST deployment", self._deploy),
            ("POST", repo + "/deployments/{id:int}/statuses", "POST deployment status", self._deployment_status),
        ]
        table += [("GET", "/users/{login}", "GET user", self._user)]
        table += [*(self.app.routes() if self.app else ()), *self.webhooks.github_routes(self._here), *self.births.routes()]
        return [Route(path, self.endpoint(name, do), methods=[method]) for method, path, name, do in table]

    def is_authorized(self, request: HttpRequest) -> bool:
        if request.url.path.startswith("/app-manifests/"):
            return "authorization" not in request.headers
        return self._caller(request) is not None

    def refuse(self, status: int) -> Any:
        words = {401: "Bad credentials", 403: "Forbidden", 404: "Not Found", 410: "Gone", 422: "Validation Failed"}
        return {"message": words.get(status, "Server Error"), "documentation_url": "https://docs.github.com/rest", "status": str(status)}

    def answer_headers(self, request: HttpRequest) -> dict[str, str]:
        used = len(self.requests)
        reset = str(int(time.time()) + 3600)
        return {
            "date": formatdate(self.clock(), usegmt=True),
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": str(5000 - used),
            "x-ratelimit-reset": reset,
            "x-github-media-type": "github.v3",
        }

    def _check_request(self, method: str, path: str, query: tuple[tuple[str, str], ...], body: Any) -> None:
        if not _is_left_out(path):
            super()._check_request(method, path, query, body)

    def _check_response(self, method: str, path: str, response: Response) -> None:
        if response.status_code == 304 or _is_left_out(path):
            return
        super()._check_response(method, path, response)
        # The description does not know that the repository of a deleted fork is null, nor how a check ends that has not; GitHub says so.
        self.problems = [each for each in self.problems if "head/repo: None" not in each and "/conclusion: None" not in each]

    def _caller(self, request: HttpRequest) -> User | None:
        if self.app:
            return self.app.who(request)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens.get(token) if kind.lower() in ("bearer", "token") else None

    def _here(self, request: HttpRequest) -> Project:
        path = f"{request.path_params['owner']}/{request.path_params['repo']}"
        if self.app and not self.app.sees(request, path):
            raise HttpError(404, None)
        return self.project_at(path)

    def _me(self, request: HttpRequest, body: Any) -> Answer:
        caller = self._caller(request)
        assert caller is not None
        if self.app:
            raise HttpError(403, {**self.refuse(403), "message": "Resource not accessible by integration"})
        return 200, shapes.account(self.url, caller)

    def _user(self, request: HttpRequest, body: Any) -> Answer:
        for person in self.users:
            if person.login.lower() == request.path_params["login"].lower():
                return 200, shapes.account(self.url, person)
        raise HttpError(404, None)

    def _project(self, request: HttpRequest, body: Any) -> Answer:
        counts = {"network_count": 0, "subscribers_count": 0}
        return 200, {**shapes.repository(self.url, self._here(request)), **counts}

    def _permission(self, request: HttpRequest, body: Any) -> Answer:
        project = self._here(request)
        for person in self.users:
            if person.login.lower() == request.path_params["login"].lower():
                right = person.right_in(project)
                user = {**shapes.user(self.url, person), "role_name": _ROLES[right], "user_view_type": "public"}
                return 200, {"permission": right, "user": user, "role_name": _ROLES[right]}
        raise HttpError(404, {**self.refuse(404), "message": f"{request.path_params['login']} is not a user"})

    def _pull(self, request: HttpRequest, body: Any) -> Answer:
        return 200, shapes.pull(self.url, self.request_of(self._here(request), request.path_params["number"]))

    def _compare(self, request: HttpRequest, body: Any) -> Answer:
        """Of a branch and a commit: both have the first commit of the default branch in common at least."""
        project = self._here(request)
        branch, _, sha = request.path_params["between"].partition("...")
        if branch not in project.heads or sha not in project.commits:
            raise HttpError(404, None)
        is_merged = sha in project.merged
        head = project.heads[branch]
        base = sha if is_merged else next(iter(project.commits))
        status = "identical" if sha == head else "behind" if is_merged else "diverged"
        counts = {"ahead_by": 0 if is_merged else 1, "behind_by": 0 if sha == head else 1, "total_commits": 0 if is_merged else 1}
        both = {"base_commit": shapes.commit(self.url, project, head), "merge_base_commit": shapes.commit(self.url, project, base)}
        shown = [] if is_merged else [shapes.commit(self.url, project, sha)]
        return 200, {"status": status, **counts, **both, "commits": shown, "files": []}

    def _check_runs(self, request: HttpRequest, body: Any) -> Answer:
        runs = self.checks.github_runs(self.url, self._here(request), request.path_params["sha"])
        return 200, {"total_count": len(runs), "check_runs": self._page_of(request, runs)}

    def _combined(self, request: HttpRequest, body: Any) -> Answer:
        found = self.checks.github_combined(self.url, self._here(request), request.path_params["sha"])
        return 200, {**found, "statuses": self._page_of(request, found["statuses"])}

    def _brought(self, request: HttpRequest, body: Any) -> Answer:
        there = checks.brought(self, self._here(request), request.path_params["sha"])
        return 200, self._page_of(request, [shapes.pull(self.url, each) for each in there])

    def _reviews(self, request: HttpRequest, body: Any) -> Answer:
        there = self.request_of(self._here(request), request.path_params["number"])
        shown = [checks.github_review(self.url, there, number, *each) for number, each in enumerate(there.reviews, 1)]
        return 200, self._page_of(request, shown)

    def _page_of(self, request: HttpRequest, whole: list[Json]) -> list[Json]:
        page, size = int(request.query_params.get("page", 1)), int(request.query_params.get("per_page", 30))
        return whole[(page - 1) * size : page * size]

    def _list(self, request: HttpRequest, body: Any) -> Response:
        comments = self.comments(self.request_of(self._here(request), request.path_params["number"]))
        return self._paged(request, [shapes.comment(self.url, each) for each in comments])

    def _list_all(self, request: HttpRequest, body: Any) -> Response:
        return self._listed(request, is_on_line=False)

    def _list_on_lines(self, request: HttpRequest, body: Any) -> Response:
        return self._listed(request, is_on_line=True)

    def _listed(self, request: HttpRequest, *, is_on_line: bool) -> Response:
        """All comments of a repository that were made or edited since."""
        project, query = self._here(request), request.query_params
        there = [each for each in self._comments if each.request.project is project and each.is_on_line == is_on_line]
        there = [each for each in there if not each.is_deleted and iso(each.updated_at) >= query.get("since", "")]
        there.sort(key=lambda each: (each.updated_at, each.id), reverse=query.get("direction") == "desc")
        draw = shapes.review_comment if is_on_line else shapes.comment
        return self._paged(request, [draw(self.url, each) for each in there])

    def _pulls(self, request: HttpRequest, body: Any) -> Response:
        project, query = self._here(request), request.query_params
        there = [each for each in self.requests_open if each.project is project]
        there = [each for each in there if query.get("state", "open") in ("all", "open" if each.state == "open" else "closed")]
        there.sort(key=lambda each: (each.updated_at, each.id), reverse=query.get("direction") == "desc")
        return self._paged(request, [shapes.pull(self.url, each) for each in there])

    def _deliveries(self, request: HttpRequest, body: Any) -> Response:
        """Newest first, of a repository or of all that the App sees; the cursor is where the page begins."""
        known = self.sent_since(deliveries.KEPT_S["github"])
        if "repo" in request.path_params:
            known = [each for each in known if each.payload["repository"]["id"] == self._here(request).id]
        here = known
        begin, size = int(request.query_params.get("cursor", "v1_0")[3:]), int(request.query_params.get("per_page", 30))
        url = f"{self.url}{request.url.path}?per_page={size}&cursor=v1_{begin + size}"
        link = {"link": f'<{url}>; rel="next"'} if begin + size < len(here) else {}
        shown = [deliveries.github_sent(each) for each in here[begin : begin + size]]
        return JSONResponse(shown, 200, {**self.answer_headers(request), **link})

    def _delivery(self, request: HttpRequest, body: Any) -> Answer:
        for each in self.sent_since(deliveries.KEPT_S["github"]):
            if each.id == request.path_params["id"]:
                return 200, deliveries.github_detail(each)
        raise HttpError(404, None)

    def _paged(self, request: HttpRequest, whole: list[Json]) -> Response:
        """A page with its links and its tag; nothing but a 304 for who has it already, which counts against no limit."""
        page, size = int(request.query_params.get("page", 1)), min(100, int(request.query_params.get("per_page", 30)))
        last = max(1, -(-len(whole) // size))
        near = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = [name for name, there in near.items() if 1 <= there <= last and there != page]
        url = f"{self.url}{request.url.path}?per_page={size}&page="
        link = {"link": ", ".join(f'<{url}{near[name]}>; rel="{name}"' for name in wanted)} if wanted else {}
        shown = JSONResponse(whole[(page - 1) * size : page * size], 200, {**self.answer_headers(request), **link})
        shown.headers["etag"] = f'W/"{hashlib.sha256(bytes(shown.body)).hexdigest()}"'
        if request.headers.get("if-none-match") == shown.headers["etag"]:
            self.not_modified += 1
            return Response(status_code=304, headers={"etag": shown.headers["etag"]})
        return shown

    def _post(self, request: HttpRequest, body: Any) -> Answer:
        there = self.request_of(self._here(request), request.path_params["number"])
        caller = self._caller(request)
        assert caller is not None
        if there.is_locked:
            raise HttpError(403, {**self.refuse(403), "message": "Unable to create comment because issue is locked."})
        return 201, shapes.comment(self.url, self.add_comment(there, caller, self._body(body)))

    def _edit(self, request: HttpRequest, body: Any) -> Answer:
        comment = self.comment_of(self._here(request), request.path_params["id"])
        if comment.author is not self._caller(request):
            raise HttpError(403, None)
        self.rewrite(comment, self._body(body))
        return 200, shapes.comment(self.url, comment)

    def _body(self, body: Any) -> str:
        text = body.get("body") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_BODY:
            raise HttpError(422, {**self.refuse(422), "errors": [{"resource": "IssueComment", "code": "unprocessable", "field": "data"}]})
        return text

    def _react(self, request: HttpRequest, body: Any) -> Answer:
        return self._reaction(request, self.comment_of(self._here(request), request.path_params["id"]), body["content"])

    def _react_on_line(self, request: HttpRequest, body: Any) -> Answer:
        return self._reaction(request, self.comment_of(self._here(request), request.path_params["id"], is_on_line=True), body["content"])

    def _reaction(self, request: HttpRequest, comment: Comment, content: str) -> Answer:
        caller = self._caller(request)
        assert caller is not None
        sign = (caller.login, content)
        is_there = sign in comment.reactions
        if not is_there:
            comment.reactions.append(sign)
        number = comment.id * 10 + comment.reactions.index(sign)
        made = {"id": number, "node_id": shapes.node("Reaction", number), "user": shapes.user(self.url, caller), "content": content}
        return 200 if is_there else 201, {**made, "created_at": iso(self.clock())}

    def _status(self, request: HttpRequest, body: Any) -> Answer:
        self._here(request)
        caller = self._caller(request)
        assert caller is not None
        if len(body.get("description", "")) > 140:
            raise HttpError(422, None)
        stated = Stated(request.path_params["sha"], body["context"], body["state"], body.get("description", ""), body.get("target_url", ""))
        self.records.statuses.append(stated)
        return 201, github_status(self.url, caller, self.records.next_id(), stated, self.clock())

    def _deployments(self, request: HttpRequest, body: Any) -> Answer:
        here, query = self._here(request), request.query_params
        wanted = {"ref": query.get("sha"), "environment": query.get("environment"), "task": query.get("task")}
        found = [
            each
            for each in reversed(self.records.deployments)
            if each.project is here and all(value is None or each.body[name] == value for name, value in wanted.items())
        ]
        return 200, [github_deployment(self.url, self.bot, each, self.clock()) for each in found]

    def _deploy(self, request: HttpRequest, body: Any) -> Answer:
        made = Deployed(self.records.next_id(), self._here(request), body)
        self.records.deployments.append(made)
        return 201, github_deployment(self.url, self.bot, made, self.clock())

    def _deployment_status(self, request: HttpRequest, body: Any) -> Answer:
        found = self.records.deployed(request.path_params["id"])
        found.states.append(body)
        return 201, github_deployment_status(self.url, self.bot, self.records.next_id(), found, self.clock())
