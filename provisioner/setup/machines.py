"""The engine within a machine: sets it up step by step, and says where it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from provisioner.engine import Access, Address, Dataset, EngineFailed, LogLine, Report, ServiceState, Source, Spec, StageName
from provisioner.records import label
from provisioner.setup import asking, seeding
from provisioner.setup.command import LOG, tasks_of
from provisioner.setup.data import DEVICE, FILE, RELEASE, STEP
from provisioner.setup.ending import end_of, whole_lines
from provisioner.setup.plan import STEPS, Host, given
from provisioner.setup.power import Power
from provisioner.setup.shell import Shell
from provisioner.setup.steps import Roles, SentRoles, Step
from provisioner.setup.tilt import NotAllowed
from provisioner.setup.told import shown, tasks
from provisioner.traefik.names import TILT

SETUP = "setup"  # the name under which the set-up's own log is shown
_SOON_S = 120.0
_CLUSTER = "docker start trellis-control-plane 2>/dev/null || true"  # kind's node; where there is none yet it is made
_LOOK_S = 5.0
_ASKED_S = 30.0


@dataclass(frozen=True)
class Instance:
    """What the module made, by its output of the same name."""

    id: str
    private_ip: str


class Code(Protocol):
    """Where a machine fetches a branch's code."""

    async def offer(self, environment: str, source: Source) -> str:
        """An address that gives the commit as a tar.gz, for a while. Raises EngineFailed, EngineUnavailable."""

    async def forget(self, environment: str) -> None:
        """Leave nothing of it. Already gone is success."""


