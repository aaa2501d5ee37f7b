"""What GitLab sends, from the bytes to values, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bot.chats.gitlab_wire import parse
from bot.domain.message import (
    BranchDeleted,
    Dialect,
    Edited,
    Judged,
    Person,
    Platform,
    Pushed,
    Refused,
    RequestClosed,
    RequestMoved,
    Said,
    Thread,
)
from bot.domain.project import ForgeKind
from tests.chats.forges import NOW, SHOP_ID, GitLabLetters, changed, shop
from tests.fakes.forge import Delivery, commit

PROJECTS = {str(SHOP_ID): shop(ForgeKind.GITLAB)}
THREAD = Thread(Platform.GITLAB, "gitlab:shop:12")
DANA = Person(Platform.GITLAB, "7", "dana")
HEAD, NEXT = commit("acme/shop", "demo"), "b" * 40


@pytest.fixture
def gitlab() -> GitLabLetters:
    return GitLabLetters()


def read(delivery: Delivery) -> tuple[Any, ...]:
    return parse(delivery.headers, delivery.body, PROJECTS)


def says(gitlab: GitLabLetters, body: str = "/ivy create", **more: Any) -> Delivery:
    return gitlab.says(gitlab.requests_open[0], gitlab.users[0], body, **more)


@pytest.mark.parametrize("is_on_line", [False, True])
def test_a_note_on_a_merge_request_is_said(gitlab: GitLabLetters, is_on_line: bool) -> None:
    delivery = says(gitlab, "/ivy create ü\n/close", is_on_line=is_on_line)
    assert delivery.comment
    assert read(delivery) == (
        Said(
            key=f"gitlab:42:note:{delivery.comment.id}",
            person=DANA,
            thread=THREAD,
            text="/ivy create ü\n/close",
            message_id=str(delivery.comment.id),
            dialect=Dialect.MARKDOWN,
            project="shop",
            request=12,
            said_at=NOW,
        ),
    )


def test_a_note_of_an_old_gitlab_is_said(gitlab: GitLabLetters) -> None:
    delivery = changed(says(gitlab), "object_attributes", "action", to=...)
    delivery = changed(delivery, "object_attributes", "internal", to=...)
    delivery = changed(changed(delivery, "user", "id", to=...), "event_type", to=...)
    (said,) = read(changed(delivery, "object_attributes", "created_at", to="2015-05-17T18:21:36Z"))
    assert (said.person, said.text, said.said_at) == (DANA, "/ivy create", 1431886896.0)


@pytest.mark.parametrize(
    ("date", "at"),
    [("2017-09-15 16:50:55 UTC", 1505494255.0), ("2017-09-15T16:50:55.500Z", 1505494255.5), ("2017-09-15 18:50:55 +0200", 1505494255.0)]
    + [(odd, None) for odd in ("", "yesterday", None, "9999999999", "0001-01-01 00:00:00 +2300")],
)
def test_dates_are_read_in_each_of_its_ways(gitlab: GitLabLetters, date: str | None, at: float | None) -> None:
    (said,) = read(changed(says(gitlab), "object_attributes", "created_at", to=date))
    assert said.said_at == at or (at is None and said.said_at < 0)


def test_an_edit_names_what_it_changes_and_differs_each_time(gitlab: GitLabLetters) -> None:
    first = says(gitlab)
    assert first.comment
    (said,) = read(first)
    (edited,) = read(gitlab.edits(first.comment, "/ivy status"))
    (again,) = read(gitlab.edits(first.comment, "never mind"))
    assert edited == Edited(edited.key, said.key, DANA, THREAD, "/ivy status", Dialect.MARKDOWN)
    assert len({said.key, edited.key, again.key}) == 3


def test_the_author_is_who_wrote_it_whoever_acted(gitlab: GitLabLetters) -> None:
    first = says(gitlab)
    assert first.comment
    edited = changed(changed(gitlab.edits(first.comment, "x"), "user", "id", to=1), "user", "username", to="root")
    assert read(edited)[0].person == Person(Platform.GITLAB, "7", "")


@pytest.mark.parametrize(
    "path", [("object_attributes", "system"), ("object_attributes", "internal"), ("object_attributes", "confidential")]
)
def test_a_hidden_note_says_nothing(gitlab: GitLabLetters, path: tuple[str, ...]) -> None:
    assert read(changed(says(gitlab), *path, to=True)) == ()


def test_a_confidential_note_says_nothing_under_either_name(gitlab: GitLabLetters) -> None:
    hidden = says(gitlab, is_internal=True)
    assert hidden.headers["x-gitlab-event"] == "Confidential Note Hook"
    assert read(hidden) == ()
    assert read(Delivery({**hidden.headers, "x-gitlab-event": "Note Hook"}, hidden.body)) == ()
    only_named = changed(hidden, "object_attributes", "internal", to=False)
    assert read(Delivery({**hidden.headers, "x-gitlab-event": "Note Hook"}, only_named.body)) == ()


@pytest.mark.parametrize(
    ("login", "is_bot"),
    [
        ("project_42_bot", True),
        ("project_42_bot1", True),
        ("project_42_bot_0f1e2d3c4b5a", True),
        ("group_7_bot_x", True),
        ("service_account_group_7_0f1e2d3c", True),
        ("service_account_0f1e2d3c4b5a69788796a5b4c3d2e1f0", True),
        ("dana", False),
        ("project_bot", False),
        ("my_project_42_bot", False),
        ("service_account_manager", False),
    ],
)
def test_a_bot_is_told_by_its_name(gitlab: GitLabLetters, login: str, is_bot: bool) -> None:
    gitlab.users[0].login = login
    (said,) = read(says(gitlab))
    assert said.person == Person(Platform.GITLAB, "7", login, is_bot=is_bot)


def test_what_is_not_said_to_us_says_nothing(gitlab: GitLabLetters) -> None:
    delivery = says(gitlab)
    for kind in ("Issue", "Commit", "Snippet", "Epic"):
        assert read(changed(delivery, "object_attributes", "noteable_type", to=kind)) == ()
    assert read(changed(delivery, "user", to=None)) == ()
    assert read(changed(delivery, "object_attributes", "author_id", to=None)) == ()
    assert read(changed(delivery, "project", "id", to=43)) == ()
    assert read(changed(delivery, "object_attributes", "action", to="delete")) == ()


@pytest.mark.parametrize(
    "event", ["System Hook", "Tag Push Hook", "Confidential Note Hook", "Job Hook", "Emoji Hook", "Never Heard Of Hook"]
)
def test_other_events_say_nothing_whatever_they_hold(gitlab: GitLabLetters, event: str) -> None:
    project, request = gitlab.projects[0], gitlab.requests_open[0]
    for delivery in (says(gitlab), gitlab.pushes(project, "demo", NEXT), gitlab.closes(request), *gitlab.deletes_branch(project, "demo")):
        assert read(Delivery({**delivery.headers, "x-gitlab-event": event}, delivery.body)) == ()


def test_a_body_under_another_events_name_is_refused(gitlab: GitLabLetters) -> None:
    project, request = gitlab.projects[0], gitlab.requests_open[0]
    letters = {"Note Hook": says(gitlab), "Merge Request Hook": gitlab.closes(request), "Push Hook": gitlab.pushes(project, "demo", NEXT)}
    for (name, delivery), other in itertools.product(letters.items(), letters):
        if name != other:
            assert refused({**delivery.headers, "x-gitlab-event": other}, delivery.body) == 400


def test_a_tag_push_under_the_name_of_a_push_is_refused(gitlab: GitLabLetters) -> None:
    delivery = changed(gitlab.pushes(gitlab.projects[0], "demo", NEXT), "object_kind", to="tag_push")
    assert refused(delivery.headers, delivery.body) == 400
    assert read(changed(gitlab.pushes(gitlab.projects[0], "demo", HEAD), "ref", to="refs/tags/v1")) == ()


def test_a_push_and_its_merge_request_tell_the_same_once(gitlab: GitLabLetters) -> None:
    push = gitlab.pushes(gitlab.projects[0], "demo", NEXT)
    expected = (Pushed(f"gitlab:42:push:refs/heads/demo:{HEAD}..{NEXT}", "shop", "refs/heads/demo", NEXT),)
    assert read(push) == expected
    assert read(gitlab.synchronizes(gitlab.requests_open[0], HEAD)) == expected


def test_an_update_without_new_commits_is_none(gitlab: GitLabLetters) -> None:
    assert read(changed(gitlab.synchronizes(gitlab.requests_open[0], HEAD), "object_attributes", "oldrev", to=...)) == ()


def test_a_branch_is_deleted(gitlab: GitLabLetters) -> None:
    (delivery,) = gitlab.deletes_branch(gitlab.projects[0], "demo")
    (gone,) = read(delivery)
    assert gone == BranchDeleted(gone.key, "shop", "refs/heads/demo")
    assert gone.key.startswith("gitlab:42:gone:refs/heads/demo:")


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_merge_request_is_closed(gitlab: GitLabLetters, is_merged: bool) -> None:
    key = f"gitlab:42:request:12:{'merge' if is_merged else 'close'}:{int(NOW)}"
    expected = (RequestClosed(key, "shop", 12, "refs/heads/demo", is_fork=False, is_merged=is_merged),)
    assert read(gitlab.closes(gitlab.requests_open[0], is_merged=is_merged)) == expected


def test_a_forks_branch_is_not_ours_but_its_notes_are_heard(gitlab: GitLabLetters) -> None:
    for source in (gitlab.project("eve/shop", id=66), None):
        gitlab.requests_open[0].source = source
        sha, project = gitlab.requests_open[0].sha, gitlab.requests_open[0].project
        moved = RequestMoved(f"gitlab:{project.id}:request:12:head:{sha}", "shop", 12, "refs/heads/demo", sha)
        assert read(gitlab.synchronizes(gitlab.requests_open[0], HEAD)) == (moved,)
        (closed,) = read(gitlab.closes(gitlab.requests_open[0]))
        assert (closed.is_fork, closed.ref) == (True, "refs/heads/demo")
        assert len(read(says(gitlab))) == 1


@pytest.mark.parametrize("action", ["approved", "approval", "unapproved", "unapproval"])
def test_what_becomes_of_approvals_has_gates_asked_again(gitlab: GitLabLetters, action: str) -> None:
    (told,) = read(changed(gitlab.closes(gitlab.requests_open[0]), "object_attributes", "action", to=action))
    assert (type(told), told.project) == (Judged, "shop")


@pytest.mark.parametrize("action", ["labeled", "", None])
def test_other_news_of_a_merge_request_is_none(gitlab: GitLabLetters, action: str | None) -> None:
    assert read(changed(gitlab.closes(gitlab.requests_open[0]), "object_attributes", "action", to=action)) == ()


def refused(headers: dict[str, str], body: bytes) -> int:
    with pytest.raises(Refused) as caught:
        parse(headers, body, PROJECTS)
    return caught.value.status


def test_what_is_no_json_object_is_refused() -> None:
    bodies = (b"", b"null", b"[]", b"1", b"{", b'{"a":', b"payload={}", b"\xff\xfe", b"[" * 200_000)
    for body, event in itertools.product(bodies, ("Note Hook", "Push Hook", "Pipeline Hook", "System Hook")):
        assert refused({"x-gitlab-event": event}, body) == 400
    assert refused({}, b"{}") == 400


@pytest.mark.parametrize(
    "path",
    [
        ("object_attributes",),
        ("object_attributes", "id"),
        ("object_attributes", "noteable_type"),
        ("merge_request",),
        ("merge_request", "iid"),
    ],
)
def test_a_note_without_what_tells_where_it_stands_is_refused(gitlab: GitLabLetters, path: tuple[str, ...]) -> None:
    delivery = changed(says(gitlab), *path, to=...)
    assert refused(delivery.headers, delivery.body) == 400


@pytest.mark.parametrize("action", ["open", "reopen"])
def test_an_opened_merge_request_says_whose_it_is(gitlab: GitLabLetters, action: str) -> None:
    request = gitlab.requests_open[0]
    (opened,) = read(gitlab.opens(request, action))
    assert (opened.number, opened.ref, opened.is_fork, opened.is_draft) == (12, "refs/heads/demo", False, False)
    assert (opened.said.person.id, opened.said.text) == (str(request.author.id), "/ivy create")
