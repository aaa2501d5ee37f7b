"""What GitLab sends: a delivery's token or signature and what it says. Headers and bytes in, values out.

Shapes: docs.gitlab.com/user/project/integrations/webhook_events. The signed scheme is that of Standard Webhooks
(GitLab 19 and later). Old versions leave fields out, so most are optional here and asked for where they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from bot.chats.gitlab_judged import APPROVALS, approval, pipeline
from bot.chats.gitlab_signature import verify_signature
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

# docs.gitlab.com: "project_{project_id}_bot_{random_string}", groups likewise, service accounts below.
_BOT = re.compile(r"(?:project|group)_[0-9]+_bot[0-9]*(?:_.*)?|service_account_(?:(?:group|project)_[0-9]+_.*|[0-9a-f]{16,})")


class User(Wire):
    id: Id | None = None
    username: str = ""


class _Project(Wire):
    id: Id | None = None


class _Commit(Wire):
    id: str | None = None


class Note(Wire):
    id: Id | None = None
    note: str | None = None
    noteable_type: str | None = None
    author_id: Id | None = None
    action: str | None = None
    system: bool | None = None
    internal: bool | None = None
    confidential: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None


class _Request(Wire):
    iid: Id | None = None


class _NoteHook(Wire):
    object_kind: str
    object_attributes: Note
    event_type: str | None = None
    user: User | None = None
    project: _Project | None = None
    project_id: Id | None = None
    merge_request: _Request | None = None


class MergeRequest(Wire):
    iid: Id | None = None
    action: str | None = None
    source_branch: str | None = None
    source_project_id: int | None = None
    last_commit: _Commit | None = None
    oldrev: str | None = None
    updated_at: str | None = None
    author_id: Id | None = None
    draft: bool | None = None
    work_in_progress: bool | None = None


class _Change(Wire):
    current: bool | None = None


class _Changes(Wire):
    draft: _Change | None = None


class _MergeRequestHook(Wire):
    object_kind: str
    object_attributes: MergeRequest
    user: User | None = None
    changes: _Changes | None = None
    project: _Project | None = None
    project_id: Id | None = None


class _PushHook(Wire):
    object_kind: str
    ref: str
    before: str
    after: str
    project: _Project | None = None
    project_id: Id | None = None


_ANYTHING = msgspec.json.Decoder(Anything)
_NOTE = msgspec.json.Decoder(_NoteHook)
_MERGE_REQUEST = msgspec.json.Decoder(_MergeRequestHook)
_PUSH = msgspec.json.Decoder(_PushHook)


def verify(headers: Mapping[str, str], body: bytes, *, token: str, signing_secret: str, now: float) -> None:
    """Check `X-Gitlab-Token` and the `webhook-signature`. Raises Refused (401).

    * With a signing secret, a delivery that bears a signature must bear a right one, not older or newer than 300 s.
    * With a token, a delivery that bears a token must bear the right one.
    * A delivery must bear one that is configured: with the signing secret alone, unsigned ones are refused; with both,
      the right token alone will do (hooks made before GitLab 19). To forbid that, configure no token.
    """
    is_signed = bool(signing_secret) and "webhook-signature" in headers
    if is_signed:
        verify_signature(headers, body, signing_secret, now)
    given = headers.get("x-gitlab-token", "")
    is_token_right = same(given, token) and bool(token)
    if token and given and not is_token_right:
        raise Refused(401, "X-Gitlab-Token is wrong")
    if not (is_signed or is_token_right):
        raise Refused(401, "the delivery bears neither the X-Gitlab-Token nor the webhook-signature that is configured")


def parse(headers: Mapping[str, str], body: bytes, projects: Projects) -> tuple[Incoming, ...]:
    """Read a verified delivery; `projects` by numeric id. Empty for what is not ours. Raises Refused (400)."""
    event = headers.get("x-gitlab-event")
    if not event:
        raise Refused(400, "no X-Gitlab-Event header")
    read = _EVENTS.get(event)
    if read is None:
        decode(_ANYTHING, body)
        return ()
    return read(body, projects)


def _is_kind(kind: str, expected: str) -> None:
    if kind != expected:
        raise Refused(400, f"the body does not fit its event: not a {expected}")


def _project(hook: _NoteHook | _MergeRequestHook | _PushHook, projects: Projects) -> Project | None:
    number = hook.project.id if hook.project and hook.project.id else hook.project_id
    return projects.get(str(number))


def _note(body: bytes, projects: Projects) -> tuple[Incoming, ...]:
    """A note on a merge request. Whatever not everybody may read is not answered where everybody reads."""
    hook = decode(_NOTE, body)
    _is_kind(hook.object_kind, "note")
    project, note = _project(hook, projects), hook.object_attributes
    is_hidden = note.system or note.internal or note.confidential or hook.event_type == "confidential_note"
    if project is None or is_hidden or needed(note.noteable_type, "noteable_type") != "MergeRequest":
        return ()
    if hook.user is None or note.author_id is None or note.action not in (None, "create", "update"):
        return ()
    return (said(note, hook.user, needed(needed(hook.merge_request, "merge_request").iid, "iid"), project),)


def said(note: Note, user: User, number: int, project: Project) -> Said | Edited:
    """`user` is who acted, who may be another than the author when a note is edited; the author's id identifies."""
    name = clean(user.username) if user.id in (None, note.author_id) else ""
    person = Person(Platform.GITLAB, str(note.author_id), name, is_bot=_BOT.fullmatch(user.username) is not None)
    thread = Thread(Platform.GITLAB, f"gitlab:{project.key}:{number}")
    key = f"gitlab:{project.id}:note:{needed(note.id, 'id')}"
    text = clean(note.note)
    if note.action == "update":
        return Edited(f"{key}:edit:{digest(moment(note.updated_at), text)}", key, person, thread, text, Dialect.MARKDOWN)
    return Said(
        key=key,
        person=person,
        thread=thread,
        text=text,
        message_id=str(note.id),
        dialect=Dialect.MARKDOWN,
        project=project.key,
        request=number,
        said_at=seconds(note.created_at),
    )


