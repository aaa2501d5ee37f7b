"""The step that fills an environment with the dataset that was asked for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bot.domain.command import Event
from bot.domain.datasets import SEEDING, offered
from bot.domain.datasets import Dataset as Offered
from bot.domain.devenv import FILES
from bot.domain.environment import Environment, Failure
from bot.domain.project import Project
from bot.domain.trading import Offer
from bot.redaction import KNOWN
from bot.store.leases import Lease
from bot.store.store import Store
from bot.store.transaction import Transaction
from bot.worker import settle_seeding
from bot.worker.interrupting import Interrupting, Unwanted
from bot.worker.spec import config_of, source_of_running
from provisioner.engine import Dataset, Engine, EngineFailed, StageName


def is_for_nothing(row: Environment, begun: Environment) -> bool:
    """A push waits: data that is half there would be of no use to it either."""
    return row.is_paused or row.seeds.cancelled >= begun.seeds.asked or row.seeds.asked != begun.seeds.asked


class Seeding:
    def __init__(
        self, store: Store, engine: Engine, projects: Mapping[str, Project], offer: Offer, interrupting: Interrupting, dashboard: str
    ) -> None:
        self._store, self._engine, self._projects, self._offer = store, engine, projects, offer
        self._interrupting, self._dashboard = interrupting, dashboard

    async def step(self, environment: Environment, lease: Lease) -> None:
        """Raises Unwanted, EngineUnavailable, StaleFence."""
        number = environment.seeds.asked
        if environment.seeds.cancelled >= number:
            await self._engine.seed(environment.id, None, lease.fence, number)
            await self._end(environment, lease, Failure("cancelled", "it was stopped, as asked", SEEDING))
            return
        failure, began_at = None, await self._begin(environment, lease)
        dataset, gigabytes = None, None
        try:
            dataset = await self._dataset(environment)
            loading = self._engine.seed(environment.id, dataset, lease.fence, number)
            await self._interrupting.unless_unwanted(environment, loading, is_for_nothing)
            gigabytes = dataset.gigabytes or None  # a script leaves a disk that there is as it is
        except EngineFailed as error:
            failure = Failure(error.code, KNOWN.text(error.reason), SEEDING, KNOWN.lines(error.log))
            if dataset and dataset.snapshot and error.code == "seed_failed":
                gigabytes = 0  # the one that there was is gone, too
        except Unwanted:
            await self._engine.seed(environment.id, None, lease.fence, number)
            raise
        await self._end(environment, lease, failure, began_at, gigabytes)

    async def _begin(self, environment: Environment, lease: Lease) -> float:
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                if row.is_seeding:  # taken over from a worker that died
                    return row.stage_began_at
                await transaction.save(msgspec.structs.replace(row, stage=SEEDING, stage_began_at=transaction.now))
                data: dict[str, str | float | bool | None] = {"generation": row.generation, "dataset": row.seeds.dataset}
                await transaction.note(
                    Event(at=transaction.now, kind=f"stage_began:{SEEDING}", environment_id=row.id, project=row.project, data=data)
                )
            return transaction.now

    async def _end(
        self,
        environment: Environment,
        lease: Lease,
        failure: Failure | None,
        began_at: float | None = None,
        gigabytes: int | None = None,
    ) -> None:
        """`gigabytes`: of the disk that it has now, None for as before."""
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                if gigabytes is not None:
                    row = msgspec.structs.replace(row, seeds=row.seeds.on_disk(gigabytes, transaction.now))
                await self.settle(transaction, row, environment.seeds.asked, failure, began_at)

    async def settle(
        self, transaction: Transaction, row: Environment, number: int, failure: Failure | None, began_at: float | None = None
    ) -> None:
        page = f"{self._dashboard}/environments/{row.slug}"
        await settle_seeding.ended(transaction, row, number, failure, began_at, page)

    async def _dataset(self, environment: Environment) -> Dataset:
        """As it is at the commit that runs. Raises EngineFailed when it is there no more."""
        project = self._projects.get(environment.project)
        found: Offered | None = None
        if project:
            files = await self._engine.read(source_of_running(environment, project), FILES)
            config = config_of(files, self._offer, runs_tilt=True)  # what reads them was asked when it was made
            found = offered(config.seeds, project.datasets, is_fork=environment.is_fork).get(environment.seeds.dataset)
        if found is None:
            reason = f"there is no dataset {environment.seeds.dataset} at the commit that runs"
            raise EngineFailed(StageName.STARTING, reason, code="unknown_dataset")
        return Dataset(found.name, found.run, found.archive, found.within_s, found.snapshot, found.gigabytes)
