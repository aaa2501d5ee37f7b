"""What is seen of environments that Terraform made: by what this machine remembers, by whoever runs services, and what each wrote."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from provisioner.engine import Engine, LogLine, Observed
from provisioner.fences import Fences
from provisioner.records import check_name
from provisioner.setup.machines import Instance, Machines
from provisioner.terraform.looks import Looks
from provisioner.terraform.records import Record, Records
from provisioner.terraform.said import said_in
from provisioner.terraform.settings import TerraformSettings

LOGS = "terraform"  # the name under which its own log is shown


@dataclass(frozen=True)
class Seen:
    """Of one module; `within` and `machines` as the engine has them."""

    settings: TerraformSettings
    records: Records
    fences: Fences
    within: Engine
    machines: Machines | None
    looks: Looks | None = None  # into machines

    async def look(self, environment: str) -> None:
        check_name(environment)
        if self.looks:
            await self.looks.look(environment)

    async def all(self) -> tuple[Observed, ...]:
        """What runs, what was half made or half taken down, and spares."""
        records = await self._own_records()
        own = {each.environment for each in records}
        within = () if self.machines else await self.within.observe()
        running = await self._on_machines() if self.machines else [each for each in within if each.environment in own]
        seen = {each.environment for each in running}
        half = [each for each in records if each.environment not in seen and (each.is_going or not each.has_run)]
        return (*running, *(self._observed(each) for each in half))

    async def remembered(self, environment: str) -> Observed | None:
        check_name(environment)
        record = await asyncio.to_thread(self.records.find, environment)
        if record is None or record.made_by != self.settings.name:
            return None
        half = self._observed(record)
        ready = record.ready if record.has_run and not record.is_going else None
        if ready is None:
            return half
        services = await asyncio.to_thread(self.looks.known, environment, ready.generation) if self.looks else None
        running = replace(half, generation=ready.generation, sha=ready.sha, ref=ready.ref)
        return running if services is None else replace(running, services=services, sees_services=True)

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        check_name(environment)
        if self.machines and service != LOGS:
            record = await asyncio.to_thread(self.records.find, environment)
            if record and record.is_stopped:
                return ()
            if record and record.machine:
                return await self.machines.logs(Instance(*record.machine), service, tail)
        elif service != LOGS and (lines := await self.within.logs(environment, service, tail)):
            return lines
        if service not in {None, LOGS}:
            return ()
        texts = await asyncio.to_thread(said_in, self.settings.environments / environment / "logs", tail)
        return tuple(LogLine(LOGS, text) for text in texts)

    async def _own_records(self) -> tuple[Record, ...]:
        """Those that were made with this module: beside it there may be an engine with another."""
        records = await asyncio.to_thread(lambda: tuple(self.records.all()))
        return tuple(each for each in records if each.made_by == self.settings.name)

    async def _on_machines(self) -> tuple[Observed, ...]:
        """As they were left: what is of them in the cloud's account is looked at elsewhere."""
        records = await self._own_records()
        seen = [await self.remembered(each.environment) for each in records if each.has_run and not each.is_going]
        return tuple(each for each in seen if each)

    def _observed(self, record: Record) -> Observed:
        fence, wanted, looks = self.fences.highest(record.environment), record.wanted, self.machines is None
        return Observed(record.environment, record.slug, None, fence, wanted.sha, (), None, record.project, wanted.ref, sees_services=looks)
