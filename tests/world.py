"""The whole product in one test process: say a command, hear the reply. Real clients over real HTTP to stateful stand-ins.

The clock and the engine are the test's; everything else is the product's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import structlog
from sqlalchemy import select

from bot.app.deploys import deploys_of, kubernetes_of
from bot.app.edges import Edges, edges_of
from bot.app.engines import Place, engine_of
from bot.app.github import access_of
from bot.app.web import web_app
from bot.app.work import worker_parts
from bot.domain.command import CommandState
from bot.domain.environment import Environment
from bot.domain.prose import Card, Reply
from bot.rendering import terminal
from bot.settings import Settings
from bot.settings.engines import machineless
from bot.store.console import ConsoleStore
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.store.tables import commands, messages
from bot.store.transaction import Ring
from bot.worker.branches import Branches
from bot.worker.desk import Desk
from bot.worker.reconcile import Reconciler
from bot.worker.strays import Account
from bot.worker.sweep import sweep
from bot.worker.worker import Parts, desks_of
from deploy.kubernetes import KubernetesRunner
from provisioner.images import Bakery
from provisioner.setup.machines import Machines
from provisioner.terraform.trading import Resolve, addresses_of
from tests.databases import in_the_callers_thread, prepare
from tests.fakes.clock import ManualClock
from tests.fakes.cloud import FakeCloud, FakeMachines, FakeStates
from tests.fakes.engine import FakeEngine, FakeRepositories
from tests.fakes.forge import Comment, Project, Request, User
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.market_feed import FakeMarketFeed
from tests.fakes.runner import FakeFiles, FakeRunner
from tests.fakes.slack import FakeSlack
from tests.front import Front

SHOP = "https://forge.example/acme/shop.git"
TOOLS = "https://forge.example/acme/tools.git"
LOCAL = "/srv/git/lab.git"
_MOST_ROUNDS = 200
Pause = Callable[[float], Awaitable[object]]
SERVICES = {
    "pay": {"project": "shop", "folder": "pay"},
    "web": {"project": "shop"},
    "tool": {"project": "tools"},
    "hello": {"project": "lab"},
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {"dev": {}, "staging": {}, "prod": {"after": "staging"}}
_UNRECORDED = {"statuses": False, "deployments": False}  # tests/conversations/test_records.py is about them

# Failures are part of many tests: told in full, they need not be drawn with all their variables.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
LOGGING = structlog.get_config()


class World:
    """Projects `shop` (GitHub, id 42), `tools` (GitLab, id 77) and `lab` (local); people are made by the tests."""

    def __init__(self, settings: Settings, store: Store, clock: ManualClock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.repositories = FakeRepositories()
        self.engine = FakeEngine(self.repositories)
        self.market = FakeMarketFeed()
        self.runner = FakeRunner()
        self.files = FakeFiles(settings.data_dir / "fetched")
        self.cloud: FakeCloud
        self.github: FakeGitHub
        self.gitlab: FakeGitLab
        self.slack: FakeSlack
        self.shop: Project
        self.tools: Project
        self.lab: dict[str, str] = {"main": "a" * 40, "demo": "b" * 40}
        self.desks: dict[str, Desk] = {}
        self.branches: Branches
        self.reconciler: Reconciler
        self.parts: Parts
        self.edges: Edges
        self.web: httpx.AsyncClient
        self.front: Front
        self._console_heard = 0
        self._workers = 1
        self._pace_s = 0.0

    # -- what people do ------------------------------------------------------------------------------

    async def deliver(self, platform: str, delivery: Any, *, settle: bool = True) -> httpx.Response:
        answer = await self.web.post(f"/hooks/{platform}", content=delivery.body, headers=delivery.headers)
        if settle:
            await self.settle()
        return answer

    async def says(self, text: str, *, by: User, on: Request, settle: bool = True) -> Comment:
        """Comment on a pull or merge request."""
        forge, platform = (self.github, "github") if on.project is self.shop else (self.gitlab, "gitlab")
        delivery = forge.says(on, by, text)
        answer = await self.deliver(platform, delivery, settle=settle)
        assert answer.status_code in {200, 202}, answer.text
        assert delivery.comment is not None
        return delivery.comment

    async def types(self, text: str, *, by: str = "dana", thread: str = "") -> list[str]:
        """Say it in a terminal; the replies, drawn without colour."""
        rows = ConsoleStore(self.store)
        after = await rows.newest()
        token = (self.settings.data_dir / "console.token").read_text()
        body = {"text": text, "person": by, "thread": thread}
        said = await self.web.post("/console/say", json=body, headers={"authorization": f"Bearer {token}"})
        assert said.status_code == 202, said.text
        await self.settle()
        lines = await rows.lines(said.json()["thread"], after)
        return [terminal.draw(msgspec.json.decode(each.body, type=Reply), 100, False).rstrip() for each in lines if each.kind == "post"]

    async def card(self, thread: str = "console:dana") -> str:
        """The newest card of a terminal's thread, as it is now."""
        lines = await ConsoleStore(self.store).lines(thread, 0)
        cards = [each for each in lines if each.kind == "card"]
        return terminal.draw(msgspec.json.decode(cards[-1].body, type=Card), 100, False).rstrip()

    def hears(self, on: Request) -> list[str]:
        """What the bot said there, oldest first: cards as they are now and posts, without our hidden marks."""
        forge = self.github if on.project is self.shop else self.gitlab
        return [re.sub(r"\s*<!-- trellis:\S+ -->\s*$", "", body) for body in forge.said_by_bot(on)]

    # -- what the product does -----------------------------------------------------------------------

    async def worker_dies(self) -> None:
        """In the middle of whatever it is at; another one begins when its leases have run out."""
        for desk in self.desks.values():
            await desk.close()
        self._workers += 1
        self.clock.advance(seconds=self.settings.worker.lease_s + 1)
        await self.hire(f"worker-{self._workers}", self._pace_s)

    async def hire(self, holder: str, pace_s: float) -> None:
        self._pace_s = pace_s
        self.parts = await worker_parts(self.settings, self.store, self.edges, holder, pace_s=pace_s)
        self.desks, self.branches, self.reconciler = desks_of(self.parts), self.parts.branches, self.parts.reconciler

    async def ring(self, rings: Iterable[Ring]) -> None:
        for kind, id_ in rings:
            self.desks[kind].take(id_)

    async def settle(self) -> None:
        """Until nothing is in hand and nothing is due."""
        for _ in range(_MOST_ROUNDS):
            for desk in self.desks.values():
                await desk.idle()
            if any(desk._tasks for desk in self.desks.values()):  # one gave work to another that was idle before
                continue
            if not await sweep(self.store, self.desks, self.parts.voids):
                return
        raise AssertionError("it does not come to rest")

    async def pass_time(self, *, hours: float = 0, seconds: float = 0) -> None:
        self.clock.advance(hours=hours, seconds=seconds)
        await self.settle()

    async def reconcile(self) -> None:
        """One look at what runs and what should."""
        await self.reconciler.look()
        await self.settle()

    async def sweep_account(self, minutes: float = 10) -> None:
        """One look at the cloud's account, so long after the last."""
        self.clock.advance(seconds=minutes * 60)
        assert self.parts.strays is not None
        await self.parts.strays.look()
        await self.settle()

    async def stock(self) -> None:
        """One look at the warm spares."""
        assert self.parts.spares is not None
        await self.parts.spares.look()
        await self.settle()

    async def bake(self) -> None:
        """One look at the image that machines are made of."""
        assert self.parts.baking is not None
        await self.parts.baking.look()
        await self.settle()

    async def poll(self) -> None:
        """One look at what the forges have to tell of the projects whose time has come."""
        await self.parts.poller.look(self.parts.projects)
        await self.settle()

    async def environments(self) -> list[Environment]:
        async with self.store.look() as look:
            return list(await look.environments.live())

    async def environment(self) -> Environment:
        """The only live one."""
        [only] = await self.environments()
        return only

    async def past(self, id: str) -> Environment:
        async with self.store.look() as look:
            found = await look.environments.get(id)
            assert found is not None
            return found

    async def command_states(self) -> list[str]:
        async with self.store.look() as look:
            return list(
                (await look.connection.execute(select(commands.c.state).order_by(commands.c.message_id, commands.c.position))).scalars()
            )

    async def is_all_answered(self) -> bool:
        """Every message was heard and every command has ended."""
        async with self.store.look() as look:
            unheard = (await look.connection.execute(select(messages.c.id).where(messages.c.state == "new"))).first()
            waits_for_people = commands.c.goal.like("approval:%")
            query = select(commands.c.id).where(commands.c.state == CommandState.RUNNING, ~waits_for_people)
            unanswered = (await look.connection.execute(query)).first()
        return unheard is None and unanswered is None


