"""Every recorded delivery and error that is at hand goes through the adapters: no error, and what it should mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from github import Requester
from requests import Response

from bot.chats import github_wire, gitlab_signature, gitlab_wire
from bot.chats.github_client import explain
from bot.chats.gitlab_client import Answered
from bot.chats.gitlab_client import explain as explain_gitlab
from bot.domain.message import Edited, Incoming, Judged, Platform, Pushed, RequestClosed, RequestMoved, RequestOpened, Said
from bot.domain.project import ForgeKind, Project
from tests.fakes.openapi import payloads

if TYPE_CHECKING:
    from bot.chats.remote import RemoteFailure

FOLDER = payloads()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="no folder of recorded deliveries here: set TRELLIS_PAYLOADS")
NOW = 1_789_000_000.0


def manifest(platform: str) -> list[dict[str, Any]]:
    lines = (FOLDER / "manifest.jsonl").read_text().splitlines() if FOLDER else []
    return [each for each in map(json.loads, lines) if each["platform"] == platform and "/errors/" not in each["file"]]


def read(file: str) -> bytes:
    assert FOLDER
    return (FOLDER / file).read_bytes()


def project_of(body: dict[str, Any], kind: ForgeKind) -> dict[str, Project]:
    """The delivery's own project, configured."""
    number = str((body.get("repository") or {}).get("id") or (body.get("project") or {}).get("id") or body.get("project_id") or 1)
    return {number: Project("shop", kind, number, "acme/shop", "https://forge.example/acme/shop.git")}


def github(file: str, event: str) -> tuple[Incoming, ...]:
    body = read(file)
    signature = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": event, "content-type": "application/json", "x-hub-signature-256": signature}
    github_wire.verify(headers, body, secret="secret", now=NOW)
    return github_wire.parse(headers, body, project_of(json.loads(body), ForgeKind.GITHUB))


def gitlab(file: str, event: str) -> tuple[Incoming, ...]:
    body = read(file)
    headers = {"x-gitlab-event": event, "content-type": "application/json", "x-gitlab-token": "secret"}
    gitlab_wire.verify(headers, body, token="secret", signing_secret="", now=NOW)
    return gitlab_wire.parse(headers, body, project_of(json.loads(body), ForgeKind.GITLAB))


def expected_of_github(file: str, event: str) -> tuple[type[Incoming], ...]:
    body = json.loads(read(file))
    action, comment = body.get("action"), body.get("comment") or {}
    is_ours = event == "pull_request_review_comment" or (event == "issue_comment" and (body.get("issue") or {}).get("pull_request"))
    if is_ours and comment.get("user") and action in ("created", "edited", "deleted"):
        return (Said,) if action == "created" else (Edited,)
    if event == "pull_request" and action == "closed":
        return (RequestClosed,)
    if event == "pull_request" and action in ("opened", "reopened", "ready_for_review"):
        return (RequestOpened,)
    if event == "pull_request" and action == "synchronize":
        head = body["pull_request"]["head"]["repo"]
        return (Pushed,) if head and head["id"] == body["repository"]["id"] else (RequestMoved,)
    is_check = (event, action) == ("check_run", "completed") or event == "status"
    if is_check or (event == "pull_request_review" and action != "edited" and body["review"]["state"].lower() != "commented"):
        return (Judged,)
    return (Pushed,) if event == "push" and body["ref"].startswith("refs/heads/") else ()


@pytest.mark.parametrize("entry", manifest("github"), ids=lambda entry: entry["file"])
def test_each_delivery_of_github_means_what_it_should(entry: dict[str, Any]) -> None:
    event = entry["headers"]["X-GitHub-Event"]
    found = github(entry["file"], event)
    assert tuple(map(type, found)) == expected_of_github(entry["file"], event)
    for each in found:
        if isinstance(each, Said | Edited) and not each.key.endswith(":deleted"):
            comment = json.loads(read(entry["file"]))["comment"]
            assert (each.text, each.person.id) == (comment["body"], str(comment["user"]["id"]))


@pytest.mark.parametrize("entry", manifest("gitlab"), ids=lambda entry: entry["file"])
def test_each_delivery_of_gitlab_means_what_it_should(entry: dict[str, Any]) -> None:
    event, body = entry["headers"]["X-Gitlab-Event"], json.loads(read(entry["file"]))
    about = body.get("object_attributes") or {}
    expected: tuple[type[Incoming], ...] = ()
    if event == "Note Hook" and about["noteable_type"] == "MergeRequest" and not about.get("system"):
        expected = (Edited,) if about.get("action") == "update" else (Said,)
    elif event == "Push Hook":
        expected = (Pushed,)
    elif event == "Pipeline Hook" or about.get("action") in ("approved", "unapproved", "approval", "unapproval"):
        expected = (Judged,)
    elif event == "Merge Request Hook" and "id" in body["project"]:
        closed = about.get("action") in ("close", "merge")
        draft = (body.get("changes") or {}).get("draft") or {}
        opened = about.get("action") in ("open", "reopen") or draft.get("current") is False
        is_fork = about.get("source_project_id") != body["project"]["id"]
        moved = (RequestMoved if is_fork else Pushed,) * bool(about.get("oldrev"))
        expected = (RequestClosed,) if closed else moved + (RequestOpened,) * opened
    assert tuple(map(type, gitlab(entry["file"], event))) == expected


