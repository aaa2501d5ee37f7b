"""The engine that makes environments by Terraform: it makes the machine; what runs within it is another engine's work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from provisioner.engine import (
    Access,
    Bare,
    Dataset,
    Engine,
    EngineFailed,
    EngineUnavailable,
    LogLine,
    Observed,
    Pattern,
    Report,
    Source,
    Spec,
    StageName,
)
from provisioner.fences import Fences
from provisioner.moments import at
from provisioner.records import check, check_bare, check_name
from provisioner.setup.machines import Instance, Machines
from provisioner.terraform.commands import Commands
from provisioner.terraform.copies import Copy
from provisioner.terraform.disk import Disk
from provisioner.terraform.images import Newest, Resolve, addresses_of, image_of
from provisioner.terraform.looks import Looks
from provisioner.terraform.outputs import data_of, instance_of, volume_of, with_addresses
from provisioner.terraform.program import Program, find
from provisioner.terraform.records import Data, Made, Record, Records
from provisioner.terraform.remains import Remains
from provisioner.terraform.reports import Begun, Quiet
from provisioner.terraform.runner import Runner
from provisioner.terraform.seen import Seen
from provisioner.terraform.settings import S3State, TerraformSettings
from provisioner.terraform.stack import Stack
from provisioner.terraform.variables import bare_of, for_the_end, variables


class TerraformEngine(Engine):
    """`within` brings services to the machine that was made; with `modules/local-env` that is this machine, and the keeper.

    With `machines` the module makes a machine of each environment's own, which they set up; then `within` only reads repositories.
    `image` asks which image machines are made of now, "" for the one that the settings name; `remains` take away what no state knows.
    """

    def __init__(
        self,
        settings: TerraformSettings,
        within: Engine,
        now: Callable[[], float] = time.time,
        machines: Machines | None = None,
        image: Callable[[], Awaitable[str]] | None = None,
        resolve: Resolve = addresses_of,
        remains: Remains | None = None,
    ) -> None:
        self._settings, self._within, self._now, self._machines, self._remains = settings, within, now, machines, remains
        self._newest = Newest(settings, image, resolve)
        for folder in (settings.fences, settings.environments, settings.folder / "home"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fences = Fences(settings.fences)
        self._records = Records(settings.environments)
        looks = Looks(settings.environments, self._records, machines, now) if machines else None
        self._seen = Seen(settings, self._records, self._fences, within, machines, looks)
        self._runner = Runner(settings)
        self._program: Program | None = None

    def runs_tilt(self, project: str) -> bool:  # noqa: ARG002 - of every project
        return self._machines is not None and self._machines.runs_tilt

    async def aclose(self) -> None:
        if close := getattr(self._within, "aclose", None):
            await close()

    async def program(self) -> Program:
        """The Terraform that is used. Raises EngineUnavailable when there is none."""
        if self._program is None:
            self._program = await find(self._settings.program, self._settings.folder / "home")
        return self._program

    async def _stack(self, environment: str, fence: int) -> Stack:
        program = await self.program()
        machine = await self._machine_of(environment)
        copy = Copy(self._settings, environment, fence)
        return Stack(copy, Commands(program.argv), self._runner, self._remains, machine.id if machine else "")

    def _claim(self, environment: str, fence: int) -> None:
        check_name(environment)
        self._fences.claim(environment, fence)

    # ------------------------------------------------------------ making before anybody asks
    async def pattern(self, project: str) -> Pattern:
        return Pattern(self._settings.name, await asyncio.to_thread(image_of, await self._newest.now(project)))

    async def prepare(self, bare: Bare, fence: int) -> None:
        """The machine, under a name of its own; what is to run in it is not known yet."""
        check_bare(bare)
        self._claim(bare.environment, fence)
        stack = await self._stack(bare.environment, fence)
        before = self._records.find(bare.environment)
        created_at = before.created_at if before else self._now()
        made = Made(0, "", "", variables(await self._newest.for_making(bare.project), bare, created_at))
        record = Record(bare.environment, bare.slug, bare.project, created_at, made, module=self._settings.name)
        self._records.save(record)
        await stack.apply(made.variables)
        self._claim(bare.environment, fence)
        self._records.save(replace(record, ready=made))

    # ------------------------------------------------------------ making
    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        check(spec)
        self._claim(spec.environment, fence)
        await report.begin(StageName.PROVISIONING)
        stack = await self._stack(spec.environment, fence)
        if self._machines and (machine := await self._machine_of(spec.environment)):
            await self._machines.wake(machine)  # before it is looked at: a machine that is stopped has no services to set up
        record = await self._wanted(spec, stack)
        outputs = await stack.apply(record.wanted.variables, lambda done, of: report.count(StageName.PROVISIONING, done, of))
        if self._machines:
            machine = instance_of(outputs)
            record = replace(record, machine=(machine.id, machine.private_ip))
            self._claim(spec.environment, fence)
            self._records.save(record)
            if record.is_resized:
                await self._machines.started(machine)
            await report.end(StageName.PROVISIONING)
            try:
                access = await self._machines.apply(machine, spec, report, volume_of(outputs))
            except EngineFailed as failed:
                if record.ready and 0 < record.ready.generation < spec.generation:
                    await self._after_failure(record, fence, failed)
                raise
        else:
            access = with_addresses(await self._within.apply(spec, fence, Begun(report)), outputs)
        self._claim(spec.environment, fence)
        self._records.save(replace(record, ready=record.wanted))
        return access

    async def _after_failure(self, record: Record, fence: int, failed: EngineFailed) -> None:
        """What ran before goes on. Raises EngineFailed with both where that cannot be had either."""
        try:
            await self._put_back(record, fence)
        except (EngineFailed, EngineUnavailable) as problem:
            reason = f"{failed.reason}. What ran before could not be put back: {problem}"
            raise EngineFailed(failed.stage, reason, failed.log, code="not_put_back") from failed

    async def _put_back(self, record: Record, fence: int) -> None:
        """The machine as it was, and what ran on it last. What only has to be left alone within this machine runs there still."""
        ready = record.ready or record.wanted
        outputs = await (await self._stack(record.environment, fence)).apply(ready.variables)
        machine = record.machine
        if self._machines and ready.spec:
            made = instance_of(outputs)
            machine = (made.id, made.private_ip)
            if record.is_resized:  # it was stopped for that, and is again
                await self._machines.started(made)
            await self._machines.apply(made, ready.spec, Quiet(), volume_of(outputs))
        self._claim(record.environment, fence)
        self._records.save(replace(record, wanted=ready, machine=machine))

    async def _machine_of(self, environment: str) -> Instance | None:
        """The machine that an environment had last."""
        record = await asyncio.to_thread(self._records.find, environment)
        return Instance(*record.machine) if record and record.machine else None

    async def _wanted(self, spec: Spec, stack: Stack) -> Record:
        """Remembered before anything is made, so that nothing that is made is ever forgotten."""
        before = self._records.find(spec.environment)
        created_at, data = (before.created_at, before.data) if before else await self._known(spec, stack)
        if before and before.is_spare:  # its time as somebody's begins
            created_at = self._now()
        told, source = await self._newest.told_of(spec, created_at, data), spec.source
        made = Made(spec.generation, source.sha, source.ref, told, replace(spec, secrets=()))
        record = Record(spec.environment, spec.slug, source.project, created_at, made, module=self._settings.name, data=data)
        if before:
            record = replace(record, ready=before.ready, machine=before.machine, seeded=before.seeded)
        self._records.save(record)
        return record

    async def _known(self, spec: Spec, stack: Stack) -> tuple[float, Data | None]:
        """When it was made and of which data: now and of none, unless a state that is kept elsewhere knows better."""
        if isinstance(self._settings.state, S3State):
            known = await stack.known(variables(self._settings.of(spec.source.project), bare_of(spec), self._now()))
            if "created_at" in known:
                return at(known["created_at"]), data_of(known)
        return self._now(), None

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        self._claim(environment, fence)
        if not self._machines:
            await self._within.abandon(environment, generation, fence)
        record = self._records.find(environment)
        if record is None or record.wanted.generation != generation or record.wanted == record.ready:
            return
        if record.ready is None or record.ready.generation == 0:
            await self._take_down(environment, fence, record)
            return
        try:
            await self._put_back(record, fence)
        except EngineFailed as failed:  # it ran there before: that it does not now is no fault of the branch
            raise EngineUnavailable(f"putting back what ran before: {failed.reason}") from failed

    async def restart(self, environment: str, service: str | None, fence: int, number: int = 0) -> None:
        self._claim(environment, fence)
        if not self._machines:
            await self._within.restart(environment, service, fence, number)
        elif machine := await self._machine_of(environment):
            await self._machines.restart(machine, service)

    async def pause(self, environment: str, fence: int) -> None:
        """A machine of its own is stopped: then only its disk is paid for."""
        self._claim(environment, fence)
        if not self._machines:
            await self._within.pause(environment, fence)
        elif machine := await self._machine_of(environment):
            await self._machines.pause(machine)
            self._claim(environment, fence)
            if record := self._records.find(environment):
                self._records.save(replace(record, is_stopped=True))

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        self._claim(environment, fence)
        if not self._machines:
            await self._within.seed(environment, dataset, fence, number)
            return
        record = await asyncio.to_thread(self._records.find, environment)
        if record is None or record.machine is None:
            if dataset:
                raise EngineFailed(StageName.STARTING, "nothing of it runs", code="not_running")
            return
        disk = Disk(self._settings, self._records, self._machines, lambda: self._claim(environment, fence))
        if dataset and dataset.snapshot:
            await disk.fill(record, dataset, number, await self._stack(environment, fence))
            return
        if dataset is None:
            await disk.forget(record, number)
        await self._machines.seed(Instance(*record.machine), record.slug, dataset, number)

    # ------------------------------------------------------------ taking down
    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        self._claim(environment, fence)
        record = self._records.find(environment)
        if record:
            self._records.save(replace(record, is_going=True))
        if not self._machines:
            await self._within.destroy(environment, fence, grace_s)
        await self._take_down(environment, fence, record)

    async def _take_down(self, environment: str, fence: int, record: Record | None) -> None:
        if self._machines:
            await self._machines.leave(environment, Instance(*record.machine) if record and record.machine else None)
        copy = Copy(self._settings, environment, fence)
        is_known = record is not None or await asyncio.to_thread(copy.root.exists) or isinstance(self._settings.state, S3State)
        if is_known or (copy.state and await asyncio.to_thread(copy.state.exists)):
            known = record.wanted.variables if record else None
            await (await self._stack(environment, fence)).destroy(for_the_end(await self._newest.now(), environment, known))
            self._claim(environment, fence)
            await asyncio.to_thread(copy.remove)

    # ------------------------------------------------------------ looking
    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        return await self._within.read(source, paths)

    async def observe(self) -> tuple[Observed, ...]:
        """What runs, what was half made or half taken down, and spares."""
        return await self._seen.all()

    async def look(self, environment: str) -> None:
        await self._seen.look(environment)

    async def remembered(self, environment: str) -> Observed | None:
        return await self._seen.remembered(environment)

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        return await self._seen.logs(environment, service, tail)
