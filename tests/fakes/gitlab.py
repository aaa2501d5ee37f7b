"""A stateful GitLab over real HTTP, checked against its description: merge requests, notes, award emoji, members, webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes import checks, deliveries
from tests.fakes import gitlab_shapes as shapes
from tests.fakes.forge import ZEROS, Comment, Delivery, FakeForge, Project, Request, User, iso
from tests.fakes.hooks import Hooks
from tests.fakes.openapi import describe
from tests.fakes.records import Deployed, Place, Records, Stated, gitlab_deployment, gitlab_place, gitlab_status
from tests.fakes.server import Answer, Endpoint, HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request as HttpRequest

Json = dict[str, Any]
_NOT_DESCRIBED = ("/repository/merge_base", "/pipelines")  # what the description that we have leaves out
_LONGEST_BODY = 1_000_000
_TOUCH_S = 60.0
_SIGNING_SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ....").decode()


def _is_left_out(path: str) -> bool:
    return path.endswith(_NOT_DESCRIBED) or ("/commits/" in path and path.endswith("/merge_requests"))


class FakeGitLab(FakeForge):
    """Serve it with `with FakeGitLab() as gitlab:`; `gitlab.url` is what the bot is given as `url`.

    Its webhooks bear the token, the signature or both: whichever of `secret` and `signing_secret` is not empty.
    Operations for faults: GET me, GET project, GET right, GET request, GET comments, POST comment, EDIT comment, POST reaction.
    """

    def __init__(
        self,
        *,
        secret: str = "hook-token",
        signing_secret: str = _SIGNING_SECRET,
        token: str = "forge-token",
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(describe("gitlab.yaml"), token=token, clock=clock)
        self.secret = secret
        self.signing_secret = signing_secret
        self.webhooks = Hooks(self)
        self.signing_clock = clock  # what the receiver's own clock judges
        self.records = Records(self)
        self.checks = checks.Checks(self, self.records)
        self.quick_actions: list[str] = []  # what the bot's notes made GitLab do

    merge_request = FakeForge.change_request

    # What people do, and the delivery that tells of it.

    def says(self, request: Request, author: User, body: str, *, is_on_line: bool = False, is_internal: bool = False) -> Delivery:
        said = self.add_comment(request, author, body, is_on_line=is_on_line)
        return self._tell_note("create", said, is_internal=is_internal)

    def edits(self, comment: Comment, body: str) -> Delivery:
        self.rewrite(comment, body)
        return self._tell_note("update", comment)

    def tells_comment(self, comment: Comment) -> Delivery:
        """The delivery of a note that is there already, such as the bot's own."""
        return self._tell_note("create", comment)

    def pushes(self, project: Project, branch: str, sha: str, by: User | None = None) -> Delivery:
        before = self.move_head(project, branch, sha)
        return self._tell_push(project, branch, before, sha, by or self.bot)

    def synchronizes(self, request: Request, before: str) -> Delivery:
        return self._tell_request(request, "update", oldrev=before)

    def closes(self, request: Request, *, is_merged: bool = False) -> Delivery:
        request.state, request.updated_at = "merged" if is_merged else "closed", self.clock()
        return self._tell_request(request, "merge" if is_merged else "close")

    def opens(self, request: Request, action: str = "open", *, is_draft: bool = False, by: User | None = None) -> Delivery:
        """`action`: open, reopen or update, where it was a draft before; by its author, unless told otherwise."""
        request.state, request.updated_at, request.is_draft = "open", self.clock(), is_draft
        changes = {"draft": {"previous": True, "current": False}} if action == "update" else {}
        return self._tell_request(request, action, changes, by=by)

    def deletes_branch(self, project: Project, branch: str, by: User | None = None) -> tuple[Delivery, ...]:
        before = project.heads.pop(branch)
        return (self._tell_push(project, branch, before, ZEROS, by or self.bot),)

    def _tell_note(self, action: str, said: Comment, *, is_internal: bool = False) -> Delivery:
        request = said.request
        body = {
            "object_kind": "note",
            "event_type": "confidential_note" if is_internal else "note",
            "user": shapes.hook_user(said.author),
            "project_id": request.project.id,
            "project": shapes.hook_project(request.project),
            "object_attributes": {**shapes.hook_note(said, action), "internal": is_internal},
            "repository": shapes.hook_repository(request.project),
            "merge_request": shapes.hook_request(request),
        }
        return self._tell("Confidential Note Hook" if is_internal else "Note Hook", body, said)

    def _tell_request(self, request: Request, action: str, changes: Json | None = None, by: User | None = None, **more: Any) -> Delivery:
        body = {
            "object_kind": "merge_request",
            "event_type": "merge_request",
            "user": shapes.hook_user(by or request.author),
            "project": shapes.hook_project(request.project),
            "object_attributes": {**shapes.hook_request(request), "action": action, **more},
            "labels": [],
            "changes": {"updated_at": {"previous": None, "current": shapes.hook_date(request.updated_at)}, **(changes or {})},
            "repository": shapes.hook_repository(request.project),
        }
        return self._tell("Merge Request Hook", body)

    def _tell_push(self, project: Project, branch: str, before: str, after: str, by: User) -> Delivery:
        is_gone = after == ZEROS
        change = {**shapes.hook_commit(project, after, self.clock()), "added": [], "modified": ["README.md"], "removed": []}
        body = {
            "object_kind": "push",
            "event_name": "push",
            "before": before,
            "after": after,
            "ref": f"refs/heads/{branch}",
            "ref_protected": False,
            "checkout_sha": None if is_gone else after,
            "message": None,
            "user_id": by.id,
            "user_name": by.login.title(),
            "user_username": by.login,
            "user_email": "",
            "user_avatar": None,
            "project_id": project.id,
            "project": shapes.hook_project(project),
            "commits": [] if is_gone else [change],
            "total_commits_count": 0 if is_gone else 1,
            "push_options": {},
            "repository": shapes.hook_repository(project),
        }
        return self._tell("Push Hook", body)

    def _tell(self, event: str, body: Json, comment: Comment | None = None) -> Delivery:
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        identity = str(uuid.uuid4())
        headers = {
            "content-type": "application/json",
            "user-agent": "GitLab/19.1.0",
            "idempotency-key": identity,
            "x-gitlab-event": event,
            "x-gitlab-webhook-uuid": str(uuid.uuid4()),
            "x-gitlab-instance": shapes.HOST,
            "x-gitlab-event-uuid": str(uuid.uuid4()),
        }
        if self.secret:
            headers["x-gitlab-token"] = self.secret
        if self.signing_secret:
            headers |= self._signature(identity, raw)
        return Delivery(headers, raw, comment)

    def _signature(self, identity: str, raw: bytes) -> dict[str, str]:
        timestamp = str(int(self.signing_clock()))
        key = base64.b64decode(self.signing_secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{identity}.{timestamp}.".encode() + raw, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(mac).decode()
        return {"webhook-id": identity, "webhook-timestamp": timestamp, "webhook-signature": signature}

    # What the API does.

    def _check_request(self, method: str, path: str, query: tuple[tuple[str, str], ...], body: Any) -> None:
        """The client that the bot uses sends an empty body where none is wanted."""
        if not _is_left_out(path):
            super()._check_request(method, path, query, None if "/test/" in path and body == {} else body)

    def routes(self) -> list[Route]:
        project = "/api/v4/projects/{project:int}"
        request = project + "/merge_requests/{number:int}"
        table: list[tuple[str, str, str, Endpoint]] = [
            ("GET", "/api/v4/user", "GET me", self._me),
            ("GET", project, "GET project", self._project),
            ("GET", project + "/members/all/{user:int}", "GET right", self._member),
            ("GET", project + "/hooks/{hook:int}/events", "LIST deliveries", self._events),
            ("GET", project + "/merge_requests", "LIST requests", self._requests),
            ("GET", project + "/repository/merge_base", "GET comparison", self._merge_base),
            ("GET", project + "/members/all", "GET members", self._members),
            ("GET", project + "/pipelines", "GET pipelines", self._pipelines),
            ("GET", project + "/repository/commits/{sha}/statuses", "GET statuses", self._jobs),
            ("GET", project + "/repository/commits/{sha}/merge_requests", "GET requests of commit", self._brought),
            ("GET", request + "/approvals", "GET approvals", self._approvals),
            ("GET", request, "GET request", self._request),
            ("GET", request + "/notes", "GET comments", self._list),
            ("POST", request + "/notes", "POST comment", self._post),
            ("PUT", request + "/notes/{id:int}", "EDIT comment", self._edit),
            ("POST", request + "/notes/{id:int}/award_emoji", "POST reaction", self._award),
            ("POST", project + "/statuses/{sha}", "POST status", self._status),
            ("GET", project + "/environments", "GET environments", self._places),
            ("POST", project + "/environments", "POST environment", self._make_place),
            ("PUT", project + "/environments/{id:int}", "PUT environment", self._change_place),
            ("POST", project + "/environments/{id:int}/stop", "STOP environment", self._stop_place),
            ("POST", project + "/deployments", "POST deployment", self._deploy),
            ("PUT", project + "/deployments/{id:int}", "PUT deployment", self._change_deployment),
            *self.webhooks.gitlab_routes(self._here),
        ]
        return [Route(path, self.endpoint(name, do), methods=[method]) for method, path, name, do in table]

    def is_authorized(self, request: HttpRequest) -> bool:
        return request.headers.get("private-token") in self.tokens

    def refuse(self, status: int) -> Any:
        words = {401: "Unauthorized", 403: "Forbidden", 404: "Not found", 429: "Too Many Requests"}
        return {"message": f"{status} {words.get(status, 'Error')}"}

    def answer_headers(self, request: HttpRequest) -> dict[str, str]:
        return {"ratelimit-limit": "2000", "ratelimit-remaining": str(2000 - len(self.requests)), "x-request-id": str(uuid.uuid4())}

    def _check_response(self, method: str, path: str, response: Response) -> None:
        if not _is_left_out(path):
            super()._check_response(method, path, response)
        # The description takes the list of merge requests, and of approvals, for one of them.
        self.problems = [
            each for each in self.problems if "/merge_requests → 200: : [" not in each and "/approvals → 200: approved_by" not in each
        ]

    def _caller(self, request: HttpRequest) -> User:
        return self.tokens[request.headers["private-token"]]

    def _here(self, request: HttpRequest) -> Project:
        for each in self.projects:
            if each.id == request.path_params["project"]:
                return each
        raise HttpError(404, {"message": "404 Project Not Found"})

    def _there(self, request: HttpRequest) -> Request:
        return self.request_of(self._here(request), request.path_params["number"])

    def _noted(self, request: HttpRequest) -> Comment:
        for is_on_line in (False, True):
            try:
                return self.comment_of(self._here(request), request.path_params["id"], is_on_line=is_on_line)
            except HttpError:
                continue
        raise HttpError(404, {"message": "404 Not found"})

    def _me(self, request: HttpRequest, body: Any) -> Answer:
        return 200, shapes.account(self._caller(request))

    def _project(self, request: HttpRequest, body: Any) -> Answer:
        return 200, shapes.project(self._here(request))

    def _members(self, request: HttpRequest, body: Any) -> Answer:
        project, word = self._here(request), request.query_params.get("query", "").lower()
        there = [each for each in self.users if each.right_in(project) != "none" and word in each.login.lower()]
        return 200, [shapes.member(each, each.right_in(project)) for each in there]

    def _member(self, request: HttpRequest, body: Any) -> Answer:
        project = self._here(request)
        for person in self.users:
            if person.id == request.path_params["user"] and person.right_in(project) != "none":
                return 200, shapes.member(person, person.right_in(project))
        raise HttpError(404, {"message": "404 Not found"})

    def _request(self, request: HttpRequest, body: Any) -> Answer:
        return 200, shapes.merge_request(self._there(request))

    def _merge_base(self, request: HttpRequest, body: Any) -> Answer:
        project = self._here(request)
        branch, sha = request.query_params.getlist("refs[]")
        unknown = [each for each in (branch, sha) if each not in project.heads and each not in project.commits]
        if unknown:
            raise HttpError(400, {"message": f"400 Bad request - Could not find ref{'s' * (len(unknown) > 1)}: {', '.join(unknown)}"})
        return 200, shapes.commit(project, sha if sha in project.merged else next(iter(project.commits)))

    def _pipelines(self, request: HttpRequest, body: Any) -> Response:
        self._here(request)
        return self._paged(request, self.checks.gitlab_pipelines(request.query_params["sha"]))

    def _jobs(self, request: HttpRequest, body: Any) -> Response:
        self._here(request)
        return self._paged(request, self.checks.gitlab_jobs(request.path_params["sha"]))

    def _brought(self, request: HttpRequest, body: Any) -> Response:
        there = checks.brought(self, self._here(request), request.path_params["sha"])
        return self._paged(request, [shapes.merge_request(each) for each in there])

    def _approvals(self, request: HttpRequest, body: Any) -> Answer:
        there = self._there(request)
        by = [{"user": shapes.person(each), "approved_at": iso(self.clock())} for each in checks.approvers_of(there)]
        return 200, {"user_has_approved": False, "user_can_approve": False, "approved": bool(by), "approved_by": by}

    def _list(self, request: HttpRequest, body: Any) -> Response:
        there, query = self._there(request), request.query_params
        notes = [each for each in self._comments if each.request is there and not each.is_deleted]
        by = "updated_at" if query.get("order_by") == "updated_at" else "created_at"
        notes.sort(key=lambda each: (getattr(each, by), each.id), reverse=query.get("sort", "desc") == "desc")
        return self._paged(request, [shapes.note(each) for each in notes])

    def _requests(self, request: HttpRequest, body: Any) -> Response:
        project, query = self._here(request), request.query_params
        there = [each for each in self.requests_open if each.project is project and iso(each.updated_at) >= query.get("updated_after", "")]
        there.sort(key=lambda each: (each.updated_at, each.id), reverse=query.get("sort", "desc") == "desc")
        return self._paged(request, [shapes.merge_request(each, self._count(each)) for each in there])

    def _events(self, request: HttpRequest, body: Any) -> Response:
        here = self._here(request).id
        known = self.sent_since(deliveries.KEPT_S["gitlab"])
        return self._paged(request, [deliveries.gitlab_event(each) for each in known if each.payload["project"]["id"] == here])

    def _count(self, request: Request) -> int:
        return len([each for each in self._comments if each.request is request and not each.is_deleted])

    def _paged(self, request: HttpRequest, whole: list[Json]) -> Response:
        page, size = int(request.query_params.get("page", 1)), min(100, int(request.query_params.get("per_page", 20)))
        last = max(1, -(-len(whole) // size))
        headers = {"x-page": str(page), "x-per-page": str(size), "x-total": str(len(whole)), "x-total-pages": str(last)}
        headers["x-next-page"] = str(page + 1) if page < last else ""
        if page < last:
            headers["link"] = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"'
        return JSONResponse(whole[(page - 1) * size : page * size], 200, {**self.answer_headers(request), **headers})

    def add_comment(self, request: Request, author: User, body: str, *, is_on_line: bool = False) -> Comment:
        """A note touches its merge request, but not twice within a minute."""
        if self.clock() - request.updated_at > _TOUCH_S:
            request.updated_at = self.clock()
        return super().add_comment(request, author, body, is_on_line=is_on_line)

    def _post(self, request: HttpRequest, body: Any) -> Answer:
        there, caller = self._there(request), self._caller(request)
        if there.is_locked and caller.right_in(there.project) == "none":
            raise HttpError(403, None)
        return 201, shapes.note(self.add_comment(there, caller, self._body(body)))

    def _edit(self, request: HttpRequest, body: Any) -> Answer:
        comment = self._noted(request)
        if comment.author is not self._caller(request):
            raise HttpError(403, None)
        self.rewrite(comment, self._body(body))
        return 200, shapes.note(comment)

    def _body(self, body: Any) -> str:
        text = body.get("body") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_BODY:
            raise HttpError(400, {"message": '400 Bad request - Note {:note=>["can\'t be blank"]}'})
        self.quick_actions += shapes.quick_actions(text)
        return text

    def _award(self, request: HttpRequest, body: Any) -> Answer:
        comment, caller = self._noted(request), self._caller(request)
        sign = (caller.login, body["name"])
        if sign in comment.reactions:
            raise HttpError(404, {"message": "404 Award Emoji Name has already been taken Not Found"})
        comment.reactions.append(sign)
        comment.updated_at = self.clock()
        return 201, shapes.award(comment, caller, body["name"], self.clock())

    def _status(self, request: HttpRequest, body: Any) -> Answer:
        self._here(request)
        sha, records = request.path_params["sha"], self.records
        before = next((each for each in reversed(records.statuses) if (each.sha, each.name) == (sha, body["name"])), None)
        if before and before.state == body["state"] == "running":
            words = f'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "{body["state"]}")'
            raise HttpError(400, {"message": words})
        stated = Stated(sha, body["name"], body["state"], body.get("description", ""), body.get("target_url", ""))
        records.statuses.append(stated)
        return 201, gitlab_status(self._caller(request), records.next_id(), stated, self.clock())

    def _places(self, request: HttpRequest, body: Any) -> Answer:
        self._here(request)
        name = request.query_params.get("name")
        return 200, [gitlab_place(each, self.clock()) for each in self.records.places if name in {None, each.name}]

    def _make_place(self, request: HttpRequest, body: Any) -> Answer:
        self._here(request)
        if any(each.name == body["name"] for each in self.records.places):
            raise HttpError(400, {"message": {"name": ["has already been taken"]}})
        made = Place(self.records.next_id(), body["name"], body.get("external_url"))
        self.records.places.append(made)
        return 201, gitlab_place(made, self.clock())

    def _change_place(self, request: HttpRequest, body: Any) -> Answer:
        found = self.records.place(request.path_params["id"])
        found.url = body.get("external_url", found.url)
        return 200, gitlab_place(found, self.clock())

    def _stop_place(self, request: HttpRequest, body: Any) -> Answer:
        found = self.records.place(request.path_params["id"])
        found.state = "stopped"
        return 201, gitlab_place(found, self.clock())

    def _deploy(self, request: HttpRequest, body: Any) -> Answer:
        made = Deployed(self.records.next_id(), self._here(request), body, [{"state": body["status"]}])
        self.records.deployments.append(made)
        return 201, gitlab_deployment(self._caller(request), made, self.clock())

    def _change_deployment(self, request: HttpRequest, body: Any) -> Answer:
        found = self.records.deployed(request.path_params["id"])
        if found.state == body["status"]:
            raise HttpError(400, {"message": f"Cannot transition status via :{body['status']} from :{found.state}"})
        found.states.append({"state": body["status"]})
        return 200, gitlab_deployment(self._caller(request), found, self.clock())
