"""The composition root: settings in, everything wired out. The only place where concrete classes are chosen."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI

from bot.auth.policy import Role
from bot.bus import Bus, Rules
from bot.chats import github_wire, gitlab_wire
from bot.chats.chat import Chat, ChatRefused, ChatUnavailable
from bot.chats.console import ConsoleChat
from bot.chats.github import GitHubChat
from bot.chats.github_forge import GitHubForge
from bot.chats.gitlab import GitLabChat
from bot.chats.gitlab_forge import GitLabForge
from bot.chats.slack import SlackChat
from bot.chats.slack_hook import SlackHook
from bot.context import Forge, Limits
from bot.domain.ids import new_id
from bot.domain.message import Person, Platform
from bot.domain.project import ForgeKind, Project
from bot.garbage import spare_what_stays
from bot.settings import ProjectSettings, Settings
from bot.store.console import ConsoleStore
from bot.store.database import Database
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.web import console, health, hooks
from bot.worker.branches import Branches
from bot.worker.doorbell import Doorbell, connect
from bot.worker.environments import Environments
from bot.worker.leasing import Holder
from bot.worker.messages import Messages
from bot.worker.outbox import Outbox
from bot.worker.reconcile import Reconciler
from bot.worker.runtime import EngineRuntime
from bot.worker.worker import BEAT_NAME, Parts, Workers
from grammar.parse import warm
from provisioner.engine import Engine, Repositories
from provisioner.local import LocalEngine
from provisioner.remotes import GitRepositories

log = structlog.get_logger()

_PACE_S = 1.0
_ASK_S = 8.0


def projects_of(settings: Settings) -> dict[str, Project]:
    return {
        key: Project(key, ForgeKind(each.forge), each.id, each.path, _clone_url(each), each.default_branch, each.channels)
        for key, each in settings.projects.items()
    }


def _clone_url(project: ProjectSettings) -> str:
    """A folder on this machine is named from where we were started."""
    is_folder = project.forge == "local" and "://" not in project.clone_url
    return str(Path(project.clone_url).expanduser().absolute()) if is_folder else project.clone_url


def git_tokens(settings: Settings) -> dict[str, str]:
    """Project key → the token its clone address is fetched with, never part of an address or an argument."""
    forges = {"github": settings.github, "gitlab": settings.gitlab}
    found = {key: forges.get(project.forge) for key, project in settings.projects.items() if project.clone_url.startswith("https://")}
    return {key: forge.token.get_secret_value() for key, forge in found.items() if forge is not None}


def chats_of(settings: Settings, store: Store) -> dict[Platform, Chat]:
    projects = projects_of(settings)
    chats: dict[Platform, Chat] = {Platform.CONSOLE: ConsoleChat(ConsoleStore(store))}
    if settings.github:
        chats[Platform.GITHUB] = GitHubChat(settings.github.api_url, settings.github.token.get_secret_value(), projects.values())
    if settings.gitlab:
        chats[Platform.GITLAB] = GitLabChat(settings.gitlab.url, settings.gitlab.token.get_secret_value(), projects.values())
    if settings.slack:
        hosts = frozenset(settings.slack.response_hosts)
        chats[Platform.SLACK] = SlackChat(settings.slack.api_url, settings.slack.bot_token.get_secret_value(), hosts)
    return chats


def forges_of(settings: Settings) -> dict[ForgeKind, Forge]:
    forges: dict[ForgeKind, Forge] = {}
    if settings.github:
        forges[ForgeKind.GITHUB] = GitHubForge(settings.github.api_url, settings.github.token.get_secret_value())
    if settings.gitlab:
        forges[ForgeKind.GITLAB] = GitLabForge(settings.gitlab.url, settings.gitlab.token.get_secret_value())
    return forges


async def _account(platform: Platform, chat: Chat) -> Person | None:
    """Who the bot is there. A platform that does not say so now is no reason not to start: bots are ignored anyway."""
    try:
        async with asyncio.timeout(_ASK_S):
            return await chat.me()
    except (ChatUnavailable, ChatRefused, TimeoutError) as error:
        log.warning("own_account_unknown", platform=platform, reason=str(error))
        return None


async def rules_of(settings: Settings, chats: Mapping[Platform, Chat]) -> Rules:
    """What is configured of people, projects and limits, and who the bot is on each platform."""
    accounts = [each for each in await asyncio.gather(*(_account(*each) for each in chats.items())) if each]
    names = {account.platform: account.name for account in accounts}
    ids = {(account.platform, account.id) for account in accounts}
    limits = settings.limits
    return Rules(
        projects=projects_of(settings),
        slack_roles={id_: Role(role) for id_, role in (settings.slack.roles if settings.slack else {}).items()},
        console_role=Role(settings.console_role),
        limits=Limits(limits.ttl_hours * 3600, limits.extend_hours * 3600, limits.cap_hours * 3600, limits.environments),
        zone=ZoneInfo(settings.time_zone),
        bot_names=names,
        own_ids=frozenset(ids),
    )


@dataclass(frozen=True)
class Place:
    """Where environments run and what is asked of git."""

    engine: Engine
    repositories: Repositories


def place_of(settings: Settings) -> Place:
    return Place(LocalEngine(settings.keeper_socket), GitRepositories(settings.data_dir / "git", git_tokens_by_url(settings)))


def git_tokens_by_url(settings: Settings) -> dict[str, str]:
    tokens = git_tokens(settings)
    return {settings.projects[key].clone_url: token for key, token in tokens.items()}


def holder_name() -> str:
    """Who holds leases: unique for this process and this start of it."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"


