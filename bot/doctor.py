"""`trellis doctor`: looks at configuration, secrets, tokens and their scopes, webhooks and every part, and says what to do."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.app.edges import Edges, edges_of, projects_of
from bot.app.github import access_of
from bot.app.people import policies_of
from bot.app.web import checks_of
from bot.chats.chat import Chat, ChatRefused, ChatUnavailable
from bot.chats.github_access import Access
from bot.chats.github_app import AppAccess
from bot.context_ports import Forge, ForgeUnavailable
from bot.doctor_account import account
from bot.doctor_deploys import cluster, deploys
from bot.doctor_engines import engines, ways_out
from bot.doctor_feeds import certificates
from bot.doctor_github import app_problem, installation_problem
from bot.doctor_image import image
from bot.doctor_prices import priced
from bot.doctor_said import Finding, Said, bad, good
from bot.domain.alarm import AlarmKind
from bot.domain.message import Person, Platform
from bot.domain.project import ForgeKind, Project
from bot.replies.alarms import sentence
from bot.settings import Settings, SettingsError
from bot.settings.engines import HOSTS, modules
from bot.store.database import Database
from bot.store.feeds import listening
from bot.store.migrate import newest, revision_of
from bot.store.store import Store
from processes import protection
from provisioner.engine import EngineUnavailable, Repositories

_CHECK_S = 10.0


Look = Callable[[], Awaitable[Said]]


async def _part(name: str, check: Callable[[], Awaitable[None]]) -> Said:
    try:
        await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what to say
        return bad(name, f"{error or type(error).__name__}: is `trellis up` running?")
    return good(name, "answers")


async def _migrations(database: Database) -> Said:
    async with database.read() as connection:
        revision = await revision_of(connection)
    if revision != newest():
        return bad("migrations", f"the database is at {revision or 'nothing'}, this version wants {newest()}: run `trellis migrate`")
    return good("migrations", f"at {revision}")


async def _account(platform: Platform, chat: Chat) -> Said:
    about = f"{platform} token"
    try:
        me = await chat.me()
    except (ChatUnavailable, ChatRefused) as error:
        return bad(about, f"{error}: check the token and the address")
    return good(about, f"speaks as {me.name} (id {me.id})")


async def _app(access: AppAccess, settings: Settings) -> Said:
    receives = {each.receive for each in settings.projects.values() if each.forge == "github"}
    slug, problem = await app_problem(access, is_hooked=receives != {"polling"})
    return bad("github app", problem) if problem else good("github app", f"is {slug}, by a key that GitHub knows")


async def _installed(access: AppAccess, project: Project) -> Said:
    about = f"github app in {project.key}"
    problem = await installation_problem(access, project)
    return bad(about, problem) if problem else good(about, f"is installed where {project.path} is, and may what it needs")


async def _key_file(file: Path) -> Said:
    if _is_open(file):
        return bad("github app's key", f"{file} can be read by others: chmod 600 {file}")
    return good("github app's key", f"{file} is its owner's only")


async def _project(project: Project, forge: Forge | None, chat: Chat | None, repositories: Repositories) -> Said:
    about = f"project {project.key}"
    try:
        heads = await repositories.heads(project.clone_url)
    except EngineUnavailable as error:
        return bad(about, f"cannot be read: {error}")
    if f"refs/heads/{project.default_branch}" not in heads:
        return Said(about, Finding.WARNING, f"has no branch {project.default_branch}: set its DEFAULT_BRANCH")
    if forge and chat:
        try:
            me = await chat.me()
            right = await forge.right_of(Person(me.platform, me.id, me.name), project)
        except (ForgeUnavailable, ChatUnavailable, ChatRefused) as error:
            return bad(about, f"the rights of people cannot be asked: {error}")
        own = "" if me.name.endswith("[bot]") else f"the bot's own right there is {right}, and "
        return good(about, f"{len(heads)} branches; {own}the rights of people can be asked")
    return good(about, f"{len(heads)} branches")


def _is_open(file: Path) -> bool:
    """Whether others than its owner may read or write it."""
    return bool(stat.S_IMODE(file.stat().st_mode) & 0o077)


async def _files(settings: Settings) -> Said:
    token = settings.data_dir / "console.token"
    if token.exists() and _is_open(token):
        return bad("data folder", f"{token} can be read by others: chmod 600 {token}")
    return good("data folder", str(settings.data_dir.absolute()))


async def _sandbox(settings: Settings) -> Said:
    found = await protection()
    words = "; ".join(found.sentences())
    if settings.sandbox == "off" or not found.sandbox:
        advice = "whoever may push to a project is trusted with this machine. Install bubblewrap to have a sandbox."
        return Said("sandbox", Finding.WARNING, f"{words} {advice}")
    return good("sandbox", words)


async def _policy(settings: Settings) -> Said:
    try:
        rules = policies_of(settings).rules
    except SettingsError as error:
        return bad("rules", str(error))
    where = settings.policy_file or "the rules that come with Trellis"
    return good("rules", f"{len(rules)} of who may what, from {where}" + (f" and {settings.policy_more}" if settings.policy_more else ""))


async def _quiet(store: Store) -> Said:
    async with store.look() as look:
        quiet = await look.quiet.all()
    if not quiet:
        return good("quiet threads", "none")
    threads = ", ".join(f"{each.address} ({each.replies} answers within the hour)" for each in quiet)
    return Said("quiet threads", Finding.WARNING, f"{threads}: is a program talking with us in somebody's name?")


async def _cloud(store: Store) -> Said:
    is_well, words = await account(store)
    return Said("cloud account", {True: Finding.GOOD, None: Finding.WARNING, False: Finding.BAD}[is_well], words)


async def _heard(project: Project, store: Store) -> Said:
    """How a worker fared when it last asked the forge what is new."""
    about = f"news of {project.key}"
    async with store.look() as look:
        found = await listening(look.connection, project.key)
    if found is None:
        return Said(about, Finding.WARNING, "was never asked for: is a worker running?")
    if found.hook_problem:
        return bad(about, f"{found.hook_problem}. Until then it is polled")
    if found.problem:
        return bad(about, found.problem)
    words = "is polled" if project.is_polled else "comes by webhook"
    if project.has_hook and (unknown := found.cursor.deliveries_problem):
        return Said(about, Finding.WARNING, f"{words}; what a webhook could not deliver is looked for in lists only: {unknown}")
    return good(about, words)


async def _alarms(store: Store) -> Said:
    async with store.look() as look:
        found = [each for each in await look.alarms.open() if each.kind is not AlarmKind.IMAGE]
    if not found:
        return good("the wall", "no alarm is open about production's secrets")
    return bad("the wall", f"{'; '.join(map(sentence, found))}. Try it now: trellis vault try")


async def _webhooks(settings: Settings) -> Said:
    if settings.github is None and settings.gitlab is None and settings.slack is None:
        return good("webhooks", "no platform is configured: the console is what there is")
    public = settings.public_url or f"http://{settings.host}:{settings.port}"
    platforms = [name for name in ("github", "gitlab", "slack") if getattr(settings, name) is not None]
    addresses = ", ".join(f"{public}/hooks/{name}" for name in platforms)
    finding = Finding.GOOD if settings.public_url else Finding.WARNING
    hint = "" if settings.public_url else " (TRELLIS_PUBLIC_URL is not set: the platforms must be able to reach this)"
    return Said("webhooks", finding, f"are to be sent to {addresses}{hint}")


def _looks(settings: Settings, store: Store, edges: Edges, github: Access | None = None) -> list[Look]:
    place, chats, forges = edges.place, edges.chats, edges.forges
    looks: list[Look] = [
        partial(_files, settings),
        partial(_policy, settings),
        partial(_migrations, store.database),
        partial(_quiet, store),
        partial(engines, settings, store),
        partial(_alarms, store),
    ]
    looks += [partial(_part, name, check) for name, check in checks_of(settings, store, place).items()]
    looks += [partial(_account, platform, chat) for platform, chat in chats.items() if platform not in {Platform.CONSOLE, Platform.WEB}]
    looks += [partial(certificates, settings.feeds)] if settings.feeds.nats_url.startswith("tls://") else []
    looks += [partial(priced, settings)] if settings.prices.region else []
    looks += [partial(ways_out, settings)] if HOSTS in modules(settings) else []
    looks += _app_looks(settings, github)
    for project in projects_of(settings).values():
        forge = forges.get(project.forge)
        chat = chats.get(Platform(project.forge.value)) if project.forge is not ForgeKind.LOCAL else None
        looks.append(partial(_project, project, forge, chat, place.repositories))
    looks += [partial(_heard, each, store) for each in projects_of(settings).values() if each.forge is not ForgeKind.LOCAL]
    looks += [partial(_webhooks, settings), partial(_sandbox, settings), partial(deploys, settings)]
    looks += [partial(_cloud, store)] if place.account else []
    looks += [partial(image, store, str(settings.terraform.variables.get("image_id", "")))] if place.bakery else []
    looks += [partial(cluster, name, runner) for name, runner in edges.deploys.clusters.items()]
    return looks


def _app_looks(settings: Settings, github: Access | None) -> list[Look]:
    if not isinstance(github, AppAccess):
        return []
    file = settings.github.private_key_file if settings.github else None
    looks: list[Look] = [partial(_key_file, file)] if file else []
    looks.append(partial(_app, github, settings))
    return looks + [partial(_installed, github, each) for each in projects_of(settings).values() if each.forge is ForgeKind.GITHUB]


async def _said(look: Look) -> Said:
    try:
        async with asyncio.timeout(_CHECK_S):
            return await look()
    except TimeoutError:
        return bad("a check", f"no answer within {_CHECK_S:.0f} s")
    except Exception as error:  # noqa: BLE001 - the doctor must not fall ill
        return bad("a check", repr(error))


async def doctor(settings: Settings, *, as_json: bool) -> int:
    """Say what was found; 1 when anything is bad."""
    store = Store(Database(settings.sql_url))
    github = access_of(settings)
    edges = edges_of(settings, store, github=github)
    try:
        found = [await _said(look) for look in _looks(settings, store, edges, github)]
    finally:
        await edges.close()
        await store.database.close()
    if as_json:
        Console().file.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        _show(found)
    return 1 if any(each.finding is Finding.BAD for each in found) else 0


def _show(found: list[Said]) -> None:
    signs = {Finding.GOOD: ("✓", "green"), Finding.WARNING: ("!", "yellow"), Finding.BAD: ("✗", "red")}
    out = Console()
    width = max(len(each.about) for each in found)
    for each in found:
        sign, colour = signs[each.finding]
        out.print(
            f"{sign} {each.about:<{width}}  {each.words}",
            style=colour if each.finding is not Finding.GOOD else None,
            highlight=False,
            markup=False,
        )
