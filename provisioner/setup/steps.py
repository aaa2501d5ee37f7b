"""One step of setting a machine up: carried out, looked at while it goes on, told task by task, and said to have failed where it did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.setup.command import command, looking, order
from provisioner.setup.programs import NONE, Programs
from provisioner.setup.shell import Ran, Shell
from provisioner.setup.told import done_in, shown, tasks

_WITHIN_S = 900.0
_SOON_S = 60.0

Heard = Callable[[int], Awaitable[None]]
"""Is given how many of a step's tasks are done, each time that they are more."""


@dataclass(frozen=True)
class Step:
    """The role's name, the files that hold what is an environment's own, its commit ("" for an image), and the pinned programs."""

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    sha: str = ""
    programs: Programs = field(default_factory=lambda: NONE)

    def order(self) -> str:
        return order(self.name, self.files, self.sha, self.programs)

    def command(self) -> str:
        return command(self.name, self.files, self.sha, self.programs)


class Roles(Protocol):
    """What carries out steps on a machine."""

    async def carry_out(self, machine: str, step: Step, stage: StageName, heard: Heard | None = None) -> None:
        """Raises EngineFailed with the task at which it stopped, EngineUnavailable when nobody can say what came of it."""

    async def leave(self, machine: str) -> None:
        """Its environment goes: leave nothing of it there. Raises EngineUnavailable."""


@dataclass(frozen=True)
class SentRoles(Roles):
    """The roles are sent to the machine, which runs them on itself; how far it is, it is asked every `look_s`."""

    shell: Shell
    look_s: float

    async def carry_out(self, machine: str, step: Step, stage: StageName, heard: Heard | None = None) -> None:
        watching = asyncio.create_task(self._look(machine, step.name, heard)) if heard else None
        try:
            ran = await self.shell.run(machine, step.command(), _WITHIN_S)
        finally:
            if watching:
                watching.cancel()
                await asyncio.wait({watching})
        judge(machine, step.name, ran, stage)

    async def leave(self, machine: str) -> None:
        """The machine goes, and all with it."""

    async def _look(self, machine: str, step: str, heard: Heard) -> None:
        """SSM says what a command printed only when it has ended, so another asks for what it has written down by now."""
        last = 0
        while True:
            await asyncio.sleep(self.look_s)
            try:
                done = done_in((await self.shell.run(machine, looking(step), _SOON_S)).out)
                if done > last:
                    await heard(last := done)
            except Exception:  # noqa: BLE001, S112 - how far it is, is not worth failing for: what it came to is said in the end
                continue


def judge(machine: str, step: str, ran: Ran, stage: StageName) -> None:
    """What a step came to. Raises as `Roles.carry_out`."""
    told = tasks(ran.out)
    if failed := next((each for each in told if each.outcome == "failed"), None):
        raise EngineFailed(stage, f"{failed.name}: {failed.why or 'it failed'}", tuple(map(shown, told)), code="setup_failed")
    if ran.code or not told:  # nothing told is nothing done, whatever the code says
        why = ran.err.strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineUnavailable(f"setting up {step} on {machine}: {why[0][:300]}")
