"""One step of setting a machine up: sent, told task by task, and said to have failed where it did."""

from __future__ import annotations

from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.setup.shell import Shell
from provisioner.setup.told import tasks

_WITHIN_S = 900.0


async def carry_out(shell: Shell, machine: str, step: str, text: str, stage: StageName) -> None:
    """Raises EngineFailed with the task at which it stopped, EngineUnavailable when nobody can say what came of it."""
    ran = await shell.run(machine, text, _WITHIN_S)
    told = tasks(ran.out)
    lines = tuple(f"{each.outcome:8} {each.name}{f': {each.why}' if each.why else ''}" for each in told)
    if failed := next((each for each in told if each.outcome == "failed"), None):
        raise EngineFailed(stage, f"{failed.name}: {failed.why or 'it failed'}", lines, code="setup_failed")
    if ran.code or not told:  # nothing told is nothing done, whatever the code says
        why = ran.err.strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineUnavailable(f"setting up {step} on {machine}: {why[0][:300]}")
