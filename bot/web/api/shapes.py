"""What the API says, as typed shapes; the OpenAPI description is made of them. Times are RFC 3339 in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from bot.domain.approval import Approval
from bot.domain.command import Event
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.store.audit import Entry
from bot.store.tokens import Scope, Token


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else at(seconds)


class ProblemShape(BaseModel):
    """An error (RFC 9457). `code` is stable, and the same as in chat where there is such a reason."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class PersonShape(BaseModel):
    platform: str
    id: str
    name: str


def person_shape(person: Person) -> PersonShape:
    return PersonShape(platform=person.platform, id=person.id, name=person.name)


class WhoAmI(BaseModel):
    """`csrf` is for browsers only: it goes into the header X-CSRF-Token of what changes something."""

    person: PersonShape
    scopes: list[Scope]
    projects: list[str]
    csrf: str = ""


class AddressShape(BaseModel):
    service: str
    url: str


class FailureShape(BaseModel):
    code: str
    reason: str
    stage: str
    log: list[str]


class DataShape(BaseModel):
    """`loaded`: the dataset that is in it, "" for none; `coming`: the one that is still to be; `offered`: name → what it is."""

    loaded: str
    coming: str
    offered: dict[str, str] = Field(description="what `/ivy update SLUG --seed NAME` may name, as of the commit that was made last")


class EnvironmentShape(BaseModel):
    slug: str
    project: str
    branch: str
    name: str
    request: int | None
    owner: PersonShape
    state: str
    stage: str
    sha: str
    running_sha: str
    is_pinned: bool
    size: str
    engine: str = Field(description="what makes it: local, local-env or branch-env; empty for those of before there were several")
    created_at: datetime
    expires_at: datetime
    gone_at: datetime | None
    gone_reason: str
    addresses: list[AddressShape]
    data: DataShape
    failure: FailureShape | None


def environment_shape(it: Environment) -> EnvironmentShape:
    return EnvironmentShape(
        slug=it.slug,
        project=it.project,
        branch=it.branch,
        name=it.name,
        request=it.request,
        owner=person_shape(it.owner),
        state=it.state,
        stage=it.stage,
        sha=it.sha,
        running_sha=it.running_sha,
        is_pinned=it.is_pinned,
        size=it.size,
        engine=it.engine,
        created_at=at(it.created_at),
        expires_at=at(it.expires_at),
        gone_at=moment(it.gone_at),
        gone_reason=it.gone_reason,
        addresses=[AddressShape(service=each.service, url=each.url) for each in it.addresses],
        data=DataShape(loaded=it.seeds.loaded, coming=it.seeds.dataset if it.seeds.is_due else "", offered=it.seeds.offered),
        failure=_failure(it),
    )


def _failure(it: Environment) -> FailureShape | None:
    found = it.failure
    return FailureShape(code=found.code, reason=found.reason, stage=found.stage, log=list(found.log)) if found else None


class EnvironmentPage(BaseModel):
    """`next` is the cursor of what follows; "" at the end."""

    environments: list[EnvironmentShape]
    next: str


class EventShape(BaseModel):
    id: int
    at: datetime
    kind: str
    environment: str = Field(description="its slug, where there is one")
    project: str
    actor: str
    data: dict[str, Any]


def event_shape(entry: Entry) -> EventShape:
    return event_of(entry.id, entry.event, entry.slug)


def event_of(id: int, event: Event, slug: str) -> EventShape:
    data = dict(event.data)
    return EventShape(id=id, at=at(event.at), kind=event.kind, environment=slug, project=event.project, actor=event.actor, data=data)


class EventPage(BaseModel):
    """The newest first. `next` is the cursor of what follows; 0 at the end."""

    events: list[EventShape]
    next: int


class ApprovalShape(BaseModel):
    """`wish` is what is approved, to the letter; times in it are seconds since the epoch.

    Somebody else who has one of these `roles` may answer; none: no role alone may.

    For a deploy `environment` is the shared one that it goes to, `deploy` its number, and `wish` the plan hash and base of each deployment.
    """

    id: str
    kind: str
    environment: str
    project: str
    person: PersonShape
    reason: str
    wish: dict[str, float | str]
    deploy: int | None = None
    roles: list[str]
    created_at: datetime
    expires_at: datetime


class ApprovalList(BaseModel):
    approvals: list[ApprovalShape]


def approval_shape(it: Approval, slug: str, roles: Iterable[str], deploy: int | None = None) -> ApprovalShape:
    return ApprovalShape(
        id=it.id,
        kind=it.kind,
        environment=slug,
        project=it.project,
        person=person_shape(it.person),
        reason=it.reason,
        wish=dict(it.wish),
        deploy=deploy,
        roles=[str(each) for each in roles],
        created_at=at(it.created_at),
        expires_at=at(it.expires_at),
    )


class LogLine(BaseModel):
    service: str
    text: str


class LogShape(BaseModel):
    lines: list[LogLine]


class Saying(BaseModel):
    """Words as one would say them in a direct message; several lines are several commands, five at most."""

    text: str = Field(min_length=1, max_length=64 * 1024, examples=["/ivy create sample:demo"])


class ReplyShape(BaseModel):
    """What was answered: as plain text, and as prose of blocks and spans."""

    text: str
    tone: str
    code: str | None
    prose: dict[str, Any]


class CommandShape(BaseModel):
    words: str
    line: str
    state: str
    code: str
    environment: str | None
    created_at: datetime
    ended_at: datetime | None


class SaidShape(BaseModel):
    """`state`: waiting, running, done, failed, refused or cancelled. `card` is the newest drawing of what is being worked on."""

    id: str
    state: str
    commands: list[CommandShape]
    replies: list[ReplyShape]
    card: str | None


class NewToken(BaseModel):
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    days: float = Field(default=90, gt=0, le=366, description="after how many days it is worth nothing")


class TokenShape(BaseModel):
    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class MadeToken(TokenShape):
    """`token` is shown this once."""

    token: str


class TokenList(BaseModel):
    tokens: list[TokenShape]


def token_shape(token: Token) -> TokenShape:
    return TokenShape(**token_fields(token))


def token_fields(token: Token) -> dict[str, Any]:
    times = {name: moment(getattr(token, name)) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    return {"id": token.id, "name": token.name, "scopes": list(token.scopes), **times}


def prose_of(body: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(body)
    return found
