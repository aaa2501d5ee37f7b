"""The worker: its desks, their bells, the sweep, and a heartbeat that says that commands can be carried out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.context_ports import Runtime
from bot.domain.project import Project
from bot.settings import WorkerSettings
from bot.store.store import Store
from bot.vault.canary import Canary, watch_for_ever
from bot.worker.alarms import Alarms
from bot.worker.announcements import Announcements, announce_for_ever
from bot.worker.baking import Baking, bake_for_ever
from bot.worker.branches import Branches
from bot.worker.deployments import Deployments
from bot.worker.desk import Desk
from bot.worker.doorbell import attend
from bot.worker.ending import end
from bot.worker.environments import Environments
from bot.worker.follow import follow_for_ever
from bot.worker.leftovers import Leftovers, take_back_for_ever
from bot.worker.mains import Mains
from bot.worker.messages import Messages
from bot.worker.outbox import Outbox
from bot.worker.poll import Poller, poll_for_ever
from bot.worker.reconcile import Reconciler, reconcile_for_ever
from bot.worker.records import Records
from bot.worker.spares import Spares, stock_for_ever
from bot.worker.strays import Strays, look_for_strays_for_ever
from bot.worker.sweep import sweep_for_ever
from bot.worker.tidying import Tidying, tidy_for_ever
from bot.worker.voids import Voids

log = structlog.get_logger()

BEAT_S = 3.0
_BEAT_LASTS_S = 12.0
_WELL_S = 60.0  # a database that is away for less is no reason to begin anew
BEAT_NAME = "worker:"


@dataclass(frozen=True)
class Parts:
    """What a worker works with; `jobs` is how many rows of one kind it works on at once."""

    store: Store
    runtime: Runtime
    branches: Branches
    mains: Mains
    messages: Messages
    environments: Environments
    deployments: Deployments
    outbox: Outbox
    poller: Poller
    records: Records
    reconciler: Reconciler
    announcements: Announcements
    voids: Voids
    tidying: Tidying
    leftovers: Leftovers
    canary: Canary
    alarms: Alarms
    projects: Mapping[str, Project]
    spares: Spares | None = None  # where there shall be none
    strays: Strays | None = None  # where there is no account to look at
    baking: Baking | None = None  # where machines are of an image of the operator's own
    jobs: int = 10


def desks_of(parts: Parts) -> dict[str, Desk]:
    """Making never stands in the way of taking down, nor either of them in the way of words."""
    drive, nudge = parts.environments.drive, parts.environments.nudge
    return {
        "hear": Desk("hear", parts.messages.hear, parts.jobs),
        "say": Desk("say", parts.outbox.say, parts.jobs * 2),
        "create": Desk("create", drive, parts.jobs, nudge),
        "destroy": Desk("destroy", drive, parts.jobs, nudge),
        "deploy": Desk("deploy", parts.deployments.drive, parts.jobs * 2),
        "record": Desk("record", parts.records.tell, parts.jobs),
    }


class Workers:
    def __init__(self, parts: Parts, holder: str, redis_url: str, every: WorkerSettings) -> None:
        self._parts = parts
        self._holder = holder
        self._redis_url = redis_url
        self._poll_s = every.poll_s / 3
        self._sweep_s, self._follow_s, self._reconcile_s = every.sweep_s, every.follow_local_s, every.reconcile_s
        self.desks = desks_of(parts)
        self._beat_at = 0.0
        parts.outbox.later = self._say_later

    def _say_later(self, address: str, wait_s: float) -> None:
        if wait_s < self._sweep_s:
            asyncio.get_running_loop().call_later(wait_s, self.desks["say"].take, address)

    async def run(self) -> None:
        """Work until cancelled; then let go of what is in hand, for others to take up."""
        parts = self._parts
        jobs: list[Coroutine[Any, Any, None]] = [attend(desk, self._redis_url) for desk in self.desks.values()]
        jobs.append(sweep_for_ever(parts.store, self.desks, parts.voids, self._sweep_s))
        jobs.append(follow_for_ever(parts.store, parts.runtime, parts.branches, parts.mains, parts.projects, self._follow_s))
        jobs.append(poll_for_ever(parts.poller, parts.projects, self._poll_s))
        jobs.append(reconcile_for_ever(parts.reconciler, self._reconcile_s))
        if parts.spares:
            jobs.append(stock_for_ever(parts.spares, self._reconcile_s))
        if parts.strays:
            jobs.append(look_for_strays_for_ever(parts.strays))
        if parts.baking:
            jobs.append(bake_for_ever(parts.baking))
        jobs.append(announce_for_ever(parts.announcements))
        jobs.append(tidy_for_ever(parts.tidying))
        jobs.append(take_back_for_ever(parts.leftovers))
        jobs.append(watch_for_ever(parts.canary, parts.alarms))
        jobs.append(self._beat_for_ever())
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            await asyncio.gather(*tasks)
        finally:
            await end(tasks)
            await asyncio.gather(*(desk.close() for desk in self.desks.values()))

    def is_well(self) -> bool:
        """Whether the database has heard from us lately."""
        return time.monotonic() - self._beat_at < _WELL_S

    async def _beat_for_ever(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # readiness tells when it is missing
                await self._parts.store.beat(f"{BEAT_NAME}{self._holder}", self._holder, _BEAT_LASTS_S)
                self._beat_at = time.monotonic()
            await asyncio.sleep(BEAT_S)
