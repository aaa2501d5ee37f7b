"""What waits for another person's word, to be answered by a press: the line that anybody could type."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.approvers import Approvers
from bot.domain.approval import DEPLOY, Approval
from bot.domain.deployment import Deployment
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.replies import hours
from bot.replies.common import who_may
from bot.store import deploy_overview
from bot.store.deploy_overview import Act
from bot.store.transaction import Transaction
from bot.web.pages import frame, saying
from bot.web.pages.deploys import SIGNS, kept, told_changes
from bot.web.pages.parts import Parts
from bot.web.pages.services import seen_services
from bot.web.pages.sight import View
from bot.web.session import User

_ANSWERS = ("ivy approve", "ivy reject")
_DEPLOY_ANSWERS = ("sled approve", "sled reject")


@dataclass(frozen=True)
class Row:
    """`is_own`: somebody else has to answer it. `who` is admin here may. `may`: the commands that this person may answer it with."""

    request: Approval
    environment: Environment
    wish: str
    until: float
    is_own: bool
    who: str = ""
    may: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """A deploy that waits for a yes, with what each of its services would change."""

    request: Approval
    act: Act
    is_own: bool
    who: str = ""
    may: frozenset[str] = frozenset()

    @property
    def plans(self) -> tuple[Deployment, ...]:
        """What would be approved."""
        return tuple(each for each in self.act.deployments if each.id in self.request.wish)


async def _answerable(rows: list[Row], parts: Parts, person: Person) -> list[Row]:
    """With the answers that the rules allow this person."""
    allowed = await parts.sight.may(person, [each.environment for each in rows], *_ANSWERS)
    return [
        each if each.is_own else replace(each, may=frozenset(said for said in _ANSWERS if (said, each.environment.id) in allowed))
        for each in rows
    ]


async def _waiting(look: Transaction, view: View, person: Person, approvers: Approvers) -> list[Row]:
    mine = await look.people.identities(person)
    found = []
    for request in await look.approvals.open(look.now):
        environment = await look.environments.get(request.environment_id) if request.kind != DEPLOY else None
        if environment is None or request.project not in view.projects:
            continue
        until = float(request.wish["expires_at"])
        wish = f"{hours(until - environment.expires_at)} more"
        who = who_may(approvers.of_life(environment, request.person))
        found.append(Row(request, environment, wish, until, approvers.is_own(person, request, mine), who))
    return found


async def _deploys(look: Transaction, services: frozenset[str], person: Person, approvers: Approvers) -> list[Asked]:
    mine = await look.people.identities(person)
    found = []
    for request in await look.approvals.open(look.now):
        rollout = await look.rollouts.get(request.environment_id) if request.kind == DEPLOY else None
        act = await deploy_overview.act(look.connection, rollout.number) if rollout else None
        if act is not None and act.services <= services:
            who = who_may(approvers.of_deploy(act.services, act.rollout.environment, request.person))
            found.append(Asked(request, act, approvers.is_own(person, request, mine), who))
    return found


async def _answerable_deploys(asked: list[Asked], parts: Parts, person: Person) -> list[Asked]:
    where = {words: await parts.sight.where(person, words) for words in _DEPLOY_ANSWERS} if asked else {}
    known = parts.catalogue.services
    return [
        replace(each, may=frozenset(words for words in where if {known[name].project for name in each.act.services} <= where[words]))
        for each in asked
    ]


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/approvals")
    async def approvals(request: Request, user: User) -> Response:
        view = await parts.sight.of(user.person)
        async with parts.store.look() as look:
            services = frozenset(each.key for each in seen_services(parts.catalogue, view))
            rows = await _waiting(look, view, user.person, parts.approvers)
            deploys = await _deploys(look, services, user.person, parts.approvers)
        rows = await _answerable(rows, parts, user.person)
        deploys = await _answerable_deploys(deploys, parts, user.person)
        flash = await saying.flash(parts.saying, request, user)
        return frame.page(
            "approvals.html",
            user,
            "/approvals",
            view,
            rows=rows,
            deploys=deploys,
            flash=flash,
            signs=SIGNS,
            told_changes=told_changes,
            kept=kept,
        )

    return routes
