"""The App of a stand-in GitHub: who it is by its key, where it is installed, and the tokens that it was given."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes import github_shapes as shapes
from tests.fakes.forge import iso
from tests.fakes.server import Answer, Endpoint, HttpError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from tests.fakes.forge import User
    from tests.fakes.github import FakeGitHub

Json = dict[str, Any]

LIFE_S = 3600.0
GRANTED = {
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "checks": "read",
    "statuses": "write",
}
EVENTS = ("check_run", "delete", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "push", "status")


@functools.cache
def key(name: str = "the App's") -> tuple[str, Any]:
    """A private key as text, and its public half; the same each time."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return made.private_bytes(*form).decode(), made.public_key()


@dataclass
class Installation:
    """With one owner. `left_out` are repositories that it may not see."""

    id: int
    owner: str
    permissions: dict[str, str] = field(default_factory=lambda: dict(GRANTED))
    left_out: set[str] = field(default_factory=set)
    is_suspended: bool = False

    def holds(self, path: str) -> bool:
        return path.partition("/")[0] == self.owner and path not in self.left_out


class FakeApp:
    """It speaks as `<slug>[bot]`."""

    id = 5

    def __init__(self, github: FakeGitHub, slug: str = "trellis") -> None:
        self._github = github
        self.slug = slug
        self.private_key, self._public = key()
        self.user: User = github.user(f"{slug}[bot]", id=905, kind="Bot")
        self.installations: list[Installation] = []
        self.events = list(EVENTS)
        self.given = 0
        self.refused = 0
        self._tokens: dict[str, tuple[Installation, float]] = {}

    def install(self, owner: str) -> Installation:
        made = Installation(self._github.records.next_id(), owner)
        self.installations.append(made)
        return made

    def revoke(self) -> None:
        """All tokens, before their time."""
        self._tokens.clear()

    def routes(self) -> list[tuple[str, str, str, Endpoint]]:
        return [
            ("GET", "/app", "GET app", self._app),
            ("GET", "/repos/{owner}/{repo}/installation", "GET installation", self._installation),
            ("POST", "/app/installations/{id:int}/access_tokens", "POST token", self._give),
        ]

    def who(self, request: HttpRequest) -> User | None:
        """The App's account where the request bears a token that is good for what it asks, or for what only the App may ask its word."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if request.url.path == "/app" or request.url.path.startswith("/app/") or request.url.path.endswith("/installation"):
            return self.user if kind == "Bearer" and self._is_ours(token) else None
        installation, until = self._tokens.get(token, (None, 0.0))
        if installation is None or self._github.clock() >= until or installation not in self.installations:
            self.refused += 1
            return None
        return self.user

    def sees(self, request: HttpRequest, path: str) -> bool:
        """Whether what the request bears, if it is a token of ours, opens a repository."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        return token not in self._tokens or self._tokens[token][0].holds(path)

    def _is_ours(self, token: str) -> bool:
        try:
            claims = jwt.decode(token, self._public, ["RS256"], options={"verify_exp": False, "verify_iat": False})
        except jwt.PyJWTError:
            return False
        now = self._github.clock()
        return bool(claims["iss"] == str(self.id) and claims["iat"] <= now < claims["exp"] <= now + 600)

    def _app(self, request: HttpRequest, body: Any) -> Answer:
        home = f"https://forge.example/apps/{self.slug}"
        return 200, {
            "id": self.id,
            "slug": self.slug,
            "node_id": shapes.node("App", self.id),
            "owner": shapes.user(self._github.url, self._github.bot),
            "name": self.slug,
            "description": "",
            "external_url": "https://trellis.example",
            "html_url": home,
            "created_at": iso(0),
            "updated_at": iso(0),
            "permissions": GRANTED,
            "events": self.events,
        }

    def _installation(self, request: HttpRequest, body: Any) -> Answer:
        path = f"{request.path_params['owner']}/{request.path_params['repo']}"
        found = next((each for each in self.installations if each.holds(path)), None)
        if found is None:
            raise HttpError(404, None)
        api, suspended = self._github.url, iso(self._github.clock()) if found.is_suspended else None
        return 200, {
            "id": found.id,
            "account": shapes.user(api, self._github.bot),
            "repository_selection": "selected",
            "access_tokens_url": f"{api}/app/installations/{found.id}/access_tokens",
            "repositories_url": f"{api}/installation/repositories",
            "html_url": f"https://forge.example/organizations/{found.owner}/settings/installations/{found.id}",
            "app_id": self.id,
            "app_slug": self.slug,
            "target_id": 1,
            "target_type": "Organization",
            "permissions": found.permissions,
            "events": self.events,
            "created_at": iso(0),
            "updated_at": iso(0),
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": suspended,
        }

    def _give(self, request: HttpRequest, body: Any) -> Answer:
        found = next((each for each in self.installations if each.id == request.path_params["id"]), None)
        if found is None:
            raise HttpError(404, None)
        if found.is_suspended:
            raise HttpError(403, {**self._github.refuse(403), "message": "This installation has been suspended"})
        token, until = f"ghs_{self._github.records.next_id()}", self._github.clock() + LIFE_S
        self._tokens[token] = (found, until)
        self.given += 1
        return 201, {"token": token, "expires_at": iso(until), "permissions": found.permissions, "repository_selection": "selected"}


class Births:
    """Apps that are made from a manifest: GitHub shows it to a person, who says yes and is led back with a code."""

    def __init__(self, github: FakeGitHub) -> None:
        self._github = github
        self.manifests: dict[str, Json] = {}

    def agree(self, manifest: str) -> str:
        """Somebody presses the button there; the code."""
        code = f"code{len(self.manifests) + 1}"
        self.manifests[code] = json.loads(manifest)
        return code

    def routes(self) -> list[tuple[str, str, str, Endpoint]]:
        return [("POST", "/app-manifests/{code}/conversions", "POST conversion", self._convert)]

    def _convert(self, request: HttpRequest, body: Any) -> Answer:
        made = self.manifests.pop(request.path_params["code"], None)
        if made is None:
            raise HttpError(404, None)
        slug = made["name"].lower().replace(" ", "-")
        secret = "from-github" if "hook_attributes" in made else None
        page = f"https://forge.example/apps/{slug}"
        secrets = {"client_id": "Iv1.1", "client_secret": "shh", "webhook_secret": secret, "pem": key()[0]}
        return 201, {"id": 77, "slug": slug, "name": made["name"], "html_url": page, **secrets}
