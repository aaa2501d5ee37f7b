"""What is outside: chats, forges, the place where environments run; and who is known there."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bot.app.catalogue import catalogue_of
from bot.app.channels import channels_of
from bot.app.deploys import Deploys, deploys_of
from bot.app.engines import Place, place_of
from bot.app.github import access_of
from bot.app.market_feed import NatsFeed
from bot.app.people import people_of, policies_of
from bot.app.spares import targets
from bot.app.terms import budgets_of, limits_of, price_source
from bot.approvers import Approvers
from bot.audience import Audience
from bot.auth.policy import Role
from bot.chats.chat import Chat, ChatRefused, ChatUnavailable
from bot.chats.console import ConsoleChat
from bot.chats.feed import Feed
from bot.chats.github import GitHubChat
from bot.chats.github_access import Access
from bot.chats.github_feed import GitHubFeed
from bot.chats.github_forge import GitHubForge
from bot.chats.github_records import GitHubRecorder
from bot.chats.gitlab import GitLabChat
from bot.chats.gitlab_feed import GitLabFeed
from bot.chats.gitlab_forge import GitLabForge
from bot.chats.gitlab_records import GitLabRecorder
from bot.chats.record import Recorder
from bot.chats.slack import SlackChat
from bot.context_ports import Forge
from bot.domain import schedule
from bot.domain.datasets import Dataset
from bot.domain.environment import Size
from bot.domain.ids import new_id
from bot.domain.message import Person, Platform
from bot.domain.project import ForgeKind, Project
from bot.domain.record import RecordKind
from bot.rules import Rules
from bot.settings import ProjectSettings, Settings, SettingsError
from bot.settings.engines import engine_name
from bot.store.console import ConsoleStore
from bot.store.store import Store
from bot.worker.market_feed import MarketFeed

log = structlog.get_logger()

_ASK_S = 8.0


def projects_of(settings: Settings) -> dict[str, Project]:
    return {
        key: Project(
            key=key,
            forge=ForgeKind(each.forge),
            id=each.id,
            path=each.path,
            clone_url=_clone_url(each),
            default_branch=each.default_branch,
            slack_channels=each.channels,
            has_hook=each.receive != "polling",
            is_polled=each.receive != "hooks",
            schedule=_schedule(settings, key),
            datasets=_datasets(each),
            sizes=tuple(map(Size, each.sizes)),
            engine=engine_name(settings, key),
        )
        for key, each in settings.projects.items()
    }


def _datasets(project: ProjectSettings) -> tuple[Dataset, ...]:
    return tuple(
        Dataset(name, each.description, "", _archive(each.archive), each.minutes * 60, each.snapshot, each.gigabytes)
        for name, each in project.seeds.items()
    )


def _archive(path: Path | None) -> str:
    return str(path.expanduser().absolute()) if path else ""


def _schedule(settings: Settings, key: str) -> str:
    """When a project's environments sleep. Raises SettingsError."""
    text = settings.projects[key].sleeps
    try:
        return schedule.check(text, settings.time_zone) if text else ""
    except schedule.BadSchedule as error:
        raise SettingsError(f"TRELLIS_PROJECTS__{key.upper()}__SLEEPS: {error}") from None


def _clone_url(project: ProjectSettings) -> str:
    """A folder on this machine is named from where we were started."""
    is_folder = project.forge == "local" and "://" not in project.clone_url
    return str(Path(project.clone_url).expanduser().absolute()) if is_folder else project.clone_url


def chats_of(settings: Settings, store: Store, github: Access | None) -> dict[Platform, Chat]:
    projects = projects_of(settings)
    rows = ConsoleStore(store)
    chats: dict[Platform, Chat] = {platform: ConsoleChat(rows, platform) for platform in (Platform.CONSOLE, Platform.WEB)}
    if github:
        chats[Platform.GITHUB] = GitHubChat(github, projects.values())
    if settings.gitlab:
        chats[Platform.GITLAB] = GitLabChat(settings.gitlab.url, settings.gitlab.token.get_secret_value(), projects.values())
    return {**chats, **slack_of(settings)}


def slack_of(settings: Settings) -> dict[Platform, Chat]:
    if settings.slack is None:
        return {}
    hosts = frozenset(settings.slack.response_hosts)
    return {Platform.SLACK: SlackChat(settings.slack.api_url, settings.slack.bot_token.get_secret_value(), hosts)}


