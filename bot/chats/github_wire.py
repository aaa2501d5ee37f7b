"""What GitHub sends: a delivery's signature and what it says. Headers and bytes in, values out.

Shapes: docs.github.com/webhooks/webhook-events-and-payloads. The signature covers the body only, so the
header that names the event is checked against the body's shape, and keys are made of the body's content.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qs

import msgspec

from bot.chats import github_judged
from bot.chats.wire import Anything, Id, Wire, branch, clean, decode, digest, full_ref, is_zeros, needed, opening, same, seconds, sha
from bot.domain.message import (
    BranchDeleted,
    Dialect,
    Edited,
    Incoming,
    Person,
    Platform,
    Pushed,
    Refused,
    RequestClosed,
    RequestMoved,
    RequestOpened,
    Said,
    Thread,
)
from bot.domain.project import Project

Projects: TypeAlias = Mapping[str, Project]


_OPENINGS = ("opened", "reopened", "ready_for_review")


class _Account(Wire):
    id: Id
    login: str
    type: str = "User"


class _Repository(Wire):
    id: Id


class Comment(Wire):
    id: Id
    user: _Account | None = None
    body: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    performed_via_github_app: Anything | None = None


class _Issue(Wire):
    number: Id
    pull_request: Anything | None = None


class _Numbered(Wire):
    number: Id


class _IssueComment(Wire):
    action: str
    issue: _Issue
    comment: Comment
    repository: _Repository


class _ReviewComment(Wire):
    action: str
    pull_request: _Numbered
    comment: Comment
    repository: _Repository


class _Head(Wire):
    ref: str
    sha: str
    repo: _Repository | None = None


class Pull(Wire):
    number: Id
    head: _Head
    merged: bool | None = None
    closed_at: str | None = None
    updated_at: str | None = None
    user: _Account | None = None
    draft: bool | None = None


class _PullRequest(Wire):
    action: str
    pull_request: Pull
    repository: _Repository
    before: str | None = None


class _Push(Wire):
    ref: str
    before: str
    after: str
    repository: _Repository
    deleted: bool = False


class _Delete(Wire):
    ref: str
    ref_type: str
    repository: _Repository
    master_branch: str | None = None


_ANYTHING = msgspec.json.Decoder(Anything)
_ISSUE_COMMENT = msgspec.json.Decoder(_IssueComment)
_REVIEW_COMMENT = msgspec.json.Decoder(_ReviewComment)
_PULL_REQUEST = msgspec.json.Decoder(_PullRequest)
_PUSH = msgspec.json.Decoder(_Push)
_DELETE = msgspec.json.Decoder(_Delete)


def is_known(event: str) -> bool:
    """Whether deliveries of this event say anything to us."""
    return event in _EVENTS


def verify(headers: Mapping[str, str], body: bytes, *, secret: str, now: float) -> None:  # noqa: ARG001 - GitHub signs no time
    """Check `X-Hub-Signature-256` over the raw body. Raises Refused (401).

    An empty secret verifies nothing: its signatures could be made by anybody.
    """
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not (same(headers.get("x-hub-signature-256", ""), expected) and secret):
        raise Refused(401, "X-Hub-Signature-256 is missing or wrong")


def parse(headers: Mapping[str, str], body: bytes, projects: Projects) -> tuple[Incoming, ...]:
    """Read a verified delivery; `projects` by numeric id. Empty for what is not ours. Raises Refused (400)."""
    event = headers.get("x-github-event")
    if not event:
        raise Refused(400, "no X-GitHub-Event header")
    content = _content(headers, body)
    read = _EVENTS.get(event)
    if read is None:
        decode(_ANYTHING, content)
        return ()
    return read(content, projects)


def _content(headers: Mapping[str, str], body: bytes) -> bytes:
    """The JSON, also out of GitHub's default form encoding, where the signature is over the form."""
    if not headers.get("content-type", "").strip().lower().startswith("application/x-www-form-urlencoded"):
        return body
    try:
        payloads = parse_qs(body.decode(), errors="strict", max_num_fields=16).get("payload", [])
    except ValueError:
        payloads = []
    if len(payloads) != 1:
        raise Refused(400, "the form has no payload field")
    return payloads[0].encode()


def _issue_comment(content: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_ISSUE_COMMENT, content)
    project = projects.get(str(hook.repository.id))
    if project is None or hook.issue.pull_request is None:
        return ()
    return comment(hook.action, hook.comment, hook.issue.number, project, ("comment", "issue"))


def _review_comment(content: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_REVIEW_COMMENT, content)
    project = projects.get(str(hook.repository.id))
    if project is None:
        return ()
    return comment(hook.action, hook.comment, hook.pull_request.number, project, ("review-comment", "review"))


