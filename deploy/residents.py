"""The programs of releases that live on this host: kept running as children of this process, and started again when it returns."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from processes import CannotStart, Order, Sandbox, Supervised, environ

_log = structlog.get_logger()

_FILE = "resident.json"
_MOST_GRACE_S = 300.0


class BadOrder(Exception):  # noqa: N818 - an answer
    """What was asked cannot be done; the text is one line."""


class Residents:
    """`root` is where releases lie: ROOT/environment/service/name. Nothing outside of it is run.

    With `hidden`, each program has a sandbox where there is one: of that it sees what is `visible`, and it writes to its own folder.
    """

    def __init__(
        self, root: Path, mark: str = "trellis-resident", hidden: tuple[Path, ...] | None = None, visible: tuple[Path, ...] = ()
    ) -> None:
        self._root = root.resolve()
        self._mark = mark
        self._hidden, self._visible = hidden, visible
        self._kept: dict[Path, Supervised] = {}
        self._locks: dict[Path, asyncio.Lock] = {}

    async def return_(self) -> int:
        """Start again what ran when this process ended. How many there are."""
        found = await asyncio.to_thread(lambda: sorted(self._root.glob(f"*/*/*/{_FILE}")))
        for file in found:
            with contextlib.suppress(OSError, ValueError, KeyError, BadOrder):
                wish = json.loads(await asyncio.to_thread(file.read_bytes))
                self._supervised(file.parent, wish).keep()
        _log.info("residents.returned", count=len(self._kept))
        return len(self._kept)

    async def start(self, folder: Path, wish: Mapping[str, Any]) -> None:
        """Run `wish["argv"]`, and go on doing so. Raises BadOrder."""
        folder = self._inside(folder)
        async with self._lock(folder):
            await self._stop(folder, 0)
            resident = self._supervised(folder, wish)
            try:
                await asyncio.to_thread(_write, folder / _FILE, json.dumps(dict(wish)).encode())  # who dies now starts it on return
                await resident.start()
            except (CannotStart, OSError) as error:
                await self._stop(folder, 0)
                raise BadOrder(str(error)) from error

    async def stop(self, folder: Path, within_s: float) -> None:
        folder = self._inside(folder)
        async with self._lock(folder):
            await self._stop(folder, min(max(within_s, 0), _MOST_GRACE_S))

    async def _stop(self, folder: Path, within_s: float) -> None:
        await asyncio.to_thread((folder / _FILE).unlink, missing_ok=True)
        resident = self._kept.pop(folder, None)
        if resident:
            await resident.stop(within_s)

    async def ran_s(self, folder: Path) -> float | None:
        """For how long it has run since it was started last, by whoever started it; None when it does not run."""
        resident = self._kept.get(self._inside(folder))
        return resident.child.ran_s if resident and resident.child else None

    async def close(self) -> None:
        """Stop all of them; they come back with `return_`."""
        await asyncio.gather(*(each.stop() for each in self._kept.values()))
        self._kept.clear()

    def _supervised(self, folder: Path, wish: Mapping[str, Any]) -> Supervised:
        try:
            argv, environment, cwd = tuple(map(str, wish["argv"])), dict(wish["environment"]), Path(wish["cwd"])
            order = Order(argv, cwd, environ(environment), log=folder / "log", sandbox=self._sandbox(folder), mark=self._mark)
        except (KeyError, TypeError, ValueError) as error:
            raise BadOrder(f"It does not say what to run: {error}.") from error
        resident = self._kept[folder] = Supervised(order)
        return resident

    def _sandbox(self, folder: Path) -> Sandbox | None:
        if self._hidden is None:
            return None
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        return Sandbox((folder,), folder / "tmp", self._hidden, self._visible)

    @property
    def running(self) -> int:
        return sum(each.is_running for each in self._kept.values())

    def _inside(self, folder: Path) -> Path:
        found = Path(folder).resolve()
        if not found.is_relative_to(self._root) or len(found.relative_to(self._root).parts) != 3:
            raise BadOrder(f"{folder} is no program's folder here.")
        return found

    def _lock(self, folder: Path) -> asyncio.Lock:
        return self._locks.setdefault(folder, asyncio.Lock())


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
