"""What is found by asking has the keys, and says the same, as what a webhook brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.chats import github_feed, github_wire, gitlab_feed, gitlab_wire
from bot.domain.message import Edited, Incoming, RequestClosed, Said
from bot.domain.project import ForgeKind, Project

LONG_AGO = 0.0


def _recorded(folder: Path, *names: str) -> list[Path]:
    return sorted(path for name in names for path in folder.glob(name))


def _project(kind: ForgeKind, id: Any) -> Project:
    return Project("shop", kind, str(id), "acme/shop", "https://forge.example/acme/shop.git")


def _of_github(path: Path, event: str) -> tuple[dict[str, Any], Project, tuple[Incoming, ...]]:
    body = json.loads(path.read_bytes())
    project = _project(ForgeKind.GITHUB, body["repository"]["id"])
    return body, project, github_wire.parse({"x-github-event": event}, json.dumps(body).encode(), {project.id: project})


def _without_change(found: tuple[Incoming, ...]) -> tuple[Incoming, ...]:
    """Hooks know what was said at first; polling knows that it was edited since."""
    return tuple(msgspec.structs.replace(each, was_changed=False) if isinstance(each, Said) else each for each in found)


def test_every_recorded_comment_of_github_is_the_same_in_a_list(payloads: Path) -> None:
    seen = 0
    for path in _recorded(payloads / "github", "*issue_comment.created*", "derived.issue_comment*"):
        body, project, by_hook = _of_github(path, "issue_comment")
        comment = body["comment"]
        where = comment["html_url"]
        if "/pull/" not in where and body["issue"].get("pull_request"):  # derived from one on an issue
            comment = {**comment, "html_url": f"https://github.com/a/b/pull/{body['issue']['number']}#issuecomment-1"}
        listed = msgspec.convert(comment, github_feed.Listed)
        found = github_feed.incoming_of(listed, project, ("comment", "issue"), LONG_AGO)
        if body["action"] == "created" and comment["updated_at"] == comment["created_at"]:
            assert found == by_hook, path.name
        else:
            assert {each.key for each in by_hook} <= {each.key for each in found}, path.name
        seen += bool(by_hook)
    assert seen >= 15


def test_every_recorded_comment_on_a_line_is_the_same_in_a_list(payloads: Path) -> None:
    for path in _recorded(payloads / "github", "*pull_request_review_comment.*"):
        body, project, by_hook = _of_github(path, "pull_request_review_comment")
        listed = msgspec.convert(body["comment"], github_feed.Listed)
        found = github_feed.incoming_of(listed, project, ("review-comment", "review"), LONG_AGO)
        assert body["action"] == "deleted" or {each.key for each in by_hook} <= {each.key for each in found}, path.name
        if body["action"] == "created":
            assert by_hook == _without_change(found)[:1], path.name


def test_every_recorded_closed_pull_request_is_the_same_in_a_list(payloads: Path) -> None:
    seen = 0
    for path in _recorded(payloads / "github", "pull_request.closed*"):
        body, project, by_hook = _of_github(path, "pull_request")
        listed = msgspec.convert({key: value for key, value in body["pull_request"].items() if key != "merged"}, github_feed.Pull)
        assert github_feed.closed_of(listed, project, LONG_AGO) == by_hook, path.name
        seen += isinstance(by_hook[0], RequestClosed)
    assert seen >= 4


def _of_gitlab(path: Path, event: str) -> tuple[dict[str, Any], Project, tuple[Incoming, ...]]:
    body = json.loads(path.read_bytes())
    project = _project(ForgeKind.GITLAB, (body.get("project") or {}).get("id") or body["project_id"])
    return body, project, gitlab_wire.parse({"x-gitlab-event": event}, json.dumps(body).encode(), {project.id: project})


def _as_the_api_writes_it(date: str) -> str:
    return date.replace(" UTC", ".000Z").replace(" ", "T")


def test_every_recorded_note_of_gitlab_is_the_same_in_a_list(payloads: Path) -> None:
    seen = 0
    for path in _recorded(payloads / "gitlab", "*note*.json"):
        try:
            body, project, by_hook = _of_gitlab(path, "Note Hook")
        except Exception:  # noqa: BLE001 - not a note hook at all
            continue
        if not by_hook or not isinstance(by_hook[0], Said | Edited):
            continue
        note = body["object_attributes"]
        listed = msgspec.convert(
            {
                "id": note["id"],
                "body": note["note"],
                "author": {"id": note["author_id"], "username": by_hook[0].person.name},
                "created_at": _as_the_api_writes_it(note["created_at"]),
                "updated_at": _as_the_api_writes_it(note["updated_at"]),
                "system": note.get("system"),
            },
            gitlab_feed._Note,
        )
        found = gitlab_feed.incoming_of(listed, body["merge_request"]["iid"], project, LONG_AGO)
        assert {each.key for each in by_hook} <= {each.key for each in found}, path.name
        if isinstance(by_hook[0], Said):
            bot = msgspec.structs.replace(by_hook[0].person, is_bot=found[0].person.is_bot)  # type: ignore[union-attr]
            assert msgspec.structs.replace(by_hook[0], person=bot) == _without_change(found)[0], path.name
        seen += 1
    assert seen >= 3


@pytest.mark.parametrize("action", ["merge", "close"])
def test_a_closed_merge_request_is_the_same_in_a_list(action: str) -> None:
    project = _project(ForgeKind.GITLAB, 77)
    attributes = {"iid": 5, "action": action, "source_branch": "demo", "source_project_id": 77, "updated_at": "2026-01-02 03:04:05 UTC"}
    body = {"object_kind": "merge_request", "object_attributes": attributes, "project": {"id": 77}}
    by_hook = gitlab_wire.parse({"x-gitlab-event": "Merge Request Hook"}, json.dumps(body).encode(), {"77": project})
    state = {"merge": "merged", "close": "closed"}[action]
    at = {f"{state}_at": "2026-01-02T03:04:05.678Z"}
    listed = {"iid": 5, "state": state, "source_branch": "demo", "source_project_id": 77, "updated_at": "2026-02-02T00:00:00Z", **at}
    assert gitlab_feed.closed_of(msgspec.convert(listed, gitlab_feed._Request), project, LONG_AGO) == by_hook
