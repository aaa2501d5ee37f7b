"""Services: what runs where at a glance, and one of them with its artifacts, its past and what can be pressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.artifact import Artifact
from bot.domain.beginning import covers_now
from bot.domain.catalogue import Catalogue, Service, SharedEnvironment
from bot.domain.deployment import Deployment, DeploymentState, Lock, Slot, Veto
from bot.store import deploy_overview
from bot.store.deploy_overview import Act, Places
from bot.store.transaction import Transaction
from bot.web.pages import frame, saying
from bot.web.pages.parts import Parts
from bot.web.pages.sight import View
from bot.web.session import SignedIn, User

TABS = (("/services", "Services"), ("/services/groups", "Groups"), ("/services/environments", "Environments"))
_PRESSES = ("sled deploy", "sled rollback", "sled promote", "sled release", "sled resume", "sled plan")


@dataclass(frozen=True)
class Cell:
    """One service in one environment. `artifact` None: nothing of it runs there. `drift` and `age` are for reading."""

    service: str
    environment: str
    artifact: Artifact | None = None
    slot: Slot | None = None
    working: Deployment | None = None
    failed: Deployment | None = None
    behind: int = 0
    lock: Lock | None = None
    may_run: bool = True

    @property
    def tone(self) -> str:
        if self.working:
            return "busy"
        if self.failed:
            return "bad"
        if self.artifact is None:
            return "neutral"
        return "warning" if self.behind or (self.slot and self.slot.is_beta) else "good"


@dataclass(frozen=True)
class Looked:
    """What one look at the database found, and when."""

    places: Places
    locks: Sequence[Lock]
    now: float


async def look_at(look: Transaction, services: Iterable[str]) -> Looked:
    places = await deploy_overview.places(look.connection, services)
    return Looked(places, await deploy_overview.locks_now(look.connection, look.now), look.now)


def cell_of(service: Service, environment: SharedEnvironment, looked: Looked, catalogue: Catalogue) -> Cell:
    where = (service.key, environment.key)
    known = looked.places
    slot, last = known.slots.get(where), known.last.get(where)
    is_failed = last is not None and last.state in {DeploymentState.FAILED, DeploymentState.ROLLED_BACK}
    covering = covers_now(looked.locks, *where, catalogue.groups_of(service.key), looked.now)
    return Cell(
        service=service.key,
        environment=environment.key,
        artifact=known.runs(*where),
        slot=slot,
        working=known.working.get(where),
        failed=last if is_failed else None,
        behind=known.behind.get(where, 0),
        lock=next(iter(covering), None),
        may_run=not service.environments or environment.key in service.environments,
    )


def seen_services(catalogue: Catalogue, view: View) -> list[Service]:
    """Those of projects in which somebody may look."""
    return sorted((each for each in catalogue.services.values() if each.project in view.projects), key=lambda each: each.key)


@dataclass(frozen=True)
class Built:
    """An artifact as it is listed: where it runs, and whether it may be deployed at all. A commit stands for its last build."""

    artifact: Artifact
    runs_in: tuple[str, ...]
    veto: Veto | None
    is_built_again: bool = False


def built_of(found: Sequence[Artifact], cells: Sequence[Cell], vetoes: Mapping[str, Veto]) -> list[Built]:
    newest = {each.commit: each.id for each in reversed(found)}
    runs_in = {each.id: tuple(cell.environment for cell in cells if cell.artifact and cell.artifact.id == each.id) for each in found}
    return [Built(each, runs_in[each.id], vetoes.get(each.id), newest[each.commit] != each.id) for each in found]


async def _one(parts: Parts, service: Service, request: Request) -> dict[str, Any]:
    catalogue = parts.catalogue
    environment = request.query_params.get("environment", "")
    environment = environment if environment in catalogue.environments else ""
    before = request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else 0
    async with parts.store.look() as look:
        looked = await look_at(look, [service.key])
        found = await deploy_overview.artifacts_of(look.connection, service.key)
        vetoes = await deploy_overview.vetoes_of(look.connection, service.key)
        past: Sequence[Act] = await deploy_overview.history(look.connection, service.key, environment, number)
    cells = [cell_of(service, each, looked, catalogue) for each in catalogue.in_order()]
    return {
        "service": service,
        "forge": parts.forge,
        "groups": catalogue.groups_of(service.key),
        "cells": [each for each in cells if each.may_run],
        "built": built_of(found, cells, vetoes),
        "past": past,
        "environment": environment,
        "older": past[-1].deployments[0].number if len(past) == 30 else 0,
        "now": looked.now,
    }


def not_here(user: SignedIn, view: View, key: str) -> Response:
    return frame.told(user, view, "There is no such service", f"None that you may see is called {key[:60]}.", 404)


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/services")

    @routes.get("")
    async def services(request: Request, user: User) -> Response:
        view, catalogue = await parts.sight.of(user.person), parts.catalogue
        shown = seen_services(catalogue, view)
        async with parts.store.look() as look:
            looked = await look_at(look, [each.key for each in shown])
            under_way = [each for each in await deploy_overview.acts(look.connection, [s.key for s in shown], limit=10) if each.is_open]
        rows = [(each, [cell_of(each, environment, looked, catalogue) for environment in catalogue.in_order()]) for each in shown]
        return frame.page(
            "services.html",
            user,
            "/services",
            view,
            tabs=TABS,
            tab="/services",
            rows=rows,
            columns=catalogue.in_order(),
            under_way=under_way,
            now=looked.now,
            flash=await saying.flash(parts.saying, request, user),
        )

    @routes.get("/s/{key}")
    async def service(request: Request, user: User, key: str) -> Response:
        view = await parts.sight.of(user.person)
        found = parts.catalogue.services.get(key.lower())
        if found is None or found.project not in view.projects:
            return not_here(user, view, key)
        shown = await _one(parts, found, request)
        may = {words for words in _PRESSES if found.project in await parts.sight.where(user.person, words)}
        flash = await saying.flash(parts.saying, request, user)
        return frame.page("service.html", user, f"/services/s/{found.key}", view, tabs=TABS, tab="", may=may, flash=flash, **shown)

    return routes
