"""The API, wired."""

from __future__ import annotations

from fastapi import FastAPI

from bot.app.catalogue import catalogue_of
from bot.app.edges import Edges
from bot.app.sources import sources_of
from bot.app.terms import limits_of
from bot.merges import Merges
from bot.settings import Settings
from bot.store.api_commands import ApiCommands
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.store.tokens import Tokens
from bot.web.api.app import api_app
from bot.web.api.caller import Callers
from bot.web.api.parts import Parts
from bot.web.pages.parts import Parts as Pages
from bot.web.session import SignIn
from bot.worker.patience import PatientForge


def api_of(settings: Settings, store: Store, inbox: Inbox, pages: Pages, edges: Edges, sign_in: SignIn, console_token: str) -> FastAPI:
    """It sees and watches what the pages do."""
    tokens = Tokens(store)
    merges = Merges({kind: PatientForge(forge, kind, store) for kind, forge in edges.forges.items()}, pages.runtime)
    parts = Parts(
        store=store,
        inbox=inbox,
        tokens=tokens,
        commands=ApiCommands(store),
        ears=pages.saying.ears,
        sight=pages.sight,
        runtime=pages.runtime,
        money=pages.money,
        observing=pages.observing,
        watch=pages.watch,
        catalogue=catalogue_of(settings),
        projects=pages.projects,
        merges=merges,
        approvers=pages.approvers,
        sources=sources_of(settings),
        cap_s=limits_of(settings).cap_s,
    )
    return api_app(parts, Callers(store, tokens, console_token), sign_in)