def comment(action: str, comment: Comment, number: int, project: Project, kind: tuple[str, str]) -> tuple[Said | Edited, ...]:
    """`kind`: how ids of such comments are told from the other kind's, in keys and in message ids."""
    author = comment.user
    if author is None or action not in ("created", "edited", "deleted"):
        return ()
    is_bot = author.type == "Bot" or author.login.endswith("[bot]") or comment.performed_via_github_app is not None
    person = Person(Platform.GITHUB, str(author.id), clean(author.login), is_bot)
    thread = Thread(Platform.GITHUB, f"github:{project.key}:{number}")
    key = f"github:{project.id}:{kind[0]}:{comment.id}"
    text = clean(comment.body)
    if action == "deleted":  # as if all of it had been edited away
        return (Edited(f"{key}:deleted", key, person, thread, "", Dialect.MARKDOWN),)
    if action == "edited":
        return (Edited(f"{key}:edit:{digest(comment.updated_at, text)}", key, person, thread, text, Dialect.MARKDOWN),)
    said = Said(
        key=key,
        person=person,
        thread=thread,
        text=text,
        message_id=f"{kind[1]}:{comment.id}",
        dialect=Dialect.MARKDOWN,
        project=project.key,
        request=number,
        said_at=seconds(comment.created_at),
    )
    return (said,)


def _pull_request(content: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_PULL_REQUEST, content)
    project = projects.get(str(hook.repository.id))
    if project is None or hook.action not in ("closed", "synchronize", *_OPENINGS):
        return ()
    pull = hook.pull_request
    if hook.action == "closed":
        return (closed(pull, project, is_merged=pull.merged is True),)
    if hook.action in _OPENINGS:
        return (opened(pull, project, hook.action),) if pull.user else ()
    if is_fork(pull, project):
        return (moved(pull, project),)
    return (_pushed(project, branch(pull.head.ref), hook.before, pull.head.sha),)


def moved(pull: Pull, project: Project) -> RequestMoved:
    head = sha(pull.head.sha)
    return RequestMoved(f"github:{project.id}:pull:{pull.number}:head:{head}", project.key, pull.number, branch(pull.head.ref), head)


def closed(pull: Pull, project: Project, *, is_merged: bool) -> RequestClosed:
    key = f"github:{project.id}:pull:{pull.number}:closed:{clean(pull.closed_at or pull.updated_at)}"
    return RequestClosed(key, project.key, pull.number, branch(pull.head.ref), is_fork(pull, project), is_merged=is_merged)


def opened(pull: Pull, project: Project, action: str) -> RequestOpened:
    """`action`: opened, reopened or ready_for_review."""
    at = seconds(pull.updated_at)
    key = f"github:{project.id}:pull:{pull.number}:{action}" + ("" if action == "opened" else f":{clean(pull.updated_at)}")
    account = needed(pull.user, "user")
    is_bot = account.type == "Bot" or account.login.endswith("[bot]")
    author = Person(Platform.GITHUB, str(account.id), clean(account.login), is_bot)
    said = opening(key, author, Thread(Platform.GITHUB, f"github:{project.key}:{pull.number}"), project.key, pull.number)
    is_draft = pull.draft is True
    return RequestOpened(key, project.key, pull.number, branch(pull.head.ref), is_fork(pull, project), is_draft, said, at)


def is_fork(pull: Pull, project: Project) -> bool:
    return pull.head.repo is None or str(pull.head.repo.id) != project.id


def _push(content: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_PUSH, content)
    project = projects.get(str(hook.repository.id))
    ref = full_ref(hook.ref)
    if project is None or ref is None:
        return ()
    if hook.deleted or is_zeros(hook.after):
        return (BranchDeleted(f"github:{project.id}:gone:{ref}:{digest(content)}", project.key, ref),)
    return (_pushed(project, ref, hook.before, hook.after),)


def _pushed(project: Project, ref: str, before: str | None, after: str) -> Pushed:
    """The same key for a push and for the pull request's word of it."""
    return Pushed(f"github:{project.id}:push:{ref}:{sha(before) if before else ''}..{sha(after)}", project.key, ref, after)


def _delete(content: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_DELETE, content)
    if hook.master_branch is not None:  # only a `create` says it: a branch's birth sent again as its death
        raise Refused(400, "the body does not fit its event: this is a create")
    project = projects.get(str(hook.repository.id))
    if project is None or hook.ref_type != "branch":
        return ()
    ref = branch(hook.ref)
    return (BranchDeleted(f"github:{project.id}:gone:{ref}:{digest(content)}", project.key, ref),)


_EVENTS: dict[str, Callable[[bytes, Projects], tuple[Incoming, ...]]] = {
    "issue_comment": _issue_comment,
    "pull_request_review_comment": _review_comment,
    "pull_request": _pull_request,
    "push": _push,
    "delete": _delete,
    "check_run": github_judged.check_run,
    "status": github_judged.status,
    "pull_request_review": github_judged.review,
}

EVENTS = tuple(sorted(_EVENTS))
"""What webhooks are to tell of: exactly what is understood."""
