"""Environments, their events and logs, and the audit log: only of projects in which the caller may look."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from bot import refusals
from bot.cards import stages_of
from bot.context_ports import RuntimeUnavailable
from bot.domain.environment import Environment, State
from bot.domain.errors import UserError
from bot.store import audit, overview
from bot.web.api.caller import Caller, Reader
from bot.web.api.parts import Parts
from bot.web.api.shapes import EnvironmentPage, EventPage, LogLine, LogShape, environment_shape, event_shape
from bot.web.api.stages import OneEnvironmentShape, ServiceShape, one_environment_shape
from bot.web.problem import Problem

_TAIL = 200
Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int, Query(ge=0, le=2**62, description="the `next` of the page before")]
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


async def environment_of(parts: Parts, caller: Caller, slug: str, words: str = "") -> Environment:
    """One that the caller may see, and say `words` about; whether there is another of that name is nobody's business."""
    found = await _found(parts, caller, slug)
    if words and not await parts.sight.may(caller.person, [found], words):
        raise Problem(403, "not_allowed", f"You may not run /{words} about it, and so not read it here.")
    return found


async def _services(parts: Parts, it: Environment) -> list[ServiceShape]:
    """As its page shows them; nothing runs of one that is paused or gone."""
    is_up = it.is_live and not it.is_paused
    observed = await parts.observing.services(it.id) if is_up else None
    healthy = {each.name: each.is_healthy for each in observed or ()}
    otherwise = None if observed is None else False
    return [ServiceShape(name=name, healthy=healthy.get(name, otherwise)) for name in it.service_names]


async def _found(parts: Parts, caller: Caller, slug: str) -> Environment:
    projects = (await parts.sight.of(caller.person)).projects
    async with parts.store.look() as look:
        found = await look.environments.by_slug(slug.lower()) if "\0" not in slug else None
        if found is not None and found.project in projects:
            return found
        known = await look.environments.slugs(projects)
    raise problem_of(refusals.unknown_environment(slug, known), 404)


def problem_of(error: UserError, status: int) -> Problem:
    return Problem(status, error.code, str(error))


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["environments"])

    @routes.get("/environments")
    async def environments(
        caller: Reader,
        project: Text = "",
        owner: Text = "",
        state: State | None = None,
        text: Text = "",
        cursor: Text = "",
        limit: Limit = 50,
        *,
        mine: bool = False,
        past: bool = False,
    ) -> EnvironmentPage:
        """The youngest first."""
        projects = (await parts.sight.of(caller.person)).projects
        async with parts.store.look() as look:
            accounts = await look.people.accounts_of(caller.person) if mine else ()
            me = [(str(each.platform), each.id) for each in accounts] if mine else None
            wanted = overview.Wanted(projects, past, me, project, owner, str(state or ""), text, cursor, limit)
            page = await overview.page(look.connection, wanted)
        shown = await parts.sight.as_told(caller.person, page.environments)
        return EnvironmentPage(environments=[environment_shape(each) for each in shown], next=page.next)

    @routes.get("/environments/{slug}")
    async def environment(slug: str, caller: Reader) -> OneEnvironmentShape:
        """The live one of that name, else the last that bore it."""
        [it] = await parts.sight.as_told(caller.person, [await environment_of(parts, caller, slug, "ivy status")])
        async with parts.store.look() as look:
            stages = stages_of(it, await look.events_of(it.id), {}, look.now)
        return one_environment_shape(it, stages, await _services(parts, it))

    @routes.get("/environments/{slug}/events")
    async def events_of(slug: str, caller: Reader, before: Before = 0, limit: Limit = 50) -> EventPage:
        found = await environment_of(parts, caller, slug, "ivy history")
        return await _trail(parts, audit.Asked(frozenset({found.project}), environment_id=found.id, before=before, limit=limit))

    @routes.get("/environments/{slug}/logs")
    async def logs(slug: str, caller: Reader, service: Text = "", tail: Annotated[int, Query(ge=1, le=2000)] = _TAIL) -> LogShape:
        """The last lines that its services wrote, oldest first."""
        found = await environment_of(parts, caller, slug, "ivy logs")
        services = found.log_names
        if service and services and service not in services:
            raise problem_of(refusals.unknown_service(service, services), 404)
        try:
            lines = await parts.runtime.logs(found.id, service or None, tail)
        except RuntimeUnavailable:
            raise Problem(503, "unavailable", "The place where environments run does not answer now.", {"Retry-After": "5"}) from None
        if not lines and found.failure:
            lines = [(found.failure.stage, text) for text in found.failure.log]
        return LogShape(lines=[LogLine(service=name, text=text) for name, text in lines])

    _audit(routes, parts)
    return routes


async def _trail(parts: Parts, asked: audit.Asked) -> EventPage:
    async with parts.store.look() as look:
        trail = await audit.trail(look.connection, asked)
    return EventPage(events=[event_shape(each) for each in trail.entries], next=trail.next)


def _audit(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/audit", tags=["audit"])
    async def audit_log(
        caller: Reader,
        kind: Text = "",
        actor: Text = "",
        project: Text = "",
        environment: Text = "",
        before: Before = 0,
        limit: Limit = 100,
        *,
        denied: bool = False,
    ) -> EventPage:
        """Who or what did what, for admins; `denied`: only what somebody tried and may not."""
        view = await parts.sight.of(caller.person)
        if not view.is_operator:
            raise Problem(403, "not_allowed", "The audit log needs the role admin.")
        environment_id = (await environment_of(parts, caller, environment)).id if environment else ""
        return await _trail(
            parts, audit.Asked(view.projects, view.is_operator, kind, actor, project, environment_id, denied, before, limit)
        )
