"""What GitHub sends, from the bytes to values, and what is refused."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats.github_wire import parse, verify
from bot.domain.message import BranchDeleted, Dialect, Edited, Person, Platform, Pushed, Refused, RequestClosed, RequestMoved, Said, Thread
from bot.domain.project import ForgeKind
from tests.chats.forges import NOW, SHOP_ID, GitHubLetters, changed, shop
from tests.fakes.forge import Delivery, commit, iso

PROJECTS = {str(SHOP_ID): shop(ForgeKind.GITHUB)}
THREAD = Thread(Platform.GITHUB, "github:shop:12")
DANA = Person(Platform.GITHUB, "7", "dana")
HEAD, NEXT = commit("acme/shop", "demo"), "b" * 40


@pytest.fixture
def world() -> GitHubLetters:
    return GitHubLetters()


def read(delivery: Delivery) -> tuple[Any, ...]:
    verify(delivery.headers, delivery.body, secret="hook-secret", now=NOW)
    return parse(delivery.headers, delivery.body, PROJECTS)


def refused(headers: dict[str, str], body: bytes) -> int:
    with pytest.raises(Refused) as caught:
        parse(headers, body, PROJECTS)
    return caught.value.status


@pytest.mark.parametrize("is_form", [False, True])
def test_a_comment_on_a_pull_request_is_said(world: GitHubLetters, is_form: bool) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create --name 'a & b=ü+%41'\r\nthanks 👩🏽‍💻", is_form=is_form)
    assert delivery.comment
    assert read(delivery) == (
        Said(
            key=f"github:42:comment:{delivery.comment.id}",
            person=DANA,
            thread=THREAD,
            text="/ivy create --name 'a & b=ü+%41'\r\nthanks 👩🏽‍💻",
            message_id=f"issue:{delivery.comment.id}",
            dialect=Dialect.MARKDOWN,
            project="shop",
            request=12,
            said_at=NOW,
        ),
    )


def test_a_comment_on_a_line_is_said_under_keys_of_its_own(world: GitHubLetters) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create", is_on_line=True)
    assert delivery.comment
    (said,) = read(delivery)
    assert (said.key, said.message_id) == (f"github:42:review-comment:{delivery.comment.id}", f"review:{delivery.comment.id}")
    assert (said.thread, said.text, said.request) == (THREAD, "/ivy create", 12)


def test_a_delivery_sent_again_has_the_same_key(world: GitHubLetters) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create")
    again = Delivery({**delivery.headers, "x-github-delivery": "another"}, delivery.body)
    assert read(again) == read(delivery)


@pytest.mark.parametrize("is_on_line", [False, True])
def test_an_edit_names_what_it_changes_and_differs_each_time(world: GitHubLetters, is_on_line: bool) -> None:
    first = world.says(world.requests_open[0], world.users[0], "/ivy create", is_on_line=is_on_line)
    assert first.comment
    (said,) = read(first)
    (edited,) = read(world.edits(first.comment, "/ivy status"))
    (again,) = read(world.edits(first.comment, "never mind"))
    assert edited == Edited(edited.key, said.key, DANA, THREAD, "/ivy status", Dialect.MARKDOWN)
    assert len({said.key, edited.key, again.key}) == 3


def test_a_deleted_comment_is_one_that_was_edited_away(world: GitHubLetters) -> None:
    first = world.says(world.requests_open[0], world.users[0], "/ivy create")
    assert first.comment
    (said,) = read(first)
    assert read(world.deletes(first.comment)) == (Edited(f"{said.key}:deleted", said.key, DANA, THREAD, "", Dialect.MARKDOWN),)


@pytest.mark.parametrize(("login", "kind"), [("renovate[bot]", "Bot"), ("renovate[bot]", "User"), ("machine", "Bot")])
def test_a_bot_is_told(world: GitHubLetters, login: str, kind: str) -> None:
    robot = world.user(login, id=5, kind=kind)
    (said,) = read(world.says(world.requests_open[0], robot, "/ivy create"))
    assert said.person == Person(Platform.GITHUB, "5", login, is_bot=True)


def test_a_comment_made_through_an_app_is_a_bots(world: GitHubLetters) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create")
    (said,) = read(changed(delivery, "comment", "performed_via_github_app", to={"id": 1, "slug": "app"}))
    assert said.person == Person(Platform.GITHUB, "7", "dana", is_bot=True)


def test_what_is_not_said_to_us_says_nothing(world: GitHubLetters) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create")
    assert read(changed(delivery, "issue", "pull_request", to=None)) == ()  # a plain issue
    assert read(changed(delivery, "comment", "user", to=None)) == ()  # nobody to answer
    assert read(changed(delivery, "repository", "id", to=43)) == ()  # a repository of the same name
    assert read(changed(delivery, "action", to="pinned")) == ()
    assert read(world.pings(world.projects[0])) == ()


def test_a_text_without_a_body_is_empty_and_holds_no_nul(world: GitHubLetters) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create")
    assert read(changed(delivery, "comment", "body", to=None))[0].text == ""
    assert read(changed(delivery, "comment", "body", to="a\0b"))[0].text == "a\ufffdb"


def test_a_push_and_its_pull_request_tell_the_same_once(world: GitHubLetters) -> None:
    push = world.pushes(world.projects[0], "demo", NEXT)
    expected = (Pushed(f"github:42:push:refs/heads/demo:{HEAD}..{NEXT}", "shop", "refs/heads/demo", NEXT),)
    assert read(push) == expected
    assert read(world.synchronizes(world.requests_open[0], HEAD)) == expected


def test_a_branch_is_deleted(world: GitHubLetters) -> None:
    for delivery in world.deletes_branch(world.projects[0], "demo"):
        (gone,) = read(delivery)
        assert gone == BranchDeleted(gone.key, "shop", "refs/heads/demo")
        assert gone.key.startswith("github:42:gone:refs/heads/demo:")


def test_a_tag_is_no_branch(world: GitHubLetters) -> None:
    push, delete = world.deletes_branch(world.projects[0], "demo")
    assert read(changed(push, "ref", to="refs/tags/v1")) == ()
    assert read(changed(delete, "ref_type", to="tag")) == ()


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_pull_request_is_closed(world: GitHubLetters, is_merged: bool) -> None:
    delivery = world.closes(world.requests_open[0], is_merged=is_merged)
    key = f"github:42:pull:12:closed:{iso(NOW)}"
    assert read(delivery) == (RequestClosed(key, "shop", 12, "refs/heads/demo", is_fork=False, is_merged=is_merged),)


def test_a_forks_branch_is_not_ours(world: GitHubLetters) -> None:
    fork = world.project("eve/shop", id=66)
    for source in (fork, None):
        world.requests_open[0].source = source
        sha = world.requests_open[0].sha
        moved = RequestMoved(f"github:42:pull:12:head:{sha}", "shop", 12, "refs/heads/demo", sha)
        assert read(world.synchronizes(world.requests_open[0], HEAD)) == (moved,)
        (closed,) = read(world.closes(world.requests_open[0]))
        assert (closed.is_fork, closed.ref) == (True, "refs/heads/demo")


@pytest.mark.parametrize("action", ["labeled", "edited", "converted_to_draft"])
def test_other_news_of_a_pull_request_is_none(world: GitHubLetters, action: str) -> None:
    assert read(changed(world.closes(world.requests_open[0]), "action", to=action)) == ()


def test_a_body_under_another_events_name_is_refused(world: GitHubLetters) -> None:
    """The header is not signed: whoever caught a delivery could send it again under another name."""
    request, dana, project = world.requests_open[0], world.users[0], world.projects[0]
    push, delete = world.deletes_branch(project, "demo")
    letters = {
        "issue_comment": world.says(request, dana, "/ivy create"),
        "pull_request_review_comment": world.says(request, dana, "/ivy create", is_on_line=True),
        "pull_request": world.closes(request),
        "push": push,
        "delete": delete,
    }
    for name, delivery in letters.items():
        for other in letters.keys() - {name}:
            if (name, other) == ("pull_request_review_comment", "pull_request"):
                assert parse({**delivery.headers, "x-github-event": other}, delivery.body, PROJECTS) == ()
            else:
                assert refused({**delivery.headers, "x-github-event": other}, delivery.body) == 400


def test_a_branchs_birth_is_not_its_death(world: GitHubLetters) -> None:
    _, delete = world.deletes_branch(world.projects[0], "demo")
    create = changed(delete, "master_branch", to="main")
    assert refused(create.headers, create.body) == 400


@pytest.mark.parametrize("sha", ["", "HEAD", "b" * 39, "b" * 41, "B" * 40, "--upload-pack=x" + "b" * 25, "b" * 39 + "\n"])
def test_what_is_no_commit_is_refused(world: GitHubLetters, sha: str) -> None:
    push = changed(world.pushes(world.projects[0], "demo", NEXT), "after", to=sha)
    assert refused(push.headers, push.body) == 400


@pytest.mark.parametrize("ref", ["refs/heads/", "refs/heads/a b", "refs/heads/a\0", "refs/heads/a..b", "refs/heads/a\n", "refs/heads/a:b"])
def test_what_is_no_branch_is_refused(world: GitHubLetters, ref: str) -> None:
    push = changed(world.pushes(world.projects[0], "demo", NEXT), "ref", to=ref)
    assert refused(push.headers, push.body) == 400


@pytest.mark.parametrize("ref", ["refs/heads/$(id)", "refs/heads/a;b|c&d", "refs/heads/--force", "refs/heads/feature/ü'\"<b>"])
def test_a_hostile_branch_stays_a_name(world: GitHubLetters, ref: str) -> None:
    (pushed,) = read(changed(world.pushes(world.projects[0], "demo", NEXT), "ref", to=ref))
    assert pushed.ref == ref


def test_what_is_no_json_object_is_refused() -> None:
    bodies = (b"", b"null", b"[]", b"1", b"{", b'{"a":', b"payload={}", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 200_000)
    for body, event, kind in itertools.product(
        bodies, ("issue_comment", "push", "ping", "never_heard_of"), ("application/json", "text/plain", "")
    ):
        assert refused({"x-github-event": event, "content-type": kind}, body) == 400
    assert refused({"x-github-event": "issue_comment"}, b'{"action": "\xff"}') == 400
    assert refused({"x-github-event": "issue_comment"}, b'{"action": "\\ud800"}') == 400


@pytest.mark.parametrize("body", [b"payload={}&payload={}", b"x=1", b"payload", b"payload=%FF", b"&" * 100, b"payload=%7B%22a%22"])
def test_a_form_without_one_payload_is_refused(body: bytes) -> None:
    assert refused({"x-github-event": "ping", "content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body) == 400


def test_without_the_name_of_an_event_nothing_is_read() -> None:
    assert refused({}, b"{}") == 400


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=x", "sha256=ü", "sha256=\ud800", "x" * 100_000])
def test_a_wrong_signature_is_refused(world: GitHubLetters, signature: str) -> None:
    delivery = world.says(world.requests_open[0], world.users[0], "/ivy create")
    with pytest.raises(Refused) as caught:
        verify({**delivery.headers, "x-hub-signature-256": signature}, delivery.body, secret="hook-secret", now=NOW)
    assert caught.value.status == 401


def test_a_missing_signature_and_an_empty_secret_are_refused() -> None:
    body = b"{}"
    made = {"x-hub-signature-256": "sha256=" + hmac.new(b"", body, hashlib.sha256).hexdigest()}
    for headers, secret in (({}, "hook-secret"), (made, ""), ({}, "")):
        with pytest.raises(Refused) as caught:
            verify(headers, body, secret=secret, now=NOW)
        assert caught.value.status == 401


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(min_size=1, max_size=20), st.integers(0, 10_000))
def test_only_the_very_bytes_are_verified(body: bytes, secret: str, place: int) -> None:
    try:
        key = secret.encode()
    except UnicodeEncodeError:
        return
    headers = {"x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
    verify(headers, body, secret=secret, now=NOW)
    other = bytearray(body or b"x")
    other[place % len(other)] ^= 1
    with pytest.raises(Refused):
        verify(headers, bytes(other), secret=secret, now=NOW)


@pytest.mark.parametrize("action", ["opened", "reopened", "ready_for_review"])
def test_an_opened_pull_request_says_whose_it_is(world: GitHubLetters, action: str) -> None:
    (opened,) = read(world.opens(world.requests_open[0], action))
    assert (opened.number, opened.ref, opened.is_fork, opened.is_draft) == (12, "refs/heads/demo", False, False)
    assert (opened.said.person.id, opened.said.text, opened.said.thread.address) == ("7", "/ivy create", "github:shop:12")