def _merge_request(body: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_MERGE_REQUEST, body)
    _is_kind(hook.object_kind, "merge_request")
    project, request = _project(hook, projects), hook.object_attributes
    if project is None:
        return ()
    is_fork = str(request.source_project_id) != project.id
    if request.action in APPROVALS:
        return (approval(needed(request.iid, "iid"), request.action, project),)
    if request.action in ("close", "merge"):
        number = needed(request.iid, "iid")
        return (closed(number, request, project, is_merged=request.action == "merge"),)
    is_ready = request.action == "update" and hook.changes and hook.changes.draft and hook.changes.draft.current is False
    is_opened = (request.action in ("open", "reopen") or is_ready) and request.author_id is not None
    found: tuple[Incoming, ...] = (opened(project, request, hook.user or User(), is_fork=is_fork),) if is_opened else ()
    if request.action == "update" and request.oldrev:
        head = needed(request.last_commit, "last_commit").id
        if is_fork:
            return (moved(needed(request.iid, "iid"), request.source_branch, sha(head), project), *found)
        found = (_pushed(project, branch(request.source_branch), request.oldrev, sha(head)), *found)
    return found


def person_of(id: int | None, username: str) -> Person:
    """An account; bots are known by their names."""
    return Person(Platform.GITLAB, str(id), clean(username), is_bot=_BOT.fullmatch(username) is not None)


def opened(project: Project, request: MergeRequest, user: User, *, is_fork: bool) -> RequestOpened:
    """`user` is who acted, who may be another than the author: then the author's name is not known here."""
    number = needed(request.iid, "iid")
    author = person_of(request.author_id, user.username if user.id == request.author_id else "")
    key = f"gitlab:{project.id}:request:{number}:{request.action}" + ("" if request.action == "open" else f":{moment(request.updated_at)}")
    said = opening(key, author, Thread(Platform.GITLAB, f"gitlab:{project.key}:{number}"), project.key, number)
    is_draft = bool(request.draft or request.work_in_progress)
    return RequestOpened(key, project.key, number, branch(request.source_branch), is_fork, is_draft, said, seconds(request.updated_at))


def moved(number: int, name: str | None, head: str, project: Project) -> RequestMoved:
    key = f"gitlab:{project.id}:request:{number}:head:{head}"
    return RequestMoved(key, project.key, number, branch(name), head)


def closed(number: int, request: MergeRequest, project: Project, *, is_merged: bool) -> RequestClosed:
    is_fork = str(request.source_project_id) != project.id
    key = f"gitlab:{project.id}:request:{number}:{'merge' if is_merged else 'close'}:{moment(request.updated_at)}"
    return RequestClosed(key, project.key, number, branch(request.source_branch), is_fork, is_merged=is_merged)


def moment(date: str | None) -> str:
    """A date as part of a key: hooks write it otherwise than the API does."""
    at = seconds(date)
    return clean(date) if at is None else str(int(at))


def _push(body: bytes, projects: Projects) -> tuple[Incoming, ...]:
    hook = decode(_PUSH, body)
    _is_kind(hook.object_kind, "push")
    project, ref = _project(hook, projects), full_ref(hook.ref)
    if project is None or ref is None:
        return ()
    if is_zeros(hook.after):
        return (BranchDeleted(f"gitlab:{project.id}:gone:{ref}:{digest(body)}", project.key, ref),)
    return (_pushed(project, ref, hook.before, hook.after),)


def _pushed(project: Project, ref: str, before: str, after: str) -> Pushed:
    """The same key for a push and for the merge request's word of it."""
    return Pushed(f"gitlab:{project.id}:push:{ref}:{sha(before)}..{sha(after)}", project.key, ref, after)


# "Confidential Note Hook", "System Hook" and "Tag Push Hook" are left out on purpose.
_EVENTS: dict[str, Callable[[bytes, Projects], tuple[Incoming, ...]]] = {
    "Note Hook": _note,
    "Merge Request Hook": _merge_request,
    "Push Hook": _push,
    "Pipeline Hook": pipeline,
}
