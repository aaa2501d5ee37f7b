"""Deploy groups, and the shared environments with their order, locks and freezes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain import freezes
from bot.domain.catalogue import MONO, Catalogue, DeployGroup, SharedEnvironment
from bot.domain.deployment import Lock
from bot.domain.freezes import Window
from bot.domain.scopes import Scope, ScopeKind
from bot.web.pages import frame, locking, saying
from bot.web.pages.parts import Parts
from bot.web.pages.services import TABS, Cell, cell_of, look_at, seen_services
from bot.web.session import User


@dataclass(frozen=True)
class Shown:
    """`windows` are the freezes that hold now or begin within two weeks."""

    environment: SharedEnvironment
    locks: tuple[Held, ...]
    windows: tuple[Window, ...]
    frozen: Window | None
    runs: int
    under_way: int


def groups_of(catalogue: Catalogue, seen: frozenset[str]) -> list[DeployGroup]:
    """Those of which every service may be seen; everything last."""
    names = sorted(set(catalogue.groups) - {MONO})
    found = [group for name in (*names, MONO) if (group := catalogue.group(name)) is not None]
    return [each for each in found if set(each.services) <= seen]


@dataclass(frozen=True)
class Held:
    """A lock with its scope as people say it."""

    lock: Lock
    scope: Scope

    def is_about(self, environment: str) -> bool:
        return self.scope.kind is ScopeKind.ALL or environment in {self.scope.environment, self._own}

    @property
    def _own(self) -> str:
        return self.scope.name if self.scope.kind is ScopeKind.ENVIRONMENT else ""


def held_of(locks: Sequence[Lock]) -> list[Held]:
    found = [Held(each, Scope.stored(each.scope)) for each in locks]
    return sorted(found, key=lambda each: (-each.scope.breadth, each.lock.created_at))


def windows_of(environment: SharedEnvironment, now: float) -> tuple[Window, ...]:
    """The freezes that hold now or begin soon."""
    return freezes.windows(environment.freezes, now, now + freezes.LOOK_AHEAD_S)


def shown_of(environment: SharedEnvironment, cells: Sequence[Cell], locks: Sequence[Held], windows: Sequence[Window], now: float) -> Shown:
    here = [each for each in cells if each.environment == environment.key]
    return Shown(
        environment=environment,
        locks=tuple(each for each in locks if each.is_about(environment.key)),
        windows=tuple(windows),
        frozen=next((each for each in windows if each.begin <= now), None),
        runs=sum(each.artifact is not None for each in here),
        under_way=sum(each.working is not None for each in here),
    )


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/services")

    @routes.get("/groups")
    async def groups(request: Request, user: User) -> Response:
        view, catalogue = await parts.sight.of(user.person), parts.catalogue
        services = seen_services(catalogue, view)
        found = groups_of(catalogue, frozenset(each.key for each in services))
        async with parts.store.look() as look:
            looked = await look_at(look, [each.key for each in services])
        cells = {
            (service.key, environment.key): cell_of(service, environment, looked, catalogue)
            for service in services
            for environment in catalogue.in_order()
        }
        return frame.page(
            "groups.html",
            user,
            "/services",
            view,
            tabs=TABS,
            tab="/services/groups",
            groups=found,
            cells=cells,
            columns=catalogue.in_order(),
            may={words for words in ("sled deploy", "sled plan", "sled rollback") if await parts.sight.where(user.person, words)},
            now=looked.now,
            flash=await saying.flash(parts.saying, request, user),
        )

    @routes.get("/environments")
    async def environments(request: Request, user: User) -> Response:
        view, catalogue = await parts.sight.of(user.person), parts.catalogue
        services = seen_services(catalogue, view)
        async with parts.store.look() as look:
            looked = await look_at(look, [each.key for each in services])
        cells = [cell_of(service, each, looked, catalogue) for service in services for each in catalogue.in_order()]
        held, seen = held_of(looked.locks), [each.key for each in services]
        rows = [shown_of(each, cells, held, windows_of(each, looked.now), looked.now) for each in catalogue.in_order()]
        return frame.page(
            "shared.html",
            user,
            "/services",
            view,
            tabs=TABS,
            tab="/services/environments",
            rows=rows,
            elsewhere=[each for each in held if not any(each.is_about(key) for key in catalogue.environments)],
            may={words for words in ("sled lock", "sled unlock") if await parts.sight.where(user.person, words)},
            scopes=locking.scopes_of(catalogue, seen, [each.key for each in groups_of(catalogue, frozenset(seen)) if each.key != MONO]),
            times=locking.TIMES,
            now=looked.now,
            flash=await saying.flash(parts.saying, request, user),
        )

    return routes
