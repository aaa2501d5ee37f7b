"""A disk of data for a machine, made of a snapshot by Terraform and mounted there: anew for each time that somebody asks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from provisioner.engine import Dataset, EngineFailed, EngineUnavailable, StageName
from provisioner.setup.machines import Instance, Machines
from provisioner.terraform.outputs import instance_of, volume_of
from provisioner.terraform.records import DATA, Data, Record, Records
from provisioner.terraform.settings import TerraformSettings
from provisioner.terraform.stack import Stack


@dataclass(frozen=True)
class Disk:
    """`claim` raises StaleFence when somebody with a newer lease has been here."""

    settings: TerraformSettings
    records: Records
    machines: Machines
    claim: Callable[[], None]

    async def fill(self, record: Record, dataset: Dataset, number: int, stack: Stack) -> None:
        """Once for each `number`. Raises EngineFailed, after which there is no such disk with whatever is made next; EngineUnavailable."""
        if number <= record.seeded:
            return
        if not self.settings.declared >= DATA:
            reason = f"{dataset.name} is a snapshot, and the module {self.settings.name} here gives machines no disk of data"
            raise EngineFailed(StageName.STARTING, reason, code="wrong_dataset")
        wanted = record.with_data(Data(dataset.snapshot, dataset.gigabytes, number))
        self.records.save(wanted)  # before anything is made
        if record.data and record.machine:
            await self.machines.release(Instance(*record.machine))
        try:
            outputs = await stack.apply(wanted.wanted.variables)
            self.claim()
            await self.machines.mount(instance_of(outputs), volume_of(outputs))
        except EngineFailed as failed:
            self.claim()
            await self._without(record)
            raise EngineFailed(failed.stage, f"loading {dataset.name}: {failed.reason}", failed.log, "seed_failed") from failed
        self.claim()
        self.records.save(replace(wanted, seeded=number))

    async def forget(self, record: Record, number: int) -> None:
        """The `number`th is not wanted any more: unless it is there, whole, the disk goes with whatever is made next."""
        if record.data and record.data.asked == number and record.seeded < number:
            await self._without(record)

    async def _without(self, record: Record) -> None:
        self.records.save(record.with_data(None))
        if record.machine:
            with contextlib.suppress(EngineUnavailable, EngineFailed):  # whatever is made next sets it up again
                await self.machines.release(Instance(*record.machine))
                await self.machines.restart(Instance(*record.machine))
