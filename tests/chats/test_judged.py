"""What forges tell of checks and reviews: what is over is one word, what is not or is nothing of ours is none, what is broken is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.chats import github_wire, gitlab_wire
from bot.domain.message import Incoming, Judged, Refused
from bot.domain.project import ForgeKind, Project

SHA = "c" * 40
RUN = {"action": "completed", "check_run": {"id": 7, "head_sha": SHA}, "repository": {"id": 42}}
STATUS = {"id": 8, "sha": SHA, "state": "success", "context": "unit", "repository": {"id": 42}}
REVIEW = {"action": "submitted", "review": {"id": 9, "state": "approved"}, "repository": {"id": 42}}
PIPELINE = {"object_kind": "pipeline", "object_attributes": {"id": 5, "sha": SHA, "status": "success"}, "project": {"id": 42}}


def github(event: str, body: Any) -> tuple[Incoming, ...]:
    projects = {"42": Project("shop", ForgeKind.GITHUB, "42", "acme/shop", "https://forge.example/acme/shop.git")}
    return github_wire.parse({"x-github-event": event}, json.dumps(body).encode(), projects)


def gitlab(event: str, body: Any) -> tuple[Incoming, ...]:
    projects = {"42": Project("shop", ForgeKind.GITLAB, "42", "acme/shop", "https://forge.example/acme/shop.git")}
    return gitlab_wire.parse({"x-gitlab-event": event}, json.dumps(body).encode(), projects)


def test_what_is_over_is_told_with_its_commit_where_that_is_known() -> None:
    assert github("check_run", RUN) == (Judged("github:42:check:7", "shop", SHA),)
    assert github("status", STATUS) == (Judged("github:42:status:8", "shop", SHA),)
    assert github("pull_request_review", REVIEW) == (Judged("github:42:review:9:submitted", "shop"),)
    assert gitlab("Pipeline Hook", PIPELINE) == (Judged("gitlab:42:pipeline:5:success", "shop", SHA),)


@pytest.mark.parametrize("status", ["created", "pending", "running", "scheduled", "waiting_for_resource", "never heard of"])
def test_what_still_goes_on_is_nothing_yet(status: str) -> None:
    assert gitlab("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": 5, "sha": SHA, "status": status}}) == ()
    assert github("check_run", {**RUN, "action": "created"}) == ()
    assert github("status", {**STATUS, "state": "pending"}) == ()


def test_our_own_word_a_mere_comment_and_what_is_of_another_project_are_nothing() -> None:
    for context in ("trellis/ivy", "trellis/ivy (second)"):
        assert github("status", {**STATUS, "context": context}) == ()
    assert len(github("status", {**STATUS, "context": "trellis/ivy-like"})) == 1
    assert github("pull_request_review", {**REVIEW, "review": {"id": 9, "state": "commented"}}) == ()
    assert github("pull_request_review", {**REVIEW, "action": "edited"}) == ()
    for event, body in (("check_run", RUN), ("status", STATUS), ("pull_request_review", REVIEW)):
        assert github(event, {**body, "repository": {"id": 43}}) == ()
    assert gitlab("Pipeline Hook", {**PIPELINE, "project": {"id": 43}}) == ()


@pytest.mark.parametrize("sha", ["", "c" * 39, "refs/heads/main", "C" * 40, 7, None])
def test_what_is_no_commit_is_refused(sha: Any) -> None:
    for event, body in (("check_run", {**RUN, "check_run": {"id": 7, "head_sha": sha}}), ("status", {**STATUS, "sha": sha})):
        with pytest.raises(Refused):
            github(event, body)
    with pytest.raises(Refused):
        gitlab("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": 5, "sha": sha, "status": "success"}})


def test_a_body_of_another_kind_is_refused() -> None:
    for event in ("check_run", "status", "pull_request_review"):
        with pytest.raises(Refused):
            github(event, {"repository": {"id": 42}})
    for kind in ("note", "push", ""):
        with pytest.raises(Refused):
            gitlab("Pipeline Hook", {**PIPELINE, "object_kind": kind})