def test_bots_are_told() -> None:
    robots = {
        "github/derived.issue_comment.bot-author-command.json": True,
        "github/derived.issue_comment.own-bot-echo.json": True,
        "github/derived.issue_comment.via-github-app.json": True,
        "github/derived.issue_comment.author-first-time.json": False,
    }
    assert {file: github(file, "issue_comment")[0].person.is_bot for file in robots} == robots  # type: ignore[union-attr]
    robots = {"gitlab/derived.note.mr.project-access-token-bot.json": True, "gitlab/derived.note.mr.command.json": False}
    assert {file: gitlab(file, "Note Hook")[0].person.is_bot for file in robots} == robots  # type: ignore[union-attr]


def test_forks_are_told() -> None:
    (closed,) = github("github/pull_request.closed.merged.fork.envoy.json", "pull_request")
    assert isinstance(closed, RequestClosed)
    assert (closed.is_fork, closed.is_merged) == (True, True)
    (closed,) = gitlab("gitlab/merge_request.close.json", "Merge Request Hook")
    assert isinstance(closed, RequestClosed)
    assert (closed.is_fork, closed.is_merged) == (True, False)


@pytest.mark.parametrize("entry", manifest("github") + manifest("gitlab"), ids=lambda entry: entry["file"])
def test_a_delivery_of_another_project_means_nothing(entry: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    parse = github_wire.parse if entry["platform"] == Platform.GITHUB else gitlab_wire.parse
    assert parse(headers, read(entry["file"]), {}) == ()


def test_every_published_signature_is_right() -> None:
    for vector in json.loads(read("signatures.json")):
        body = read(vector["file"]) if "file" in vector else vector["body_text"].encode()
        if vector["platform"] == "github":
            github_wire.verify({vector["header"].lower(): vector["value"]}, body, secret=vector["secret"], now=NOW)
        elif vector["platform"] == "gitlab":
            headers = {name.lower(): value for name, value in vector["headers"].items()}
            is_signed = vector["secret"].startswith("whsec_")
            secrets = {"token": "", "signing_secret": vector["secret"]} if is_signed else {"token": vector["secret"], "signing_secret": ""}
            gitlab_wire.verify(headers, body, **secrets, now=NOW)


# file → (is it for ever, seconds to wait)
GITHUB_ERRORS: dict[str, tuple[bool, float | None]] = {
    "401.bad-credentials": (False, 60),
    "401.jwt-undecodable": (False, 60),
    "403.abuse.retry-after-30": (False, 30),
    "403.secondary.gh-limited-by": (False, 60),
    "403.collaborator-permission": (True, None),
    "403.issue-locked": (True, None),
    "403.not-accessible-by-integration.dev": (True, None),
    "404.label": (True, None),
    "409.deployment.commit-status-checks-failed": (False, None),
    "422.already_exists": (True, None),
    "503.unicorn.html": (False, None),
}
GITLAB_ERRORS: dict[str, tuple[bool, float | None]] = {
    "400.title-not-given": (True, None),
    "400.validation-object": (True, None),
    "401.token-revoked": (False, 60),
    "401.unauthorized": (False, 60),
    "403.insufficient_scope": (True, None),
    "404.project": (True, None),
    "429.app-limit.no-retry-after": (False, 60),
    "429.rack-attack.retry-later": (False, 42),
    "502.html": (False, None),
}


def answered(file: str) -> Response:
    recorded = json.loads(read(file))
    response = Response()
    response.status_code = recorded["status"]
    response.headers.update(recorded["headers"])
    response._content = (recorded.get("body_text") or json.dumps(recorded["body"])).encode()
    return response


def outcome(failure: RemoteFailure) -> tuple[bool, float | None]:
    return failure.is_lasting, failure.retry_after_s


@pytest.mark.parametrize("name", GITHUB_ERRORS)
def test_errors_of_github_are_judged(name: str) -> None:
    response = answered(f"github/errors/{name}.json")
    data = {"data": response.text} if "html" in name else response.json()
    headers = {each.lower(): value for each, value in response.headers.items()}
    error = Requester.Requester.createException(response.status_code, headers, data)
    assert outcome(explain(error)) == GITHUB_ERRORS[name]


@pytest.mark.parametrize("name", GITLAB_ERRORS)
def test_errors_of_gitlab_are_judged(name: str) -> None:
    assert outcome(explain_gitlab(Answered(answered(f"gitlab/errors/{name}.json")))) == GITLAB_ERRORS[name]


def test_a_signing_secret_is_base64_behind_its_prefix() -> None:
    assert gitlab_signature._signing_key("whsec_" + base64.b64encode(b"key").decode()) == b"key"