async def close_all(things: Iterable[object]) -> None:
    """Close whatever can be closed, however it calls that."""
    for thing in things:
        close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
        if close and isinstance(ending := close(), Awaitable):
            await ending


@dataclass(frozen=True)
class Edges:
    """Everything outside that a worker speaks to."""

    chats: Mapping[Platform, Chat]
    forges: Mapping[ForgeKind, Forge]
    place: Place

    async def close(self) -> None:
        await close_all([*self.chats.values(), *self.forges.values(), self.place.engine])


def edges_of(settings: Settings, store: Store) -> Edges:
    return Edges(chats_of(settings, store), forges_of(settings), place_of(settings))


async def worker_parts(settings: Settings, store: Store, edges: Edges, holder: str, pace_s: float = _PACE_S) -> Parts:
    """Everything a worker works with, on the given store and edges."""
    projects = projects_of(settings)
    chats, forges, place = edges.chats, edges.forges, edges.place
    hold = Holder(store, holder, settings.worker.lease_s)
    runtime = EngineRuntime(place.engine, place.repositories)
    branches = Branches(store, runtime, forges, projects)
    bus = Bus(store, runtime, forges, await rules_of(settings, chats))
    return Parts(
        store=store,
        runtime=runtime,
        branches=branches,
        messages=Messages(hold, bus, branches),
        environments=Environments(hold, place.engine, projects, settings.host_id, branches.after_ready),
        outbox=Outbox(hold, chats, pace_s),
        reconciler=Reconciler(hold, place.engine, settings.host_id),
        projects=projects,
        jobs=settings.worker.jobs,
    )


async def run_worker(settings: Settings) -> None:
    """The worker's process, until it is cancelled."""
    doorbell = Doorbell(settings.redis)
    doorbell.start()
    store = Store(Database(settings.sql_url), doorbell.ring)
    holder = holder_name()
    edges = edges_of(settings, store)
    warm()
    try:
        parts = await worker_parts(settings, store, edges, holder)
        spare_what_stays()
        await Workers(parts, holder, settings.redis, settings.worker).run()
    finally:
        await edges.close()
        await doorbell.stop()
        await store.database.close()


# -- the web -------------------------------------------------------------------------------------------


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
    if settings.slack:
        hosts = frozenset(settings.slack.response_hosts)
        hook = SlackHook(settings.slack.signing_secret.get_secret_value(), settings.slack.team, hosts)
        app.router.routes.append(hooks.slack_route(hook.handle, inbox))
    else:
        app.router.routes.append(hooks.closed_route("slack"))


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


def web_app(settings: Settings, store: Store, place: Place) -> FastAPI:
    """Hooks, console and health. The inbox is started and stopped with the app."""
    inbox = Inbox(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        inbox.start()
        yield
        await inbox.stop()
        await close_all([place.engine])

    app = FastAPI(title="Trellis", lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_hooks(app, settings, inbox)
    app.include_router(console.router(inbox, ConsoleStore(store), console.token_in(settings.data_dir)))
    app.include_router(health.router(checks_of(settings, store, place)))
    return app
