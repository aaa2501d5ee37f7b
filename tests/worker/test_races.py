"""A push at any step between the word and the run: what runs is the commit that was looked at, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from bot.auth.policies import Policies, default_text
from bot.auth.policy import Role, Standing
from bot.context import Limits, Scene
from bot.domain.devenv_choice import Allowed
from bot.domain.errors import UserError
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.domain.project import ChangeRequest, ForgeKind, Project
from bot.handlers import create
from bot.handlers.actions import known_actions
from bot.worker.bound import Heads
from bot.worker.environments import Environments
from grammar.commands import Create, Size
from provisioner.engine import Access, EngineFailed, Report, Source, Spec, StageName
from tests.fakes.engine import FakeEngine, FakeRepositories

LOOKED_AT, PUSHED = "c" * 40, "d" * 40
ADA = Person(Platform.GITHUB, "1", "ada")
THREAD = Thread(Platform.GITHUB, "github:shop:12")
PROJECT = Project("shop", ForgeKind.GITHUB, "42", "acme/shop", "https://forge.example/acme/shop.git")
POLICIES = Policies([default_text()], known_actions())


@dataclass
class Race:
    """`at`: the moment, counted from the word on, at which the push comes; the forge, git and the engine in one, each with its moments."""

    at: int
    is_fork: bool
    moments: int = 0
    head: str = LOOKED_AT
    engine: Racing = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Racing(self)

    @property
    def runtime(self) -> Race:
        return self

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self.at:
            self.head = PUSHED

    async def _asked(self) -> str:
        self.moment()
        head = self.head
        self.moment()
        return head

    async def change_request(self, project: Project, number: int) -> ChangeRequest:
        source_id = "666" if self.is_fork else project.id
        head = await self._asked()
        return ChangeRequest(project.key, number, "", "", "refs/heads/demo", head, source_id, self.is_fork, is_open=True)

    async def head_of_branch(self) -> str:
        return await self._asked()

    async def reads_tilt_args(self, project: Project, ref: str, sha: str) -> bool:
        return True


class Racing(FakeEngine):
    """Each of its steps has a moment before and after."""

    def __init__(self, race: Race) -> None:
        super().__init__(FakeRepositories())
        self._race = race
        self.started_at_head = ""

    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        self._race.moment()
        return await super().read(source, paths)

    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        for stage in StageName:
            self._race.moment()
            await report.begin(stage)
            self.started_at_head = self._race.head
            await report.end(stage)
        self.applied.append(spec)
        return Access(spec.generation, spec.source.sha, ())


class Quiet:
    """A Report to nobody."""

    async def begin(self, stage: StageName) -> None:
        pass

    async def end(self, stage: StageName) -> None:
        pass

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        pass


class Git:
    def __init__(self, race: Race) -> None:
        self._race = race

    async def head(self, project: Project, ref: str) -> str:
        return await self._race.head_of_branch()


def _scene() -> Scene:
    said = Said("k", ADA, THREAD, "", "", Dialect.MARKDOWN, PROJECT.key, 12)
    limits = Limits(86400, 86400, 96 * 3600, 10)
    return Scene(said, "", Standing(Role.ADMIN), {PROJECT.key: PROJECT}, limits, UTC, POLICIES, PROJECT)


SCENE = _scene()
COMMAND = Create(sha=LOOKED_AT[:12], ttl=3600, size=Size.SMALL)


async def run(race: Race) -> str:
    """Say it and have it made; what became of it."""
    try:
        facts = await create.gather(COMMAND, SCENE, race)  # type: ignore[arg-type]
    except UserError as error:
        return error.code

    async def add(_: Any) -> bool:
        return True

    environment = await create._add(COMMAND, SCENE, facts, 3600, SimpleNamespace(now=0.0, add=add))
    heads = Heads(Git(race), {ForgeKind.GITHUB: race})  # type: ignore[arg-type, dict-item]
    holder: Any = SimpleNamespace(store=None)
    nothing: Any = SimpleNamespace(take=None, terms=SimpleNamespace(prices=None))
    driver = Environments(holder, race.engine, {PROJECT.key: PROJECT}, "h", Allowed(1, 1), nothing, nothing, heads, nothing)
    try:
        await driver._make(environment, SimpleNamespace(fence=1), Quiet())  # type: ignore[arg-type]
    except EngineFailed as error:
        return error.code
    return "ran"


@pytest.mark.long
async def test_in_a_thousand_races_nothing_runs_but_the_commit_that_was_looked_at() -> None:
    outcomes: Counter[str] = Counter()
    usual = Race(0, is_fork=True)
    assert await run(usual) == "ran"
    races = product(range(1, usual.moments + 3), (True, False))
    cycle = list(races)
    for number in range(1000):
        at, is_fork = cycle[number % len(cycle)]
        race = Race(at, is_fork)
        outcome = await run(race)
        outcomes[outcome] += 1
        assert {spec.source.sha for spec in race.engine.applied} <= {LOOKED_AT}, (at, is_fork)
        if at < usual.moments - 1:  # before the last look
            assert (outcome, race.engine.applied) == ("stale_head", []), (at, is_fork)
    assert sum(outcomes.values()) == 1000
    assert outcomes["stale_head"] > 700
