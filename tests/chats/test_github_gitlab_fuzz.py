"""Whatever the bytes, a delivery is read or refused with 400; there is no third outcome."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats import github_wire, gitlab_wire
from bot.domain.message import Refused
from bot.domain.project import ForgeKind
from tests.chats.forges import SHOP_ID, GitHubLetters, GitLabLetters, changed, shop

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.sampled_from(["created", "closed", "create", "close", 42]),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["id", "iid", "user", "ref", "repo", "login"]), each, max_size=3)
    ),
    max_leaves=6,
)
EVENTS = st.sampled_from(["issue_comment", "pull_request_review_comment", "pull_request", "push", "delete", "ping", "create"])
KINDS = st.sampled_from(["application/json", "application/x-www-form-urlencoded"])
HOOKS = st.sampled_from(["Note Hook", "Merge Request Hook", "Push Hook", "Job Hook"])
READ = {
    "x-github-event": (github_wire.parse, {str(SHOP_ID): shop(ForgeKind.GITHUB)}),
    "x-gitlab-event": (gitlab_wire.parse, {str(SHOP_ID): shop(ForgeKind.GITLAB)}),
}


def outcome(headers: dict[str, str], body: bytes) -> tuple[Any, ...]:
    """What is read, or nothing when it is refused as it should be."""
    parse, projects = next(READ[name] for name in READ if name in headers)
    found: tuple[Any, ...] = ()
    status = 400
    try:
        found = parse(headers, body, projects)
    except Refused as refusal:
        status = refusal.status
    assert status == 400
    return found


@settings(deadline=None)
@given(EVENTS, KINDS, st.binary(max_size=300) | st.binary(max_size=300).map(lambda raw: b'{"action":"created",' + raw))
def test_no_bytes_from_github_are_odd_enough(event: str, kind: str, body: bytes) -> None:
    outcome({"x-github-event": event, "content-type": kind}, body)


@settings(deadline=None)
@given(HOOKS, st.binary(max_size=300) | st.binary(max_size=300).map(lambda raw: b'{"object_kind":"note",' + raw))
def test_no_bytes_from_gitlab_are_odd_enough(event: str, body: bytes) -> None:
    outcome({"x-gitlab-event": event}, body)


def places(thing: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Each field near the top, and those below that are read."""
    found = [path] if path and (len(path) <= 2 or path[-1] in ("id", "ref", "sha", "repo")) else []
    for name, value in thing.items() if isinstance(thing, dict) else ():
        found += places(value, (*path, name))
    return found


@settings(deadline=None)
@given(st.data(), st.sampled_from([GitHubLetters, GitLabLetters]))
def test_no_field_is_odd_enough(data: st.DataObject, kind: type[GitHubLetters | GitLabLetters]) -> None:
    fake = kind()
    request, dana = fake.requests_open[0], fake.users[0]
    verbs = [
        lambda: fake.says(request, dana, "/ivy create"),
        lambda: fake.says(request, dana, "/ivy create", is_on_line=True),
        lambda: fake.edits(fake.add_comment(request, dana, "hello"), "/ivy create"),
        lambda: fake.closes(request),
        lambda: fake.synchronizes(request, "a" * 40),
        lambda: fake.pushes(request.project, "demo", "b" * 40),
        lambda: fake.deletes_branch(request.project, "demo")[-1],
    ]
    delivery = data.draw(st.sampled_from(verbs))()
    assert len(outcome(delivery.headers, delivery.body)) == 1
    for _ in range(data.draw(st.integers(1, 3))):
        delivery = changed(delivery, *data.draw(st.sampled_from(places(json.loads(delivery.body)))), to=data.draw(JSON))
    assert b"\\u0000" not in msgspec.json.encode(outcome(delivery.headers, delivery.body))
