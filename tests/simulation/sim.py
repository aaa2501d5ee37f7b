"""The simulation: people say their lines, time jumps, workers die and come back, and there is an outage."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy import event, func, select

from bot.app.engines import Place
from bot.domain.environment import Environment
from bot.domain.message import Dialect, Person, Platform, Said, Thread
from bot.settings import Settings
from bot.store.database import Database
from bot.store.inbox import take_at_once
from bot.store.rows import struct_of
from bot.store.store import Store
from bot.store.tables import cards, environments, events, messages, outbox
from tests.databases import at_once, prepare, unflushed
from tests.fakes.clock import ManualClock
from tests.fakes.engine import FakeEngine, FakeRepositories
from tests.simulation.crew import SKEW, Ear, Worker
from tests.simulation.judge import Record
from tests.simulation.script import PEOPLE, Act, Outage, person_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    import pytest
    from sqlalchemy import RowMapping

WORKERS = 3
SKEW_S = 300.0
_SLUG = re.compile(r"life-\d+-[a-z0-9]{6}")
LAB = "/srv/git/lab.git"
_MOST_ROUNDS = 60


def settings_of(folder: Path) -> Settings:
    many = 100_000
    values: dict[str, Any] = {
        "data_dir": folder,
        "slack": {"bot_token": "xoxb-1", "signing_secret": "s", "users": {person_of(each): "developer" for each in range(PEOPLE)}},
        "limits": {"idle_hours": 0, "replies_per_hour": 0, "environments": many, "per_person": many, "per_project": many},
        "projects": {"lab": {"forge": "local", "clone_url": LAB, "slack_channels": "C0LAB"}},
    }
    return Settings(**values)


@dataclass
class Simulation:
    settings: Settings
    database: Database
    clock: ManualClock
    ear: Ear
    place: Place
    chance: random.Random
    outages: Sequence[Outage]
    deaths: int = 0

    def __post_init__(self) -> None:
        self._names = (f"worker-{number}" for number in itertools.count(1))
        self._crew: list[Worker] = []
        self._store = Store(self.database)

    async def run(self, acts: Sequence[Act]) -> None:
        """Until everything that was made is gone."""
        waiting = list(reversed(acts))
        while waiting or await self._next_due() is not None:
            next_at = min(at for at in (waiting[-1].at if waiting else None, await self._next_due()) if at is not None)
            self.clock.at = now = max(self.clock.at, next_at) + self.chance.uniform(1, 120)
            while waiting and waiting[-1].at <= now:
                await self._say(waiting.pop())
            if any(outage.covers(now) for outage in self.outages):
                await self._nobody_works()
                continue
            await self._work()
        await self._nobody_works()

    async def _say(self, act: Act) -> None:
        person = Person(Platform.SLACK, act.person, act.person.lower())
        thread = Thread(Platform.SLACK, f"slack:T0:C0LAB:{act.life}", asker=person)
        key = f"slack:{act.life}:{act.at}"
        said = Said(key, person, thread, act.line, "", Dialect.LINE, is_direct=True, said_at=act.at if "create" not in act.line else None)
        await take_at_once(self._store, "slack", "say", (said,))

    async def _work(self) -> None:
        while len(self._crew) < WORKERS:
            worker = Worker(next(self._names), self.chance)
            await worker.begin(self.settings, self.database, self.ear, self.place)
            self._crew.append(worker)
        if self.chance.random() < 0.02:
            for worker in self._crew:
                worker.wrong_by(self.chance.uniform(-SKEW_S, SKEW_S))
        if self.chance.random() < 0.01:
            await self._one_dies()
        for _ in range(_MOST_ROUNDS):
            if not await self.chance.choice(self._crew).works():
                return
        raise AssertionError("it does not come to rest")

    async def _one_dies(self) -> None:
        """In the middle of whatever it is at."""
        worker = self._crew.pop()
        working = asyncio.create_task(worker.works())
        for _ in range(self.chance.randrange(60)):
            await asyncio.sleep(0)
        await worker.dies()
        await working
        self.deaths += 1

    async def _nobody_works(self) -> None:
        for worker in self._crew:
            await worker.dies()
        self._crew.clear()

    async def _next_due(self) -> float | None:
        """When the next thing has to be done; None when there is nothing left to do, ever."""
        async with self._store.look() as look:
            dues = [select(func.min(table.c.due_at)) for table in (environments, messages, cards, outbox)]
            found = [(await look.connection.execute(due)).scalar_one() for due in dues]
        return min((at for at in found if at is not None), default=None)

    # -- what became of it ---------------------------------------------------------------------------

    async def records(self, asked: Mapping[str, float]) -> list[Record]:
        """`asked`: name of a life → for how long it was asked for, in seconds."""
        async with self._store.look() as look:
            rows = [struct_of(row, Environment) for row in (await look.connection.execute(select(environments))).mappings()]
            told = (await look.connection.execute(select(events).order_by(events.c.id))).mappings().all()
        direct: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for at, body in self.ear.direct:
            for slug in set(_SLUG.findall(body)):
                direct[slug].append((at, body))
        lives: dict[str, list[RowMapping]] = defaultdict(list)
        for each in told:
            lives[each["environment_id"]].append(each)
        return [_record(row, asked[row.name], lives[row.id], direct[row.slug]) for row in rows]


def _record(row: Environment, asked_s: float, told: Sequence[RowMapping], direct: Sequence[tuple[float, str]]) -> Record:
    record = Record(row.slug, ended_by=row.gone_reason, gone_at=row.gone_at)
    record.warned = [at for at, body in direct if " goes in " in body]
    record.told_gone = sum(" is gone" in body for _, body in direct)
    for each in told:
        if each["kind"] == "created":
            record.deadlines.append((each["at"], each["at"] + asked_s))
        elif each["kind"] == "extended":
            record.deadlines.append((each["at"], record.deadlines[-1][1] + each["data"]["seconds"]))
        elif each["kind"] == "unwanted":
            record.unwanted_at = each["at"]
    assert abs(record.deadlines[-1][1] - row.expires_at) < 1e-3, row.slug
    return record


@asynccontextmanager
async def a_simulation(folder: Path, seed: str, outages: Sequence[Outage], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulation]:
    """Wall clocks are wrong by whatever `SKEW` says; what is written need not survive the machine here, and so is not flushed."""
    settings, clock = settings_of(folder), ManualClock()
    monkeypatch.setattr(time, "time", lambda: clock.at + SKEW.get())
    monkeypatch.setattr(aiosqlite.Connection, "_execute", at_once(random.Random(seed)))
    prepare(settings.sql_url)
    database = Database(settings.sql_url, clock)
    event.listen(database.engine.sync_engine, "connect", unflushed)
    repositories = FakeRepositories({LAB: lambda: {"main": "a" * 40}})
    place = Place(FakeEngine(repositories), repositories)
    try:
        yield Simulation(settings, database, clock, Ear(clock), place, random.Random(seed), outages)
    finally:
        await database.close()
