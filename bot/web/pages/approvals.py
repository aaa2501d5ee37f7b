"""What waits for another person's word, to be answered by a press: the line that anybody could type."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.asking import identity
from bot.domain.approval import Approval
from bot.domain.environment import Environment
from bot.domain.message import Person, Platform
from bot.replies import hours
from bot.store.transaction import Transaction
from bot.web.pages import frame, saying
from bot.web.pages.parts import Parts
from bot.web.pages.sight import View
from bot.web.session import User

_TERMINAL = {Platform.CONSOLE}  # where all who speak count as one person
_ANSWERS = ("ivy approve", "ivy reject")


@dataclass(frozen=True)
class Row:
    """`is_own`: somebody else has to answer it. `may`: the commands that this person may answer it with."""

    request: Approval
    environment: Environment
    wish: str
    until: float
    is_own: bool
    may: frozenset[str] = frozenset()


async def _answerable(rows: list[Row], parts: Parts, person: Person) -> list[Row]:
    """With the answers that the rules allow this person."""
    allowed = await parts.sight.may(person, [each.environment for each in rows], *_ANSWERS)
    return [
        each if each.is_own else replace(each, may=frozenset(said for said in _ANSWERS if (said, each.environment.id) in allowed))
        for each in rows
    ]


async def _waiting(look: Transaction, view: View, person: Person) -> list[Row]:
    mine = await look.people.identities(person)
    found = []
    for request in await look.approvals.open(look.now):
        environment = await look.environments.get(request.environment_id)
        if environment is None or request.project not in view.projects:
            continue
        until = float(request.wish["expires_at"])
        wish = f"{hours(until - environment.expires_at)} more"
        is_own = bool(mine & {identity(request.person), *request.identities}) or {person.platform, request.person.platform} == _TERMINAL
        found.append(Row(request, environment, wish, until, is_own))
    return found


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/approvals")
    async def approvals(request: Request, user: User) -> Response:
        view = await parts.sight.of(user.person)
        async with parts.store.look() as look:
            rows = await _waiting(look, view, user.person)
        rows = await _answerable(rows, parts, user.person)
        flash = await saying.flash(parts.saying, request, user)
        return frame.page("approvals.html", user, "/approvals", view, rows=rows, flash=flash)

    return routes