def _as_app(github: FakeGitHub) -> dict[str, Any]:
    assert github.app is not None
    github.app.install("acme")
    return {"api_url": github.url, "app_id": github.app.id, "private_key": github.app.private_key, "webhook_secret": github.secret}


def world_settings(folder: Path, github: FakeGitHub, gitlab: FakeGitLab, slack: FakeSlack, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "data_dir": folder,
        "github": {"api_url": github.url, "token": github.token, "webhook_secret": github.secret},
        "gitlab": {"url": gitlab.url, "token": gitlab.token, "webhook_secret": gitlab.secret, "signing_secret": gitlab.signing_secret},
        "slack": {
            "api_url": slack.api_url,
            "bot_token": slack.token,
            "signing_secret": slack.signing_secret,
            "users": {"U0DANA": "developer", "U0VERA": "viewer", "U0ADA": "admin"},
            "response_hosts": tuple(slack.response_hosts),
        },
        "services": SERVICES,
        "deploy": {"environments": ENVIRONMENTS, "groups": {"core": [["pay"], ["web"]]}},
        "limits": {"idle_hours": 0, "replies_per_hour": 0},
        "projects": {
            "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP, **_UNRECORDED},
            "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS, **_UNRECORDED},
            "lab": {"forge": "local", "clone_url": LOCAL, "slack_channels": "C0LAB"},
        },
    }
    if github.app:
        values["github"] = _as_app(github)
    values["slack"]["channels"] = more.pop("slack_channels", {})
    if more.pop("is_alone", False):  # nobody but terminals
        values = {name: value for name, value in values.items() if name not in {"github", "gitlab", "slack"}}
    return Settings(**{**values, **more})


