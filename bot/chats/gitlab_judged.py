"""What GitLab tells of what gates ask about: a pipeline that ended, an approval given or taken back. Bytes in, values out.

docs.gitlab.com/user/project/integrations/webhook_events: pipeline events, merge request events
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from bot.chats.wire import Id, Wire, decode, sha
from bot.domain.message import Incoming, Judged
from bot.domain.project import Project

# docs.gitlab.com/api/pipelines: all others are on their way to one of these. A manual one waits for somebody.
_OVER = frozenset({"success", "failed", "canceled", "skipped", "manual"})
APPROVALS = frozenset({"approved", "unapproved", "approval", "unapproval"})
"""What became of a request's approvals, as the `action` of its event."""


class _Project(Wire):
    id: Id


class _Pipeline(Wire):
    id: Id
    sha: str
    status: str


class _PipelineHook(Wire):
    object_kind: Literal["pipeline"]
    object_attributes: _Pipeline
    project: _Project


_PIPELINE = msgspec.json.Decoder(_PipelineHook)


def pipeline(body: bytes, projects: Mapping[str, Project]) -> tuple[Incoming, ...]:
    hook = decode(_PIPELINE, body)
    project, it = projects.get(str(hook.project.id)), hook.object_attributes
    if project is None or it.status not in _OVER:
        return ()
    return (Judged(f"gitlab:{project.id}:pipeline:{it.id}:{it.status}", project.key, sha(it.sha)),)


def approval(number: int, action: str, project: Project) -> Judged:
    """Which commit it counts for is the forge's to say, when it is asked."""
    return Judged(f"gitlab:{project.id}:request:{number}:{action}", project.key)
