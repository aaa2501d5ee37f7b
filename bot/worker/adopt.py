"""After a database was restored from before: what runs and is newer than its row, or has none, is taken up as it is, never destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from bot import meters
from bot.context import Limits
from bot.domain.command import Event
from bot.domain.environment import Environment, Size, State, slug_of
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import Project
from bot.domain.spares import Spare, SpareState
from bot.store import leases
from bot.store.store import Store
from bot.store.transaction import Transaction
from provisioner.engine import Observed

log = structlog.get_logger()

_OWNER = Person(Platform.CONSOLE, "trellis", "trellis")
_THREAD = Thread(Platform.CONSOLE, "console:trellis")
_SALTS = 5


@dataclass
class Adoption:
    """`projects` are those configured: what runs of another is told of and left alone."""

    store: Store
    projects: Mapping[str, Project]
    limits: Limits
    host_id: str

    async def catch_up(self, running: Sequence[Observed]) -> None:
        """Have no fence of ours be lower than the keeper's: its orders would all be refused."""
        fences = {f"environment:{each.environment}": each.fence for each in running}
        async with self.store.look() as look:
            known = await leases.fences(look.connection, list(fences))
        behind = {name: fence for name, fence in fences.items() if known.get(name, 0) < fence}
        if behind:
            log.error("fences_behind", leases=sorted(behind))
            async with self.store.transaction() as transaction:
                for name, fence in behind.items():
                    await leases.raise_fence(transaction.connection, name, fence)

    async def follow(self, observed: Observed) -> None:
        """Its row knows an older generation than runs: the row is what is old."""
        async with self.store.transaction() as transaction:
            row = await transaction.environments.locked(observed.environment)
            if row is None or not is_behind(row, observed):
                return
            after = msgspec.structs.replace(row, **_as_observed(observed))
            log.error("environment_newer_than_its_row", environment=row.id, knew=row.generation, runs=observed.generation)
            await transaction.edit(after)
            await transaction.note(_event(after, transaction.now))

    async def adopt(self, observed: Observed) -> None:
        """Nobody knows it: it gets a row, and whoever cares is told. Its time begins anew."""
        project = self.projects.get(observed.project)
        if project is None or observed.generation is None or observed.sha is None:
            log.error("unknown_environment", environment=observed.environment, project=observed.project)
            return
        async with self.store.transaction() as transaction:
            if await transaction.environments.get(observed.environment) is not None:
                return
            for name in (_name_of(observed, project), f"adopted-{observed.environment[-8:]}"):
                row = self._row(observed, project, name, transaction)
                if await transaction.add(row):
                    break
            else:
                log.error("unknown_environment", environment=observed.environment, project=project.key, slug=observed.slug)
                return
            await transaction.note(_event(row, transaction.now))
        meters.adopted.inc()
        log.error("environment_adopted", environment=row.id, project=row.project, slug=row.slug)

    async def adopt_spare(self, observed: Observed) -> None:
        """A machine of nobody's that has no row: it gets one, as what is stale. There is nothing in it that anybody could miss."""
        async with self.store.transaction() as transaction:
            if await transaction.spares.get(observed.environment) is None:
                now, id_ = transaction.now, observed.environment
                adopted = Spare(
                    id=id_,
                    project=observed.project,
                    engine=observed.engine,
                    size=Size.SMALL,
                    state=SpareState.READY,
                    created_at=now,
                    expires_at=now,
                )
                await transaction.spares.add(adopted)
                log.error("spare_adopted", environment=observed.environment, project=observed.project)

    async def forget_spares(self, running: Sequence[Observed]) -> None:
        """What runs as somebody's is no spare, whatever a row of before says: it must not be claimed once more."""
        async with self.store.look() as look:
            ready = {each.id for each in await look.spares.live()}
        for id_ in ready & {each.environment for each in running if each.generation is not None}:
            async with self.store.transaction() as transaction:
                if await transaction.spares.forget(id_):
                    log.error("spare_is_in_use", environment=id_)

    def _row(self, observed: Observed, project: Project, name: str, transaction: Transaction) -> Environment:
        now = transaction.now
        row = Environment(
            id=observed.environment,
            slug=observed.slug,
            project=project.key,
            ref=observed.ref,
            name=name,
            owner=_OWNER,
            thread=_THREAD,
            created_at=now,
            expires_at=now + self.limits.ttl_s,
            deadline_set_at=now,
            active_at=now,
            idle_s=self.limits.idle_s,
            schedule=project.schedule,
            **_source_of(observed, project),
            sha=observed.sha or "",
            state=State.READY,
            host_id=self.host_id,
            engine=observed.engine or project.engine,
        )
        return msgspec.structs.replace(row, **_as_observed(observed))


def _source_of(observed: Observed, project: Project) -> dict[str, Any]:
    """What is fetched under a request's name is a fork's code, and stays at the commit that was looked at."""
    if observed.ref.startswith("refs/heads/"):
        return {"source_id": project.id}
    number = observed.ref.split("/")[2]
    request = int(number) if number.isdecimal() else None
    return {"source_id": "", "is_fork": True, "is_pinned": True, "is_bound": True, "request": request}


def is_behind(row: Environment, observed: Observed) -> bool:
    """A generation is written before it is made: one that runs and is not in the row was written after the copy was taken."""
    return observed.generation is not None and observed.generation > row.generation and row.state is State.READY


def _as_observed(observed: Observed) -> dict[str, object]:
    """It runs. That it is not settled has the engine asked for its addresses, which changes nothing of what runs."""
    number = observed.generation or 0
    runs = {"generation": number, "running_generation": number, "settled_generation": number - 1}
    return {**runs, "sha": observed.sha, "running_sha": observed.sha}


def _name_of(observed: Observed, project: Project) -> str:
    """The name it was asked for under, as far as its slug tells: "" for a branch's own, which most are."""
    identity = (f"{project.key}:{project.id}", project.id, observed.ref, "")
    is_own = observed.slug in {slug_of(*identity, salt) for salt in range(_SALTS)}
    return "" if is_own else observed.slug.rpartition("-")[0]


def _event(row: Environment, now: float) -> Event:
    data: dict[str, str | float | bool | None] = {"generation": row.generation, "sha": row.sha}
    return Event(at=now, kind="adopted", environment_id=row.id, project=row.project, actor="trellis", data=data)
