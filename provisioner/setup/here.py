"""The machine that Trellis runs on, in the place of one in the cloud: the same roles, run by a child of ours, and no SSM between."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from processes import CannotStart, Child, Order, TimedOut, environ, run, start, tail
from provisioner.engine import EngineFailed, EngineUnavailable, Source, StageName
from provisioner.mirrors import Mirrors
from provisioner.setup.command import ROLES
from provisioner.setup.machines import Code
from provisioner.setup.power import Power
from provisioner.setup.shell import Ran, Shell
from provisioner.setup.steps import Heard, Roles, Step, judge
from provisioner.setup.told import done_in

_WITHIN_S = 900.0
_SOON_S = 120.0
_GRACE_S = 10.0
_LINES = 1000
_STOP = "systemctl stop trellis-tilt && docker stop trellis-control-plane"
_LEAVE = "systemctl disable --now trellis-tilt; ! command -v kind >/dev/null || kind delete cluster --name trellis"


@dataclass(frozen=True)
class Here(Shell):
    """`root` is where roles lay everything out, "" for the machine itself; `python` one that has ansible-runner.

    Nothing of our own environment is seen there but what every child has, and `more`. All that is begun bears `mark` and dies with us.
    """

    root: str = ""
    python: str = sys.executable
    mark: str = "trellis-setup"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return Path(self.root or "/") / "opt/trellis"

    @property
    def env(self) -> dict[str, str]:
        return environ({"HOME": str(self.home), "TRELLIS_ROOT": self.root, **self.more})

    async def run(self, machine: str, command: str, within_s: float) -> Ran:  # noqa: ARG002 - there is one
        await asyncio.to_thread(self.home.mkdir, parents=True, exist_ok=True)
        try:
            ran = await run(("sh", "-c", command), cwd=self.home, env=self.env, timeout_s=within_s, mark=self.mark)
        except (CannotStart, TimedOut) as problem:
            raise EngineUnavailable(str(problem)) from problem
        return Ran(ran.code, ran.out.decode(errors="replace"), ran.err.decode(errors="replace"))

    async def do(self, command: str) -> None:
        """Raises EngineUnavailable, also when it fails."""
        ran = await self.run("", command, _SOON_S)
        if ran.code:
            raise EngineUnavailable(f"{command}: {ran.err.strip()[-300:] or 'it failed'}")


@dataclass(frozen=True)
class HereRoles(Roles):
    """One environment has the machine at a time: clusters, ports and units are the machine's."""

    here: Here
    look_s: float = 0.2

    async def carry_out(self, machine: str, step: Step, stage: StageName, heard: Heard | None = None) -> None:
        home, log = self.here.home, self.here.home / f"{step.name}.log"
        if self.here.python == sys.executable and importlib.util.find_spec("ansible_runner") is None:
            raise EngineUnavailable("ansible-runner is missing: make extra NAME=ansible")
        await asyncio.to_thread(self._lay_out, machine, step, log)
        argv = (self.here.python, "-u", str(ROLES / "play.py"), str(home), self.here.root)
        try:
            child = await start(Order(argv, ROLES, self.here.env, log, mark=self.here.mark, orphan_grace_s=1.0))
        except CannotStart as problem:
            raise EngineUnavailable(f"setting up {step.name}: {problem}") from problem
        try:
            async with asyncio.timeout(_WITHIN_S):
                await self._follow(child, home / f"told-{step.name}", heard)
        except TimeoutError:
            raise EngineUnavailable(f"setting up {step.name} did not end within {_WITHIN_S:g} s") from None
        finally:
            await asyncio.shield(asyncio.ensure_future(child.stop(_GRACE_S)))
        said = "\n".join(await asyncio.to_thread(tail, log, _LINES))
        code = child.exit.code if child.exit else None
        judge(machine, step.name, Ran(1 if code is None else code, said, said), stage)

    def _lay_out(self, machine: str, step: Step, log: Path) -> None:
        home = self.here.home
        home.mkdir(parents=True, exist_ok=True)
        taken = home / "machine"
        with tempfile.NamedTemporaryFile("w", dir=home) as whose:
            whose.write(machine)
            whose.flush()
            with contextlib.suppress(FileExistsError):
                os.link(whose.name, taken)  # whole or not at all
        if taken.read_text() != machine:
            raise EngineFailed(StageName.CONFIGURING, "this machine is another environment's", code="machine_taken")
        for old in (log, home / f"told-{step.name}"):
            old.unlink(missing_ok=True)
        order = home / "order.json"
        order.touch(0o600)
        order.write_text(step.order())

    async def _follow(self, child: Child, told: Path, heard: Heard | None) -> None:
        ending, last = asyncio.ensure_future(child.wait()), 0
        while not ending.done():
            await asyncio.wait({ending}, timeout=self.look_s)
            done = 0
            with contextlib.suppress(OSError):
                done = done_in(await asyncio.to_thread(told.read_text))
            if heard and done > last:
                await heard(last := done)

    async def leave(self, machine: str) -> None:
        """The cluster, the unit and the code go, and the machine is free; one that is another's is left alone."""
        taken = self.here.home / "machine"
        with contextlib.suppress(FileNotFoundError):
            if await asyncio.to_thread(taken.read_text) == machine:
                await self.here.do(_LEAVE)
                await asyncio.to_thread(shutil.rmtree, Path(self.here.root or "/") / "srv/trellis", ignore_errors=True)
                await asyncio.to_thread(taken.unlink)


@dataclass(frozen=True)
class HerePower(Power):
    """The machine stays on: what runs on it for the environment is stopped."""

    here: Here

    async def stop(self, machine: str) -> None:
        del machine
        await self.here.do(_STOP)

    async def start(self, machine: str) -> bool:
        del machine
        return True  # whether or not it was stopped: starting what runs is nothing

    async def bind(self, machine: str, device: str) -> None:
        """Snapshots are for machines on AWS, and settings with others are refused."""
        raise EngineUnavailable(f"{machine} is this host, to which no disk {device} is attached")


@dataclass(frozen=True)
class HereCode(Code):
    """Archives in a folder of ours."""

    mirrors: Mirrors
    folder: Path

    async def offer(self, environment: str, source: Source) -> str:
        file = self.folder / environment / f"{source.sha}.tar.gz"
        await asyncio.to_thread(file.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        await self.mirrors.archive(source, file)
        return file.absolute().as_uri()

    async def forget(self, environment: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self.folder / environment, ignore_errors=True)
