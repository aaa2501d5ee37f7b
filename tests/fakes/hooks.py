"""Webhooks as the stand-ins of the forges keep them: made, changed and listed, their secrets never shown."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.fakes.forge import iso
from tests.fakes.server import Answer, Endpoint, HttpError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from tests.fakes.forge import FakeForge, Project

Json = dict[str, Any]
Row = tuple[str, str, str, Endpoint]
_EVENTS = ("push_events", "note_events", "merge_requests_events", "issues_events", "tag_push_events", "pipeline_events")


class Hooks:
    """Of one forge: by project, oldest first. `secrets` is what nobody is shown, by a hook's id."""

    def __init__(self, forge: FakeForge) -> None:
        self._forge = forge
        self._ids = itertools.count(31)
        self.rows: list[tuple[Project, Json]] = []
        self.secrets: dict[int, str] = {}
        self.tested: list[int] = []

    def of(self, path: str) -> list[Json]:
        return [hook for project, hook in self.rows if project.path == path]

    def add(self, project: Project, **more: Any) -> Json:
        made = {"id": next(self._ids), **more}
        self.rows.append((project, made))
        return made

    def one(self, project: Project, id: int) -> Json:
        for there, hook in self.rows:
            if there is project and hook["id"] == id:
                return hook
        raise HttpError(404, None)

    # GitHub's

    def github_routes(self, here: Any) -> list[Row]:
        def listed(request: HttpRequest, body: Any) -> Answer:
            return 200, self.of(here(request).path)

        def make(request: HttpRequest, body: Any) -> Answer:
            project = here(request)
            if any(hook["config"]["url"] == body["config"]["url"] for hook in self.of(project.path)):
                raise HttpError(422, {"message": "Validation Failed", "errors": [{"message": "Hook already exists on this repository"}]})
            return 201, self._github(self.add(project), project, body)

        def change(request: HttpRequest, body: Any) -> Answer:
            project = here(request)
            return 200, self._github(self.one(project, request.path_params["id"]), project, body)

        repo = "/repos/{owner}/{repo}/hooks"
        return [
            ("GET", repo, "LIST hooks", listed),
            ("POST", repo, "POST hook", make),
            ("PATCH", repo + "/{id:int}", "EDIT hook", change),
        ]

    def _github(self, hook: Json, project: Project, body: Json) -> Json:
        url, at = f"{self._forge.url}/repos/{project.path}/hooks/{hook['id']}", iso(self._forge.clock())
        config = dict(body["config"])
        self.secrets[hook["id"]] = config.pop("secret", "")
        hook |= {"type": "Repository", "name": "web", "active": body["active"], "events": list(body["events"])}
        hook |= {"config": {**config, "secret": "********"}, "updated_at": at, "created_at": at, "url": url}
        hook |= {"test_url": f"{url}/test", "ping_url": f"{url}/pings", "deliveries_url": f"{url}/deliveries"}
        hook["last_response"] = {"code": None, "status": "unused", "message": None}
        return hook

    # GitLab's

    def gitlab_routes(self, here: Any) -> list[Row]:
        def listed(request: HttpRequest, body: Any) -> Answer:
            return 200, self.of(here(request).path)

        def make(request: HttpRequest, body: Any) -> Answer:
            project = here(request)
            return 201, self._gitlab(self.add(project, project_id=project.id), body)

        def change(request: HttpRequest, body: Any) -> Answer:
            return 200, self._gitlab(self.one(here(request), request.path_params["hook"]), body)

        def test(request: HttpRequest, body: Any) -> Answer:
            hook = self.one(here(request), request.path_params["hook"])
            hook |= {"alert_status": "executable", "disabled_until": None}
            self.tested.append(hook["id"])
            return 201, {"message": "201 Created"}

        path = "/api/v4/projects/{project:int}/hooks"
        return [
            ("GET", path, "LIST hooks", listed),
            ("POST", path, "POST hook", make),
            ("PUT", path + "/{hook:int}", "EDIT hook", change),
            ("POST", path + "/{hook:int}/test/{trigger}", "TEST hook", test),
        ]

    def _gitlab(self, hook: Json, body: Json) -> Json:
        given = dict(body)
        self.secrets[hook["id"]] = given.pop("token", "")
        usual = {name: name == "push_events" for name in _EVENTS}
        kept = {**usual, "alert_status": "executable", "disabled_until": None, "created_at": iso(self._forge.clock()), **hook}
        hook |= {**kept, **given}
        return hook
