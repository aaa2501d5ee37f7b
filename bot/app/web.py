"""The web part, wired: hooks, console, sign-in, pages and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from bot.app.api import api_of
from bot.app.dashboard import Judging, parts_of
from bot.app.deploys import deploys_of
from bot.app.edges import Edges, close_all, forges_of, projects_of, slack_of
from bot.app.engines import Place
from bot.app.github import access_of
from bot.app.market_feed import NatsFeed
from bot.app.providers import providers_of
from bot.app.socket import listening
from bot.app.trading_keys import VaultKeys
from bot.app.traefik import add_traefik
from bot.chats import github_wire, gitlab_wire
from bot.chats.github_access import Access
from bot.chats.slack_hook import SlackHook
from bot.domain.project import ForgeKind
from bot.redaction import KNOWN
from bot.settings import Settings
from bot.settings.secrets import secrets_of
from bot.store.console import ConsoleStore
from bot.store.inbox import Inbox
from bot.store.sessions import Sessions
from bot.store.store import Store
from bot.store.web_people import WebPeople
from bot.web import console, health, hooks, login, login_with, metrics, schema, session
from bot.web.pages import frame, routes
from bot.web.site import Front, Site, site_of
from bot.worker.doorbell import connect
from bot.worker.market_feed import Certificates
from bot.worker.worker import BEAT_NAME
from provisioner.engine import Engine


def _github_source(settings: Settings) -> hooks.Source | None:
    if settings.github is None:
        return None
    by_id = {project.id: project for project in projects_of(settings).values() if project.forge is ForgeKind.GITHUB}
    secret = settings.github.webhook_secret.get_secret_value()
    return hooks.Source(
        "github",
        lambda headers, body, now: github_wire.verify(headers, body, secret=secret, now=now),
        lambda headers, body: github_wire.parse(headers, body, by_id),
    )


def _gitlab_source(settings: Settings) -> hooks.Source | None:
    if settings.gitlab is None:
        return None
    by_id = {project.id: project for project in projects_of(settings).values() if project.forge is ForgeKind.GITLAB}
    token, signing = settings.gitlab.webhook_secret.get_secret_value(), settings.gitlab.signing_secret.get_secret_value()
    return hooks.Source(
        "gitlab",
        lambda headers, body, now: gitlab_wire.verify(headers, body, token=token, signing_secret=signing, now=now),
        lambda headers, body: gitlab_wire.parse(headers, body, by_id),
    )


def _add_hooks(app: FastAPI, settings: Settings, inbox: Inbox) -> None:
    for platform, source in (("github", _github_source(settings)), ("gitlab", _gitlab_source(settings))):
        app.router.routes.append(hooks.forge_route(source, inbox) if source else hooks.closed_route(platform))
    if settings.slack and settings.slack.signing_secret.get_secret_value():
        hosts = frozenset(settings.slack.response_hosts)
        hook = SlackHook(settings.slack.signing_secret.get_secret_value(), settings.slack.team, hosts)
        app.router.routes.append(hooks.slack_route(hook.handle, inbox))
    else:
        app.router.routes.append(hooks.closed_route("slack"))


def _add_sign_in(app: FastAPI, settings: Settings, site: Site, sign_in: session.SignIn, people: WebPeople) -> None:
    app.add_middleware(Front, site=site)
    session.install(app, sign_in)
    providers = providers_of(settings)
    labels = {name: each.provider.label for name, each in providers.items()}
    ways = login.Login(sign_in.sessions, is_local=not providers, providers=labels, draw=frame.login)
    app.include_router(login.router(ways))
    app.include_router(login_with.router(ways, providers, people))


async def _database_answers(store: Store) -> None:
    async with store.look() as look:
        await look.environments.count_live()


async def _redis_answers(url: str) -> None:
    pool = await connect(url)
    try:
        await pool.ping()
    finally:
        await pool.aclose()


async def _worker_beats(store: Store) -> None:
    if not await store.is_alive(BEAT_NAME):
        raise RuntimeError("no worker is running")


def checks_of(settings: Settings, store: Store, place: Place) -> dict[str, health.Check]:
    """What must be well for a command to be taken and carried out."""
    return {
        "database": partial(_database_answers, store),
        "redis": partial(_redis_answers, settings.redis),
        "worker": partial(_worker_beats, store),
        "keeper": partial(_keeper_answers, place.engine),
    }


async def _keeper_answers(engine: Engine) -> None:
    await engine.observe()


def hearing(settings: Settings, store: Store, inbox: Inbox, site: Site, app: FastAPI) -> FastAPI:
    """Where chats, forges and terminals say something. It writes to `inbox`, which somebody must have started."""
    _add_hooks(app, settings, inbox)
    links = console.Links(Sessions(store), site, settings.sign_in.link_minutes * 60)
    app.include_router(console.router(inbox, ConsoleStore(store), console.token_in(settings.data_dir), links))
    return app


def web_app(settings: Settings, store: Store, place: Place, github: Access | None = None, market: Certificates | None = None) -> FastAPI:
    """Hooks, console, sign-in, pages, API and health. The inbox is started and stopped with the app."""
    inbox = Inbox(store)
    forges = forges_of(settings, github or access_of(settings))
    edges = Edges(slack_of(settings), forges, place, deploys_of(settings))
    judging = Judging(settings, store, edges)
    checks = checks_of(settings, store, place)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        inbox.start()
        async with listening(settings, store, inbox):
            yield
        await inbox.stop()
        await close_all([judging, place.engine])

    app = FastAPI(title="Trellis", lifespan=lifespan, docs_url=None, redoc_url=None)
    site, token = site_of(settings.public_url, settings.port), console.token_in(settings.data_dir)
    KNOWN.learn([token, *secrets_of(settings)])
    hearing(settings, store, inbox, site, app)
    sign_in = session.SignIn(Sessions(store), site, settings.sign_in.session_hours * 3600)
    _add_sign_in(app, settings, site, sign_in, WebPeople(store))
    app.include_router(schema.router())
    app.include_router(health.router(checks))
    platforms = [name for name in ("github", "gitlab", "slack") if getattr(settings, name)]
    app.include_router(metrics.router(store, metrics.Readers(settings.metrics.token.get_secret_value()), platforms))
    parts = parts_of(settings, store, place, inbox, judging, checks, market or NatsFeed(settings))
    app.state.watch = parts.watch
    app.include_router(routes.router(parts, VaultKeys(settings)))
    add_traefik(app, settings, store, parts, site, token)
    app.mount("/api/v1", api_of(settings, store, inbox, parts, edges, sign_in, token))
    app.mount("/static", routes.static_files())
    return app
