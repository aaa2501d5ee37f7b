"""What is said of a rollout that needs another person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bot.domain.approval import Approval
from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Rollout
from bot.domain.message import Person
from bot.domain.project import RequestEnd
from bot.domain.prose import Block, Button, Code, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import commit, moment, say, who_may
from bot.replies.deploy import plans, told_changes

LATE = "nobody said yes in time"
"""Why nothing of it begins, as the end of a sentence."""


def wanted(
    rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], request: Approval, roles: Sequence[str]
) -> Reply:
    """`roles`: those in which somebody may say yes."""
    is_news = any(told_changes(each) for each in parts)
    would = ". It would change this:" if is_news else ", though it would change nothing:"
    head = (*_what(rollout), f" needs another person's word{would}")
    more: list[Block] = list(plans(parts, artifacts))
    if request.reason:
        more.append(line(f"Reason: {request.reason}"))
    who = f"Somebody else{who_may(roles)} has to say yes. Exactly this is applied, or nothing"
    more.append(line(f"{who}; the request waits until ", moment(request.expires_at), "."))
    buttons = (Button("approve", f"/sled approve {request.id}"), Button("reject", f"/sled reject {request.id}"))
    return say(Tone.BUSY, *head, to=request.person, code="asks", more=more, buttons=buttons)


def with_way_alone(wanted: Reply, environment: str) -> Reply:
    """To somebody whom nobody could answer: all who may speak are in terminals of this machine, and count as one person."""
    trusting, open_ = Code("TRELLIS_TRUST_CONSOLE_NAMES=true"), Code("asks = false")
    told = line("In terminals everybody counts as one person. To try it alone, as two people: start Trellis with ", trusting)
    other = line(f"Or let {environment} not ask: ", open_, f" in [deploy.environments.{environment}] of trellis.toml")
    return msgspec.structs.replace(wanted, blocks=(*wanted.blocks, told, other))


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


def another_head(part: Deployment, head: str) -> str:
    """Why nothing of it begins, as the end of a sentence."""
    return f"request {part.request} has another head by now, {head[:8]}"


def request_is_over(number: int, end: RequestEnd) -> str:
    """Why something ends, as the end of a sentence."""
    return {
        RequestEnd.MERGED: f"!{number} was merged",
        RequestEnd.CLOSED: f"!{number} was closed",
        RequestEnd.GONE: f"!{number} is not there any more",
        RequestEnd.BRANCH_GONE: f"the branch of !{number} was deleted",
    }[end]


def for_nothing(rollout: Rollout, why: str, to: Person) -> Reply:
    """To whoever approved what is of a request that is over."""
    return say(Tone.WARNING, *_what(rollout), f" is over: {why}. So this counts for nothing.", to=to, code="request_closed")


def for_another_head(rollout: Rollout, part: Deployment, head: str, to: Person) -> Reply:
    """To whoever approved what its request has left behind."""
    told = f" is not what is asked for any more: {another_head(part, head)}. So this counts for nothing, and nothing of it begins."
    return say(Tone.WARNING, *_what(rollout), told, to=to, code="stale_head")


def too_soon(rollout: Rollout, to: Person) -> Reply:
    """To whoever approved what is no longer what it was."""
    told = " is not what you saw any more, so this counts for nothing. You are asked again as soon as it is planned anew."
    return say(Tone.WARNING, *_what(rollout), told, to=to, code="stale_plan")


def _what(rollout: Rollout) -> tuple[Span, ...]:
    return (Strong(rollout.words), Text(" to "), Strong(rollout.environment))


def _by(request: Approval) -> str:
    by = f" by {request.decider.name}" if request.decider else ""
    return by + (f": {request.comment}" if request.comment else "")
