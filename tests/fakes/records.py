"""What the stand-ins of the forges remember of commit statuses, deployments and environments, and how each forge writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes import github_shapes, gitlab_shapes
from tests.fakes.forge import iso
from tests.fakes.server import HttpError

if TYPE_CHECKING:
    from tests.fakes.forge import FakeForge, Project, User

Json = dict[str, Any]


@dataclass
class Stated:
    """A commit status; the newest of its commit and name counts."""

    sha: str
    name: str
    state: str
    words: str
    url: str


@dataclass
class Deployed:
    id: int
    project: Project
    body: Json
    states: list[Json] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.states[-1]["state"]) if self.states else "created"


@dataclass
class Place:
    """GitLab's environment."""

    id: int
    name: str
    url: str | None
    state: str = "available"


class Records:
    """Of one forge."""

    def __init__(self, forge: FakeForge) -> None:
        self._forge = forge
        self.statuses: list[Stated] = []
        self.deployments: list[Deployed] = []
        self.places: list[Place] = []

    def shown(self) -> list[str]:
        """What stands beside commits: `state words url`, the newest of each commit and name."""
        newest = {(each.sha, each.name): each for each in self.statuses}
        return [f"{each.sha[:8]} {each.name}: {each.state} · {each.words} · {each.url}".rstrip(" ·") for each in newest.values()]

    def deployed(self, id: int) -> Deployed:
        for each in self.deployments:
            if each.id == id:
                return each
        raise HttpError(404, None)

    def place(self, id: int) -> Place:
        for each in self.places:
            if each.id == id:
                return each
        raise HttpError(404, None)

    def next_id(self) -> int:
        return next(self._forge._ids)


def github_status(api: str, by: User, number: int, found: Stated, at: float) -> Json:
    return {
        "url": f"{api}/statuses/{number}",
        "avatar_url": None,
        "id": number,
        "node_id": github_shapes.node("Status", number),
        "state": found.state,
        "description": found.words,
        "target_url": found.url or None,
        "context": found.name,
        "created_at": iso(at),
        "updated_at": iso(at),
        "creator": github_shapes.user(api, by),
    }


def github_deployment(api: str, by: User, found: Deployed, at: float) -> Json:
    url = f"{api}/repos/{found.project.path}"
    return {
        "url": f"{url}/deployments/{found.id}",
        "id": found.id,
        "node_id": github_shapes.node("Deployment", found.id),
        "sha": found.body["ref"],
        "ref": found.body["ref"],
        "task": found.body["task"],
        "payload": found.body["payload"],
        "original_environment": found.body["environment"],
        "environment": found.body["environment"],
        "description": found.body["description"],
        "creator": github_shapes.user(api, by),
        "created_at": iso(at),
        "updated_at": iso(at),
        "statuses_url": f"{url}/deployments/{found.id}/statuses",
        "repository_url": url,
        "transient_environment": found.body["transient_environment"],
        "production_environment": found.body["production_environment"],
    }


def github_deployment_status(api: str, by: User, number: int, found: Deployed, at: float) -> Json:
    url, body = f"{api}/repos/{found.project.path}", found.states[-1]
    return {
        "url": f"{url}/deployments/{found.id}/statuses/{number}",
        "id": number,
        "node_id": github_shapes.node("DeploymentStatus", number),
        "state": body["state"],
        "creator": github_shapes.user(api, by),
        "description": body.get("description", ""),
        "environment": found.body["environment"],
        "target_url": "",
        "environment_url": body.get("environment_url", ""),
        "created_at": iso(at),
        "updated_at": iso(at),
        "deployment_url": f"{url}/deployments/{found.id}",
        "repository_url": url,
    }


def gitlab_status(by: User, number: int, found: Stated, at: float) -> Json:
    return {
        "id": number,
        "sha": found.sha,
        "ref": "demo",
        "status": found.state,
        "name": found.name,
        "target_url": found.url or None,
        "description": found.words,
        "created_at": iso(at),
        "started_at": None,
        "finished_at": None,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": 1,
        "author": gitlab_shapes.person(by),
    }


def gitlab_place(found: Place, at: float) -> Json:
    return {
        "id": found.id,
        "name": found.name,
        "slug": found.name.replace("/", "-"),
        "external_url": found.url,
        "created_at": iso(at),
        "updated_at": iso(at),
        "tier": "development",
        "state": found.state,
    }


def gitlab_deployment(by: User, found: Deployed, at: float) -> Json:
    return {
        "id": found.id,
        "iid": found.id,
        "ref": found.body["ref"],
        "sha": found.body["sha"],
        "created_at": iso(at),
        "updated_at": iso(at),
        "user": gitlab_shapes.person(by),
        "status": found.state,
    }
