"""What Terraform keeps of one environment: brought to its variables, looked at, taken down. Each step may be cut off and taken again."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from processes import killpoint
from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.fences import Fences
from provisioner.terraform import launcher
from provisioner.terraform.commands import ERRORED, Commands
from provisioner.terraform.copies import Copy
from provisioner.terraform.launcher import Launch
from provisioner.terraform.remains import Left, Remains, known
from provisioner.terraform.runner import Ended, Place, Progress, Runner
from provisioner.terraform.runs import StateLock, lock_of
from provisioner.terraform.said import Said

_LOCKED = "Lock Info:"  # in every refusal that knows who has the lock
_DEFAULT = "default"
_ALONE_S = 15.0  # beside the time that an earlier run may take to end
_CHANGES = 2  # what a plan with something to do ends with
# Nobody's fault here, and likely over in a while.
_PASSING = re.compile(
    r"throttl|RequestLimitExceeded|TooManyRequests|InsufficientInstanceCapacity|ServiceUnavailable|InternalError|StatusCode: 5\d\d"
    r"|i/o timeout|connection (refused|reset)|no such host|context deadline exceeded|ExpiredToken|RequestError|no valid credential"
    # What was made a moment ago, and is not known yet to whoever of AWS is asked next.
    r"|Invalid(Group|SecurityGroup\w*|InstanceID|Volume)\.NotFound|NoSuchEntity|Invalid IAM Instance Profile"
    # What a run that was killed a moment ago had made and AWS did not list yet: it is taken away before the next try.
    r"|\w+\.Duplicate\b|EntityAlreadyExists"
    r"|state lock|Failed to save state|Error (saving|loading|refreshing) state",
    re.IGNORECASE,
)
KILL_POINTS = ("terraform.laid_out", "terraform.planned", "terraform.applied", "terraform.destroyed", "terraform.forgotten")


class Stack:
    """One environment, for one holder of its lease. Raises StaleFence wherever somebody with a newer one has been."""

    def __init__(self, copy: Copy, commands: Commands, runner: Runner, remains: Remains | None = None, ran: str = "") -> None:
        """`remains` take away what no state knows, but never the machine `ran` while the environment is to be there."""
        self._copy, self._commands, self._runner = copy, commands, runner
        self._remains, self._ran = remains, ran
        self._of = 0  # how many things the plan at hand changes

    # ------------------------------------------------------------ steps
    async def apply(self, variables: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Make it so and return the outputs. Raises EngineFailed, EngineUnavailable."""
        await self._begin(variables)
        if await self._plan():
            await self._clear(self._ran)
            await self._carry_out("apply", progress)
        killpoint("terraform.applied")
        return await self.outputs()

    async def destroy(self, variables: Mapping[str, Any], progress: Progress | None = None) -> None:
        """Take all of it down and forget it; already gone is success. Raises EngineUnavailable."""
        try:
            await self._begin(variables)
            is_there = await self._plan(is_destroy=True)
            await self._clear()  # first: what the state knows may be in use by what it does not
            if is_there:
                await self._carry_out("apply", progress)
        except EngineFailed as failed:
            raise EngineUnavailable(failed.reason) from failed
        killpoint("terraform.destroyed")
        forgotten = await self._run("forget", self._commands.forget(self._copy.environment), workspace=_DEFAULT)
        if forgotten.code and "doesn't exist" not in forgotten.said.text and "does not exist" not in forgotten.said.text:
            raise EngineUnavailable(f"forgetting the empty state: {forgotten.said.reason}")
        killpoint("terraform.forgotten")

    async def known(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs of what is there already; empty when there is nothing."""
        await self._begin(variables)
        return await self.outputs()

    async def outputs(self) -> dict[str, Any]:
        launch, place = self._launch("output", self._commands.output()), self._place()
        read = await self._runner.read(launch, place)
        if read.code and _LOCKED in read.said.text:  # who asks for a state that there is not yet, makes it
            await self._release(lock_of(read.said.text))
            read = await self._runner.read(launch, place)
        if read.code:
            raise EngineUnavailable(f"terraform output: {read.said.reason}")
        return {name: each["value"] for name, each in json.loads(read.out).items()}

    async def _clear(self, ran: str = "") -> None:
        """After a plan, for which every earlier run had to be over."""
        if self._remains:
            pulled = await self._runner.read(self._launch("pull", self._commands.pull()), self._place())
            if pulled.code:
                raise EngineUnavailable(f"terraform state pull: {pulled.said.reason}")
            settings, environment, fence = self._copy.settings, self._copy.environment, self._copy.fence
            claim = partial(Fences(settings.fences).claim, environment, fence)
            await self._remains.clear(Left(environment, known(pulled.out), claim, ran, settings.resources))

    async def _begin(self, variables: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self._copy.lay_out, variables)
        killpoint("terraform.laid_out")
        also = str(self._copy.settings.folder / "plugins.lock")  # the cache of providers bears one at a time
        # In the one workspace that there always is: the environment's own comes to be with its first state.
        began = await self._run("init", self._commands.init(is_locked=self._copy.is_locked), also=also, workspace=_DEFAULT)
        if began.code:
            raise EngineUnavailable(f"terraform init: {began.said.reason}")
        await self._save_what_is_left()

    async def _plan(self, *, is_destroy: bool = False) -> bool:
        """Whether there is anything to do."""
        planned = await self._unlocked("plan", self._commands.plan(is_destroy=is_destroy))
        if planned.code not in {0, _CHANGES}:
            raise _failed("plan", planned.said)
        killpoint("terraform.planned")
        self._of = planned.said.planned
        return planned.code == _CHANGES

    async def _carry_out(self, verb: str, progress: Progress | None) -> None:
        """Exactly the plan that was made."""
        of = self._of

        async def counted(done: int, _: int) -> None:
            if progress:
                await progress(done, of)

        try:
            ended = await self._unlocked(verb, self._commands.apply(), counted)
        finally:
            await asyncio.shield(asyncio.to_thread(self._keep_what_is_left))
        if ended.code:
            await self._save_what_is_left()
            raise _failed(verb, ended.said)

    # ------------------------------------------------------------ a state that could not be saved
    def _keep_what_is_left(self) -> None:
        """Whatever becomes of us: what Terraform put down is on the disk."""
        path = self._copy.folder / ERRORED
        if path.exists():
            with path.open("rb") as file:
                os.fsync(file.fileno())

    async def _save_what_is_left(self) -> None:
        """Push a state that an earlier run could not save. One that the stored state is ahead of is put aside."""
        while left := await asyncio.to_thread(self._copy.unsaved):
            pushed = await self._unlocked("push", self._commands.push(str(left)))
            if pushed.code and re.search(r"serial|lineage", pushed.said.text, re.IGNORECASE) is None:
                raise EngineUnavailable(f"saving the state that could not be saved: {pushed.said.reason}")
            await asyncio.to_thread(left.replace, left.with_suffix(".pushed" if pushed.code == 0 else ".behind"))

    # ------------------------------------------------------------ runs
    async def _unlocked(self, verb: str, argv: tuple[str, ...], progress: Progress | None = None) -> Ended:
        """Run; when a dead run of ours has left a lock, release it and run once more."""
        ended = await self._run(verb, argv, progress=progress)
        if ended.code and _LOCKED in ended.said.text:
            await self._release(lock_of(ended.said.text))
            ended = await self._run(verb, argv, progress=progress)
            if ended.code and _LOCKED in ended.said.text:
                raise EngineUnavailable("Terraform's state is locked again and again")
        return ended

    async def _release(self, lock: StateLock | None) -> None:
        """Only when its holder is provably dead, which the launcher judges while no run of ours can live."""
        if lock is None:
            raise EngineUnavailable("Terraform's state is locked, by nobody knows whom")
        released = await self._run("unlock", self._commands.unlock(lock.id), lock=lock)
        if released.code == launcher.NOT_OURS:
            raise EngineUnavailable(
                f"Terraform's state is locked by {lock.who} (lock {lock.id}), and nothing here proves that it is dead: "
                "if it is, release it with terraform force-unlock"
            )
        if released.code:
            raise EngineUnavailable(f"releasing a dead run's lock: {released.said.reason}")

    async def _run(
        self,
        verb: str,
        argv: tuple[str, ...],
        *,
        progress: Progress | None = None,
        also: str | None = None,
        lock: StateLock | None = None,
        workspace: str | None = None,
    ) -> Ended:
        launch = replace(self._launch(verb, argv), also=also, lock=asdict(lock) if lock else None)
        return await self._runner.run(launch, self._place(workspace), progress)

    def _launch(self, verb: str, argv: tuple[str, ...]) -> Launch:
        copy = self._copy
        wait_s = copy.settings.interrupt_s + _ALONE_S
        state = str(copy.state) if copy.state else None
        return Launch(copy.environment, str(copy.root), str(copy.settings.fences), copy.fence, verb, argv, wait_s, state=state)

    def _place(self, workspace: str | None = None) -> Place:
        return Place(self._copy.folder, self._copy.env(workspace), self._copy.logs)


def _failed(verb: str, said: Said) -> EngineFailed | EngineUnavailable:
    if _PASSING.search(said.text):
        return EngineUnavailable(f"terraform {verb}: {said.reason}")
    return EngineFailed(StageName.PROVISIONING, f"terraform {verb}: {said.reason}", tuple(said.lines[-30:]), code="terraform_failed")