@dataclass(frozen=True)
class Machines:
    """`proof` is what opens tilt's page of an environment; how far a step is, is looked at every `look_s`."""

    shell: Shell
    code: Code
    host: Host
    proof: Callable[[str], str]
    power: Power
    look_s: float = _LOOK_S
    roles: Roles | None = None  # None: they are sent through the shell

    @property
    def _by(self) -> Roles:
        return self.roles or SentRoles(self.shell, self.look_s)

    steps: ClassVar[tuple[str, ...]] = STEPS
    runs_tilt: ClassVar[bool] = True

    async def apply(self, machine: Instance, spec: Spec, report: Report, volume: str = "") -> Access:
        """Make the commit run there, with the data of that disk. Raises EngineFailed with the task at which it stopped."""
        await report.begin(StageName.CONFIGURING)
        files = self.files(spec, await self.code.offer(spec.environment, spec.source))
        *before, last = self.steps
        if volume:
            await self.power.bind(machine.id, DEVICE)
            files, before = {**files, FILE: volume}, [*before, STEP]
        await self._steps(machine, before, (files, spec.source.sha), StageName.CONFIGURING, report)
        await report.begin(StageName.STARTING)
        await self._steps(machine, [last], (files, spec.source.sha), StageName.STARTING, report)
        addresses = tuple(Address(each, self.host.url(label(spec, each))) for each in self.answering(spec))
        return Access(spec.generation, spec.source.sha, addresses, f"http://{machine.private_ip}:80")

    def files(self, spec: Spec, code_url: str) -> dict[str, str]:
        """What is this environment's own, by name. Raises EngineFailed."""
        try:
            return given(self.host, spec, code_url, self.proof(spec.environment))
        except NotAllowed as error:
            raise EngineFailed(StageName.CONFIGURING, str(error), code="tilt_args") from error

    def answering(self, spec: Spec) -> tuple[str, ...]:
        """The services that have an address."""
        return tuple(each.name for each in spec.services)

    async def _steps(
        self, machine: Instance, steps: Sequence[str], told: tuple[dict[str, str], str], stage: StageName, report: Report
    ) -> None:
        """One after the other, each task counted."""
        before, of = 0, sum(map(tasks_of, steps))
        for step in steps:

            async def heard(done: int, before: int = before, step: str = step) -> None:
                await report.count(stage, min(before + done, of), of, step)

            await heard(0)
            await self._by.carry_out(machine.id, Step(step, *told, self.host.programs), stage, heard)
            before += tasks_of(step)
        await report.end(stage)

    async def restart(self, machine: Instance, service: str | None = None) -> None:  # noqa: ARG002 - tilt has one unit for all
        """Have tilt begin anew what it runs. Raises EngineFailed, EngineUnavailable."""
        await self._plain(machine, "systemctl restart trellis-tilt")

    async def pause(self, machine: Instance) -> None:
        """The machine is stopped: only its disk is there, and paid for. Raises EngineUnavailable."""
        await self.power.stop(machine.id)

    async def wake(self, machine: Instance) -> None:
        """Start it if it is stopped, and its cluster with it; `apply` does the rest. Raises EngineUnavailable."""
        if await self.power.start(machine.id):
            await self.started(machine)

    async def started(self, machine: Instance) -> None:
        """Have its cluster run again, whatever Docker makes of it by itself. Raises EngineUnavailable."""
        await self.shell.run(machine.id, _CLUSTER, _SOON_S)

    async def seed(self, machine: Instance, slug: str, dataset: Dataset | None, number: int) -> None:
        """Run its line there, once for each `number`; None: stop the one that runs. Raises EngineFailed, EngineUnavailable."""
        if dataset is None:
            await self._plain(machine, seeding.STOP)
            return
        if dataset.archive:
            reason = f"{dataset.name} is a file of the host that Trellis runs on, and this environment is a machine of its own"
            raise EngineFailed(StageName.STARTING, reason, code="wrong_dataset")
        text = seeding.command(dataset, number, {"HOME": "/root", "TRELLIS_SLUG": slug, "TRELLIS_URL": self.host.url(slug)})
        ran = await self.shell.run(machine.id, text, dataset.within_s + _SOON_S)
        if ran.code:
            why = f"did not end within {dataset.within_s:g} s" if ran.code == seeding.TOO_LONG else f"exited with code {ran.code}"
            raise EngineFailed(StageName.STARTING, f"loading {dataset.name} {why}", tuple(whole_lines(ran.out)), code="seed_failed")

    async def look(self, machine: Instance, spec: Spec) -> tuple[ServiceState, ...] | None:
        """How its services are, by one command; None when it says nothing of it. Raises EngineUnavailable."""
        probes = [asking.Probe(each.name, f"{label(spec, each.name)}.{self.host.domain}", each.health) for each in spec.services]
        ran = await self.shell.run(machine.id, asking.command(probes), _ASKED_S)
        return asking.states(probes, ran.out)

    async def leave(self, environment: str, machine: Instance | None) -> None:
        """Before the machine, if there is one, is taken down; already gone is success. Raises EngineUnavailable."""
        await self.code.forget(environment)
        if machine:
            await self._by.leave(machine.id)

    async def release(self, machine: Instance) -> None:
        """Let go of its disk of data, for which its services have to stop. That there is none is success."""
        await self.shell.run(machine.id, RELEASE, _SOON_S)

    async def mount(self, machine: Instance, volume: str) -> None:
        """Have a disk of data at `$HOME/data`, and services begin anew with it. Raises EngineFailed, EngineUnavailable."""
        await self.power.bind(machine.id, DEVICE)
        await self._by.carry_out(machine.id, Step(STEP, {FILE: volume}, programs=self.host.programs), StageName.STARTING)
        await self.restart(machine)

    async def logs(self, machine: Instance, service: str | None, tail: int) -> tuple[LogLine, ...]:
        if service == seeding.LOG:
            return tuple(LogLine(seeding.LOG, text) for text in await self._end(machine, seeding.logs(tail)))
        if service == SETUP:
            told = tasks("\n".join(await self._end(machine, LOG)))
            return tuple(LogLine(SETUP, shown(each)) for each in told[-tail:])
        printed = await self._end(machine, f"journalctl --quiet --unit trellis-tilt --output cat --lines {int(tail)}")
        lines = tuple(LogLine(TILT, text) for text in printed)
        return lines or (await self.logs(machine, SETUP, tail) if service is None else ())

    async def _end(self, machine: Instance, command: str, within_s: float = _SOON_S) -> list[str]:
        """The last lines that it prints."""
        return whole_lines((await self.shell.run(machine.id, end_of(command), within_s)).out)

    async def _plain(self, machine: Instance, text: str) -> None:
        ran = await self.shell.run(machine.id, text, _SOON_S)
        if ran.code:
            raise EngineFailed(StageName.STARTING, f"{text}: {ran.err.strip()[-300:] or 'it failed'}", code="setup_failed")
