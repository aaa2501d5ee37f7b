"""What is said of a request for approval."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.approval import Approval, ApprovalState
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.domain.prose import Block, Button, Code, Reply, Strong, Tone, line
from bot.replies.common import hours, moment, say, typed, who_may


def wanted(environment: Environment, request: Approval, cap_s: float, price: str, roles: Sequence[str]) -> Reply:
    """`price`: what the longer life costs, as `€1.10`, or nothing; `roles`: who may approve."""
    more_s = float(request.wish["expires_at"]) - environment.expires_at
    cost = f" for {price}" if price else ""
    head = (Strong(environment.slug), f" would live longer than {hours(cap_s)} in all: {hours(more_s)} more{cost}, until ")
    rest = line(f"Somebody else{who_may(roles)} has to say yes; the request waits until ", moment(request.expires_at), ".")
    more: list[Block] = [rest]
    if request.reason:
        more.insert(0, line(f"Reason: {request.reason}"))
    buttons = (Button("approve", f"/ivy approve {request.id}"), Button("reject", f"/ivy reject {request.id}"))
    end = moment(float(request.wish["expires_at"]))
    return say(Tone.BUSY, *head, end, ".", to=request.person, code="over_cap", more=more, buttons=buttons)


def _by(request: Approval) -> str:
    by = f" by {request.decider.name}" if request.decider else ""
    return by + (f": {request.comment}" if request.comment else "")


def approved(environment: Environment, request: Approval, seconds: float) -> Reply:
    head = (Strong(environment.slug), f" has {hours(seconds)} more and goes ", moment(environment.expires_at), ".")
    return say(Tone.GOOD, *head, to=request.person, more=(line(f"Approved{_by(request)}."),))


def rejected(environment: Environment, request: Approval) -> Reply:
    head = (Strong(environment.slug), " gets no more time, and goes ", moment(environment.expires_at), ".")
    return say(Tone.WARNING, *head, to=request.person, code="rejected", more=(line(f"Rejected{_by(request)}."),))


def answered(environment: Environment, request: Approval) -> Reply:
    if request.state is ApprovalState.APPROVED:
        head = (Strong(environment.slug), " goes ", moment(environment.expires_at), f": approved{_by(request)}.")
        return say(Tone.GOOD, *head, to=request.person)
    return rejected(environment, request)


def nobody_answered(environment: Environment, request: Approval) -> Reply:
    more_s = float(request.wish["expires_at"]) - environment.expires_at
    head = (
        Strong(environment.slug),
        f" gets no {hours(more_s)} more: nobody answered in time. It goes ",
        moment(environment.expires_at),
        ".",
    )
    again = line("Ask again: ", Code(typed("extend", environment)))
    return say(Tone.WARNING, *head, to=request.person, code="too_late", more=(again,))


def took_its_place(environment: Environment, request: Approval, by: Person) -> Reply:
    end = moment(float(request.wish["expires_at"]))
    head = ("Another request, of ", by.name, ", took the place of yours: ", Strong(environment.slug), " until ", end, ".")
    return say(Tone.WARNING, *head, to=request.person, code="void")


def waits_already(request: Approval, to: Person) -> Reply:
    head = ("This was asked for already, and waits until ", moment(request.expires_at), ".")
    buttons = (Button("approve", f"/ivy approve {request.id}"), Button("reject", f"/ivy reject {request.id}"))
    return say(Tone.BUSY, *head, to=to, code="over_cap", buttons=buttons)
