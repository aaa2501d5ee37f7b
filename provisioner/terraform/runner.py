"""One run of Terraform: started behind the launcher, its log followed, ended safely when it is wanted no more."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from processes import CannotStart, Child, Order, TimedOut, run, start
from provisioner.engine import EngineUnavailable, StaleFence
from provisioner.terraform import launcher
from provisioner.terraform.launcher import Launch
from provisioner.terraform.said import Said, said
from provisioner.terraform.settings import TerraformSettings

_LOOK_S = 0.1
_LAUNCH_S = 20.0
_ROOT = Path(launcher.__file__).parents[2]
# Without asyncio, which `processes` brings along: a run of Terraform is as quick as its launcher.
_BOOT = """
import sys, types
package = types.ModuleType("processes")
package.__path__ = [sys.argv[1] + "/processes"]
sys.modules["processes"] = package
sys.path.insert(0, sys.argv[1])
from provisioner.terraform.launcher import main
sys.exit(main(sys.argv[2]))
"""
_LAUNCHER = (sys.executable, "-I", "-S", "-c", _BOOT, str(_ROOT))

Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True)
class Ended:
    """`code` is Terraform's own."""

    code: int
    said: Said


@dataclass(frozen=True)
class Read:
    """`out` is standard output as it is, `said` what was said on the other stream."""

    code: int
    out: bytes
    said: Said


@dataclass(frozen=True)
class Place:
    """Where a run takes place: its folder, what it sees as its environment, and where it writes."""

    cwd: Path
    env: Mapping[str, str]
    logs: Path


class Runner:
    """Every run bears `settings.mark`, and ends when this process does."""

    def __init__(self, settings: TerraformSettings) -> None:
        self._settings = settings

    def _order(self, launch: Launch, place: Place, log: Path) -> Order:
        argv = (*_LAUNCHER, launch.word())
        return Order(argv, place.cwd, place.env, log, mark=self._settings.mark, orphan_grace_s=self._settings.interrupt_s)

    async def run(self, launch: Launch, place: Place, progress: Progress | None = None) -> Ended:
        """Raises StaleFence, EngineUnavailable. When it is cancelled, Terraform is brought to a safe end before that goes on."""
        log = place.logs / f"{launch.fence:06d}-{launch.verb}.log"
        await asyncio.to_thread(log.unlink, missing_ok=True)
        try:
            child = await start(self._order(launch, place, log))
        except CannotStart as problem:
            raise EngineUnavailable(f"Terraform's launcher cannot be started: {problem}") from problem
        heard = Said()
        try:
            async with asyncio.timeout(self._settings.run_within_s):
                await self._follow(child, log, heard, progress)
        except TimeoutError:
            raise EngineUnavailable(f"terraform {launch.verb} did not end within {self._settings.run_within_s:g} s") from None
        finally:
            await self._end(child)
        return _judged(launch, child, heard)

    async def _end(self, child: Child) -> None:
        """However often we are told to hurry: Terraform saves its state first."""
        ending, told = asyncio.ensure_future(child.stop(self._settings.interrupt_s)), None
        while not ending.done():
            try:
                await asyncio.wait({ending})
            except asyncio.CancelledError as to_stop:
                told = to_stop
        if told:
            raise told

    async def _follow(self, child: Child, log: Path, heard: Said, progress: Progress | None) -> None:
        ending = asyncio.ensure_future(child.wait())
        at, told, is_over = 0, 0, False
        while not is_over:
            await asyncio.wait({ending}, timeout=_LOOK_S)
            is_over = ending.done()
            lines, at = await asyncio.to_thread(_read, log, at, is_over)
            for line in lines:
                heard.hear(line)
            if progress and heard.done != told:
                told = heard.done
                await progress(told, heard.planned)

    async def read(self, launch: Launch, place: Place) -> Read:
        """A short run that changes nothing. Its output may hold secrets, so it goes to no log."""
        argv = (*_LAUNCHER, launch.word())
        within_s = launch.wait_s + _LAUNCH_S
        try:
            ran = await run(argv, cwd=place.cwd, env=place.env, timeout_s=within_s, mark=self._settings.mark)
        except (CannotStart, TimedOut) as problem:
            raise EngineUnavailable(f"terraform {launch.verb}: {problem}") from problem
        _refused(launch, ran.code)
        return Read(ran.code, ran.out, said(ran.err.decode(errors="replace").splitlines()))


def _judged(launch: Launch, child: Child, heard: Said) -> Ended:
    ended = child.exit
    if ended is None or ended.code is None:
        raise EngineUnavailable(f"terraform {launch.verb} {ended.sentence() if ended else 'was killed'}")
    _refused(launch, ended.code)
    return Ended(ended.code, heard)


def _refused(launch: Launch, code: int) -> None:
    if code == launcher.STALE:
        raise StaleFence(f"environment {launch.environment} was taken over: fence {launch.fence} is not the highest")
    if code == launcher.BUSY:
        raise EngineUnavailable("an earlier run of Terraform is still coming to its end")


def _read(log: Path, at: int, is_over: bool) -> tuple[list[str], int]:  # noqa: FBT001 - one caller
    """The whole lines after byte `at`; at the end, what is left too."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(at)
        data = file.read()
        cut = len(data) if is_over else data.rfind(b"\n") + 1
        return data[:cut].decode(errors="replace").splitlines(), at + cut
    return [], at
