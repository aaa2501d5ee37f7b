"""What is said of a rollout that needs another person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.approval import Approval
from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Rollout
from bot.domain.message import Person
from bot.domain.prose import Block, Button, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import commit, moment, say
from bot.replies.deploy import plans

LATE = "nobody said yes in time"
"""Why nothing of it begins, as the end of a sentence."""


def wanted(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], request: Approval) -> Reply:
    head = (*_what(rollout), " needs another person's word. It would change this:")
    more: list[Block] = list(plans(parts, artifacts))
    if request.reason:
        more.append(line(f"Reason: {request.reason}"))
    more.append(line("Exactly this is applied, or nothing. The request waits until ", moment(request.expires_at), "."))
    buttons = (Button("approve", f"/sled approve {request.id}"), Button("reject", f"/sled reject {request.id}"))
    return say(Tone.BUSY, *head, to=request.person, code="asks", more=more, buttons=buttons)


def approved(rollout: Rollout, request: Approval) -> Reply:
    return say(Tone.GOOD, *_what(rollout), f" may begin: approved{_by(request)}.", to=request.person)


def rejected(request: Approval) -> str:
    """Why nothing of it begins, as the end of a sentence."""
    return f"rejected{_by(request)}"


def rejection_heard(rollout: Rollout, to: Person) -> Reply:
    """Whoever asked hears the end of the rollout itself."""
    return say(Tone.NEUTRAL, *_what(rollout), ": nothing of it begins.", to=to)


def stale(rollout: Rollout, part: Deployment, instead: Artifact | None) -> Reply:
    again = " It is planned anew, and asked for again."
    if instead is None:
        where = (Strong(part.service), Text(" in "), Strong(part.environment))
        told: tuple[Span | str, ...] = (*where, " is not as it was when this was planned, so what was approved is not applied.")
    else:
        told = (*_what(rollout), " was asked for, but ", commit(instead.commit), f" of {part.service} has come since.")
    return say(Tone.WARNING, *told, again, to=rollout.person, code="stale_plan")


def too_soon(rollout: Rollout, to: Person) -> Reply:
    """To whoever approved what is no longer what it was."""
    told = " is not what you saw any more, so this counts for nothing. You are asked again as soon as it is planned anew."
    return say(Tone.WARNING, *_what(rollout), told, to=to, code="stale_plan")


def _what(rollout: Rollout) -> tuple[Span, ...]:
    return (Strong(rollout.words), Text(" to "), Strong(rollout.environment))


def _by(request: Approval) -> str:
    by = f" by {request.decider.name}" if request.decider else ""
    return by + (f": {request.comment}" if request.comment else "")
