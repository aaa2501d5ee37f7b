"""What deploys need of this host, in one process: the runs of deploy.py, and the programs of their releases."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

import libdeploy
from deploy.listening import listening
from deploy.local import LocalRunner, LocalSettings
from deploy.residents import Residents
from deploy.residents_api import app_of as residents_app
from deploy.runner import Job, Observed, Rights
from deploy.runner_api import app_of as runner_app
from deploy.runner_wire import Health
from processes import CannotStart, TimedOut, environ, protection, run, sweep

_CHECK_S = 10.0
_FORGET_EVERY_S = 3600.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class HostSettings:
    """`folder` is all of it: runs, releases and sockets. `hidden` and `visible` are for the sandbox, where there is one."""

    folder: Path
    is_sandboxed: bool = False
    hidden: tuple[Path, ...] = ()
    visible: tuple[Path, ...] = ()
    python: str = sys.executable
    kept_s: float = 30 * 86_400.0  # runs: whoever asked for them has written down how they ended

    @property
    def socket(self) -> Path:
        """Where workers ask for runs."""
        return socket_in(self.folder)

    @property
    def programs_socket(self) -> Path:
        """Where runs ask for programs: all that they can reach of us."""
        return self.folder / "programs.sock"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    def mark(self, kind: str) -> str:
        """What all children of this folder's host bear."""
        return f"trellis-{kind}-" + hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:12]

    @property
    def shown(self) -> tuple[Path, ...]:
        return (*self.visible, Path(libdeploy.__file__).parents[1])


def socket_in(folder: Path) -> Path:
    return folder.absolute() / "runs.sock"


class Host:
    """`deploy.runner_api.Hosted`: runs that may ask for programs, and go when this process does."""

    def __init__(self, settings: HostSettings, residents: Residents) -> None:
        self._settings = settings
        self._residents = residents
        self._runner = LocalRunner(
            LocalSettings(
                settings.folder / "runs",
                settings.releases,
                settings.programs_socket,
                settings.python,
                settings.is_sandboxed,
                settings.hidden,
                settings.shown,
                settings.mark("deploy"),
            )
        )

    async def start(self, job: Job, rights: Rights) -> None:
        await self._runner.start(job, rights)

    async def observe(self, id: str) -> Observed:
        return await self._runner.observe(id)

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        return await self._runner.follow(id, seen, within_s)

    async def cancel(self, id: str) -> None:
        await self._runner.cancel(id)

    async def forget(self, id: str) -> None:
        await self._runner.forget(id)

    async def forget_old_for_ever(self) -> None:
        while True:
            try:
                if gone := await self._runner.forget_old(time.time() - self._settings.kept_s):
                    _log.info("deploys.forgotten", runs=gone)
            except OSError as error:  # the next round tells
                _log.warning("deploys.not_forgotten", reason=str(error))
            await asyncio.sleep(_FORGET_EVERY_S)

    async def close(self) -> None:
        await self._runner.close()

    async def health(self) -> Health:
        settings, problems = self._settings, []
        try:
            ran = await run((settings.python, "-c", "import libdeploy"), cwd=settings.folder, env=environ(), timeout_s=_CHECK_S)
            if ran.code:
                problems.append(f"{settings.python} cannot import libdeploy: {ran.err.decode(errors='replace').strip()[-200:]}")
        except (TimedOut, CannotStart) as error:
            problems.append(f"{settings.python} cannot be asked for libdeploy: {error}")
        if not os.access(settings.releases, os.W_OK):
            problems.append(f"{settings.releases} cannot be written to")
        shield = (await protection()).sandbox if settings.is_sandboxed else None
        return Health(tuple(problems), self._runner.running, self._residents.running, shield or "")


@asynccontextmanager
async def hosting(settings: HostSettings) -> AsyncIterator[Host]:
    """As long as the block runs. Programs of releases that ran when the last one ended come back; its runs are lost, and can be read."""
    for folder in (settings.folder, settings.releases):
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    left = sum([await sweep(settings.mark(kind)) for kind in ("deploy", "resident")])
    hidden = settings.hidden if settings.is_sandboxed else None
    residents = Residents(settings.releases, settings.mark("resident"), hidden, settings.shown)
    host = Host(settings, residents)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(residents.close)
        await stack.enter_async_context(listening(residents_app(residents), settings.programs_socket))
        stack.push_async_callback(host.close)  # runs end while they can still ask for programs
        back = await residents.return_()
        await stack.enter_async_context(listening(runner_app(host), settings.socket))
        forgetting = asyncio.create_task(host.forget_old_for_ever(), name="forget-old-runs")
        stack.callback(forgetting.cancel)
        _log.info("deploys.ready", swept=left, programs=back)
        yield host
