"""The dashboard, wired: what its pages see, say and watch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bot.app.catalogue import catalogue_of
from bot.app.edges import Edges, approvers_of, close_all, projects_of, rules_of
from bot.app.engines import Place
from bot.app.markets import offer_of
from bot.app.people import members_of
from bot.app.terms import price_source
from bot.bus import Bus
from bot.domain.forge_pages import ForgePages, github_base
from bot.domain.project import ForgeKind, Project
from bot.settings import Settings
from bot.store.console import ConsoleStore
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.web.costs import Money
from bot.web.pages.observing import Observing
from bot.web.pages.parts import Check, Parts
from bot.web.pages.saying import Saying
from bot.web.pages.sight import Sight
from bot.web.watch import Watch
from bot.worker.market_feed import Certificates
from bot.worker.patience import LookingForge, PatientForge
from bot.worker.runtime import EngineRuntime

_SAMPLE = "sample"


def money_of(settings: Settings) -> Money:
    return Money(price_source(settings), ZoneInfo(settings.time_zone))


def forge_pages_of(settings: Settings, projects: Mapping[str, Project]) -> ForgePages:
    bases = {}
    if settings.github:
        bases[ForgeKind.GITHUB] = github_base(settings.github.api_url)
    if settings.gitlab:
        bases[ForgeKind.GITLAB] = settings.gitlab.url.rstrip("/")
    return ForgePages(projects, bases)


class Judging:
    """The bus, for looking only, made when it is asked for first."""

    def __init__(self, settings: Settings, store: Store, edges: Edges) -> None:
        self._settings = settings
        self._store = store
        self._edges = edges
        self._lock = asyncio.Lock()
        self._bus: Bus | None = None

    async def bus(self) -> Bus:
        async with self._lock:
            if self._bus is None:
                runtime = EngineRuntime(self._edges.place.engine, self._edges.place.repositories, offer_of(self._settings))
                patient = {kind: PatientForge(forge, kind, self._store) for kind, forge in self._edges.forges.items()}
                forges = {kind: LookingForge(forge) for kind, forge in patient.items()}
                rules, members = await rules_of(self._settings, {}), members_of(self._edges.chats)
                self._bus = Bus(self._store, runtime, forges, rules, members)
        return self._bus

    async def close(self) -> None:
        await close_all([*self._edges.forges.values(), *self._edges.chats.values()])


def parts_of(
    settings: Settings, store: Store, place: Place, inbox: Inbox, judging: Judging, checks: Mapping[str, Check], market: Certificates
) -> Parts:
    lines = ConsoleStore(store)
    projects = projects_of(settings)
    return Parts(
        store=store,
        sight=Sight(judging.bus),
        saying=Saying(inbox, lines),
        lines=lines,
        runtime=EngineRuntime(place.engine, place.repositories, offer_of(settings), market=market),
        observing=Observing(place.engine),
        watch=Watch(store),
        approvers=approvers_of(settings),
        projects=projects,
        checks=checks,
        catalogue=catalogue_of(settings),
        zone=settings.time_zone,
        money=money_of(settings),
        links=settings.links,
        forge=forge_pages_of(settings, projects),
        demo="demo" if _SAMPLE in projects else "",
    )
