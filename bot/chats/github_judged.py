"""What GitHub tells of what gates ask about: a check that ended, a commit's status, a review. Bytes in, values out.

docs.github.com/webhooks/webhook-events-and-payloads: check_run, status, pull_request_review
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bot.chats.wire import Id, Wire, clean, decode, sha
from bot.domain.message import Incoming, Judged
from bot.domain.project import Project
from bot.domain.record import is_ours


class _Repository(Wire):
    id: Id


class _Run(Wire):
    id: Id
    head_sha: str


class _CheckRun(Wire):
    action: str
    check_run: _Run
    repository: _Repository


class _Status(Wire):
    id: Id
    sha: str
    state: str
    repository: _Repository
    context: str = ""


class _Reviewed(Wire):
    id: Id
    state: str = ""


class _Review(Wire):
    action: str
    review: _Reviewed
    repository: _Repository


_CHECK_RUN = msgspec.json.Decoder(_CheckRun)
_STATUS = msgspec.json.Decoder(_Status)
_REVIEW = msgspec.json.Decoder(_Review)


def check_run(content: bytes, projects: Mapping[str, Project]) -> tuple[Incoming, ...]:
    hook = decode(_CHECK_RUN, content)
    project = projects.get(str(hook.repository.id))
    if project is None or hook.action != "completed":
        return ()
    head = sha(hook.check_run.head_sha)
    return (Judged(f"github:{project.id}:check:{hook.check_run.id}", project.key, head),)


def status(content: bytes, projects: Mapping[str, Project]) -> tuple[Incoming, ...]:
    """One that is over, of others: what Trellis itself says beside a commit is not asked about."""
    hook = decode(_STATUS, content)
    project = projects.get(str(hook.repository.id))
    if project is None or hook.state == "pending" or is_ours(hook.context):
        return ()
    return (Judged(f"github:{project.id}:status:{hook.id}", project.key, sha(hook.sha)),)


def review(content: bytes, projects: Mapping[str, Project]) -> tuple[Incoming, ...]:
    """A yes or a no. Which commit it counts for is the forge's to say, when it is asked."""
    hook = decode(_REVIEW, content)
    project = projects.get(str(hook.repository.id))
    if project is None or hook.action not in ("submitted", "dismissed") or hook.review.state.lower() == "commented":
        return ()
    return (Judged(f"github:{project.id}:review:{hook.review.id}:{clean(hook.action)}", project.key),)
