"""One step of setting a machine up: sent, looked at while it goes on, told task by task, and said to have failed where it did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.setup.command import looking
from provisioner.setup.shell import Shell
from provisioner.setup.told import tasks

_WITHIN_S = 900.0
_SOON_S = 60.0


@dataclass(frozen=True)
class Watch:
    """`heard` is given how many of the step's tasks are done, each time that they are more; the machine is asked every `look_s`."""

    heard: Callable[[int], Awaitable[None]]
    look_s: float


async def carry_out(shell: Shell, machine: str, step: str, text: str, stage: StageName, watch: Watch | None = None) -> None:
    """Raises EngineFailed with the task at which it stopped, EngineUnavailable when nobody can say what came of it."""
    watching = asyncio.create_task(_look(shell, machine, step, watch)) if watch else None
    try:
        ran = await shell.run(machine, text, _WITHIN_S)
    finally:
        if watching:
            watching.cancel()
            await asyncio.wait({watching})
    told = tasks(ran.out)
    lines = tuple(f"{each.outcome:8} {each.name}{f': {each.why}' if each.why else ''}" for each in told)
    if failed := next((each for each in told if each.outcome == "failed"), None):
        raise EngineFailed(stage, f"{failed.name}: {failed.why or 'it failed'}", lines, code="setup_failed")
    if ran.code or not told:  # nothing told is nothing done, whatever the code says
        why = ran.err.strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineUnavailable(f"setting up {step} on {machine}: {why[0][:300]}")


async def _look(shell: Shell, machine: str, step: str, watch: Watch) -> None:
    """SSM says what a command printed only when it has ended, so another asks for what it has written down by now."""
    last = 0
    while True:
        await asyncio.sleep(watch.look_s)
        try:
            done = len((await shell.run(machine, looking(step), _SOON_S)).out.splitlines())
            if done > last:
                await watch.heard(last := done)
        except Exception:  # noqa: BLE001, S112 - how far it is, is not worth failing for: what it came to is said in the end
            continue