@asynccontextmanager
async def a_world(
    folder: Path,
    *,
    database_url: str = "",
    pace_s: float = 0.0,
    is_app: bool = False,
    pause: Pause | None = None,
    machines: Machines | None = None,
    hosts: Machines | None = None,
    here: Machines | None = None,
    resolve: Resolve = addresses_of,
    bakery: Bakery | None = None,
    **more: Any,
) -> AsyncIterator[World]:
    """`is_app`: on GitHub the bot is an App, installed with acme. `is_alone`: no forge and no chat is configured.

    `pause`: how clusters' runners wait. `machines` set up what branch-env makes, of images that `bakery` bakes, `hosts` what trading-env makes,
    and `here` what local-env does.
    """
    async with AsyncExitStack() as stack:
        github, gitlab, slack = (stack.enter_context(made) for made in (FakeGitHub(is_app=is_app), FakeGitLab(), FakeSlack()))
        settings = world_settings(folder, github, gitlab, slack, database_url=database_url, **more)  # type: ignore[arg-type]
        clock = ManualClock()
        store = Store(Database(settings.sql_url, clock))
        stack.enter_context(in_the_callers_thread(store.database))
        stack.push_async_callback(store.database.close)
        prepare(settings.sql_url)
        await migrate(store.database)
        world = World(settings, store, clock)
        world.github, world.gitlab, world.slack = github, gitlab, slack  # type: ignore[assignment]
        world.github.clock = world.gitlab.clock = world.slack.clock = lambda: clock.at
        world.shop, world.tools = world.github.project("acme/shop", id=42), world.gitlab.project("acme/tools", id=77)
        world.repositories.branches = {SHOP: lambda: world.shop.heads, TOOLS: lambda: world.tools.heads, LOCAL: lambda: world.lab}
        world.cloud = FakeCloud(world.engine)
        seen = (FakeMachines(world.cloud), FakeStates(world.cloud), settings.sweep.rows, machineless(settings))
        account = Account(*seen) if settings.sweep.region else None
        by_name = {name: each for name, each in (("branch-env", machines), ("trading-env", hosts), ("local-env", here)) if each}
        place = Place(engine_of(settings, world.engine, store, by_name, resolve), world.repositories, account, bakery)
        access = access_of(settings, lambda: clock.at)
        deploys = replace(deploys_of(settings), runner=world.runner, files=world.files)
        if pause:
            asked = {name: replace(kubernetes_of(each), timeout_s=600) for name, each in settings.deploy.clusters.items()}
            clusters = {name: KubernetesRunner(each, clock=lambda: clock.at, pause=pause) for name, each in asked.items()}
            deploys = replace(deploys, clusters=clusters)
        edges = replace(edges_of(settings, store, place, access, deploys), market=world.market)
        stack.push_async_callback(edges.close)
        world.edges = edges
        await world.hire("worker-1", pace_s)
        store.ringer = world.ring
        world.front = Front(settings, store, lambda: web_app(settings, store, place, access, world.market))
        stack.push_async_callback(world.front.close)
        if settings.slack and settings.slack.app_token.get_secret_value():  # it listens from its start
            await world.front.whole()
        transport = httpx.ASGITransport(world.front)
        world.web = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://trellis.localhost"))
        try:
            yield world
        finally:
            for desk in world.desks.values():
                await desk.close()
            await asyncio.sleep(0)