def forges_of(settings: Settings, github: Access | None) -> dict[ForgeKind, Forge]:
    forges: dict[ForgeKind, Forge] = {}
    if github:
        forges[ForgeKind.GITHUB] = GitHubForge(github)
    if settings.gitlab:
        forges[ForgeKind.GITLAB] = GitLabForge(settings.gitlab.url, settings.gitlab.token.get_secret_value())
    return forges


def recorders_of(settings: Settings, github: Access | None) -> dict[ForgeKind, Recorder]:
    """Who tells the forges of environments: commit statuses and deployments."""
    recorders: dict[ForgeKind, Recorder] = {}
    if github:
        recorders[ForgeKind.GITHUB] = GitHubRecorder(github)
    if settings.gitlab:
        recorders[ForgeKind.GITLAB] = GitLabRecorder(settings.gitlab.url, settings.gitlab.token.get_secret_value())
    return recorders


def is_recorded(settings: Settings, project: str, kind: RecordKind) -> bool:
    found = settings.projects[project]
    return found.statuses if kind is RecordKind.STATUS else found.deployments


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
    return Rules(
        projects=projects_of(settings),
        people=people_of(settings),
        policies=policies_of(settings),
        console_role=Role(settings.console_role),
        limits=limits_of(settings),
        prices=price_source(settings),
        budgets=budgets_of(settings),
        zone=ZoneInfo(settings.time_zone),
        bot_names=names,
        own_ids=frozenset(ids),
        channels=channels_of(settings),
        replies_per_hour=settings.limits.replies_per_hour,
        catalogue=catalogue_of(settings),
        spares=frozenset(targets(settings)),
        trusts_names=settings.trust_console_names,
    )


def approvers_of(settings: Settings) -> Approvers:
    catalogue, projects = catalogue_of(settings), projects_of(settings)
    return Approvers(
        policies_of(settings),
        catalogue,
        projects,
        Audience(catalogue, projects, has_slack=settings.slack is not None),
        limits_of(settings).approval_s,
        settings.trust_console_names,
        is_alone=not (settings.github or settings.gitlab or settings.slack or settings.sign_in.oidc),
    )


def holder_name() -> str:
    """Who holds leases: unique for this process and this start of it."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"


async def close_all(things: Iterable[object]) -> None:
    """Close whatever can be closed, however it calls that."""
    for thing in things:
        close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
        if close and isinstance(ending := close(), Awaitable):
            await ending


def feeds_of(settings: Settings, github: Access | None) -> dict[ForgeKind, Feed]:
    feeds: dict[ForgeKind, Feed] = {}
    if github:
        feeds[ForgeKind.GITHUB] = GitHubFeed(github)
    if settings.gitlab:
        feeds[ForgeKind.GITLAB] = GitLabFeed(settings.gitlab.url, settings.gitlab.token.get_secret_value())
    return feeds


@dataclass(frozen=True)
class Edges:
    """Everything outside that a worker speaks to."""

    chats: Mapping[Platform, Chat]
    forges: Mapping[ForgeKind, Forge]
    place: Place
    deploys: Deploys
    feeds: Mapping[ForgeKind, Feed] = field(default_factory=dict)
    recorders: Mapping[ForgeKind, Recorder] = field(default_factory=dict)
    market: MarketFeed | None = None  # None in a web part, which gives nothing to anybody

    async def close(self) -> None:
        outside = (self.chats, self.forges, self.feeds, self.recorders)
        await close_all(
            [*(each for part in outside for each in part.values()), self.place.engine, *self.deploys.runners, self.deploys.files]
        )


def edges_of(
    settings: Settings, store: Store, place: Place | None = None, github: Access | None = None, deploys: Deploys | None = None
) -> Edges:
    """All of them; `place`, the way to GitHub and where deploys run are the settings' own where they are not given."""
    github = github or access_of(settings)
    return Edges(
        chats_of(settings, store, github),
        forges_of(settings, github),
        place or place_of(settings, store, github),
        deploys or deploys_of(settings),
        feeds_of(settings, github),
        recorders_of(settings, github),
        NatsFeed(settings),
    )
