"""Deploys: those of late, and one of them while it goes: how far each service is, what changes, what it says, what may be pressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot import replies
from bot.approvers import Approvers
from bot.domain.approval import Approval, ApprovalState
from bot.domain.deployment import Change, Deployment, DeploymentState, RolloutState
from bot.domain.message import Person
from bot.domain.prose import Tone
from bot.replies.common import who_may
from bot.store import deploy_overview
from bot.store.deploy_overview import Act
from bot.store.transaction import Transaction
from bot.web.pages import frame, saying
from bot.web.pages.environment import story_of
from bot.web.pages.parts import Parts
from bot.web.pages.services import seen_services
from bot.web.pages.sight import View
from bot.web.session import SignedIn, User

_EVENTS = 100
_PAGE = 30
_ANSWERS = ("sled approve", "sled reject", "sled cancel", "sled retry", "sled rollback", "sled logs")
TONES: Mapping[DeploymentState, Tone] = {
    DeploymentState.QUEUED: Tone.NEUTRAL,
    DeploymentState.WAITING: Tone.WARNING,
    DeploymentState.RUNNING: Tone.BUSY,
    DeploymentState.VERIFYING: Tone.BUSY,
    DeploymentState.SUCCEEDED: Tone.GOOD,
    DeploymentState.FAILED: Tone.BAD,
    DeploymentState.ROLLED_BACK: Tone.BAD,
    DeploymentState.CANCELLED: Tone.NEUTRAL,
    DeploymentState.PLANNED: Tone.GOOD,
}
ROLLOUT_TONES: Mapping[RolloutState, Tone] = {
    RolloutState.OPEN: Tone.BUSY,
    RolloutState.SUCCEEDED: Tone.GOOD,
    RolloutState.FAILED: Tone.BAD,
    RolloutState.CANCELLED: Tone.NEUTRAL,
    RolloutState.PLANNED: Tone.GOOD,
}
SIGNS = {"create": "+", "update": "~", "remove": "\N{MINUS SIGN}", "keep": "="}


@dataclass(frozen=True)
class Asking:
    """What waits for another person's word here, and whether this person is one who may say it."""

    request: Approval
    is_own: bool
    who: str


def kept(changes: tuple[Change, ...]) -> int:
    return sum(each.action == "keep" for each in changes)


def told_changes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Those that change something."""
    return tuple(each for each in changes if each.action != "keep")


def rerun_line(act: Act) -> str:
    """The line that asks for the same again."""
    return f"/sled deploy {act.rollout.words} --to {act.rollout.environment}"


def back_line(act: Act, *, runs: bool) -> str:
    """The line that takes it back while it runs, and back to it when something else does."""
    names = " ".join(each.partition("@")[0] for each in act.rollout.words.split())
    line = f"/sled rollback {names} --to {act.rollout.environment}"
    return line if runs else f"{line} --to-deploy {act.rollout.number}"


async def _runs(look: Transaction, act: Act) -> bool:
    """Whether anything that it brought is what runs now."""
    slots = await look.slots.of(act.services, act.rollout.environment)
    return bool({each.deployment_id for each in slots} & {each.id for each in act.deployments})


def retryable(act: Act) -> Deployment | None:
    return next((each for each in act.deployments if each.state in {DeploymentState.FAILED, DeploymentState.ROLLED_BACK}), None)


def may_look(act: Act | None, services: frozenset[str]) -> bool:
    return act is not None and act.services <= services


async def _asking(look: Transaction, act: Act, person: Person, approvers: Approvers) -> Asking | None:
    rollout = act.rollout
    request = await look.approvals.get(rollout.approval_id) if rollout.approval_id else None
    if request is None or request.state is not ApprovalState.OPEN or look.now >= request.expires_at:
        return None
    mine = await look.people.identities(person)
    who = who_may(approvers.of_deploy(act.services, rollout.environment, request.person))
    return Asking(request, approvers.is_own(person, request, mine), who)


def not_here(user: SignedIn, view: View, number: str) -> Response:
    return frame.told(user, view, "There is no such deploy", f"None that you may see has the number {number[:20]}.", 404)


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/deploys")

    @routes.get("")
    async def deploys(request: Request, user: User, before: str = "") -> Response:
        view = await parts.sight.of(user.person)
        names = frozenset(each.key for each in seen_services(parts.catalogue, view))
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else 0
        async with parts.store.look() as look:
            found = await deploy_overview.acts(look.connection, names, number, _PAGE)
        older = found[-1].rollout.number if len(found) == _PAGE else 0
        flash = await saying.flash(parts.saying, request, user)
        return frame.page("deploys.html", user, "/deploys", view, acts=found, older=older, tones=ROLLOUT_TONES, flash=flash)

    @routes.get("/{number}")
    async def deploy(request: Request, user: User, number: str) -> Response:
        view = await parts.sight.of(user.person)
        names = frozenset(each.key for each in seen_services(parts.catalogue, view))
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return not_here(user, view, number)
        async with parts.store.look() as look:
            act = await deploy_overview.act(look.connection, int(number))
            if act is None or not may_look(act, names):
                return not_here(user, view, number)
            asking = await _asking(look, act, user.person, parts.approvers)
            runs = await _runs(look, act)
            events = await look.events_of(act.rollout.id, _EVENTS)
            now = look.now
        projects = {parts.catalogue.services[each.service].project for each in act.deployments}
        may = {words for words in _ANSWERS if projects <= await parts.sight.where(user.person, words)}
        return frame.page(
            "deploy.html",
            user,
            f"/deploys/{act.rollout.number}",
            view,
            act=act,
            it=act.rollout,
            asking=asking,
            may=may,
            again=rerun_line(act),
            back=back_line(act, runs=runs),
            runs=runs,
            retryable=retryable(act),
            tones=TONES,
            rollout_tone=ROLLOUT_TONES[act.rollout.state],
            signs=SIGNS,
            told_changes=told_changes,
            kept=kept,
            story=story_of(events),
            now=now,
            flash=await saying.flash(parts.saying, request, user),
            brief_of=replies.brief,
        )

    return routes
