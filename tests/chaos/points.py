"""Kill points: armed one by one, without starting anybody again, and seen to have fired."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import psutil

from bot.worker.deploy_runs import Purpose
from provisioner.engine import StageName
from provisioner.keeper import KILL_POINTS as KEEPER
from tests.chaos.crew import ROOT, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.chaos.site import Site

HEARING = ("worker.message.claimed", "worker.message.decided", "worker.message.heard")
SAYING = tuple(f"worker.{kind}.{when}" for kind in ("reaction", "card", "post") for when in ("begun", "sent"))
MAKING = (
    "worker.claimed",
    *(f"worker.{stage}.{when}" for stage in StageName for when in ("began", "done", "recorded")),
    "worker.applied",
    "worker.ready",
)
DEPLOYING = (
    "worker.deployment.claimed",
    *(f"worker.deployment.{purpose}.{when}" for purpose in Purpose for when in ("begun", "started")),
    *(f"worker.deployment.{done}" for done in ("planned", "bound", "begun", "applied", "settled")),
)
ENDING = ("worker.terminating", "worker.destroyed", "worker.gone")
WORKER = (*HEARING, *SAYING, *MAKING, "worker.restarted", "worker.paused", "worker.abandoned", *ENDING, *DEPLOYING)
API = ("api.hook.parsed", "api.inbox.before_commit", "api.inbox.committed", "api.inbox.rung", "api.hook.stored")
_TRIES = 5
ALL = (*WORKER, *API, *KEEPER)


def in_the_source() -> set[str]:
    """Every kill point that there is, names that are put together spelled out."""
    parts = {"{stage}": tuple(StageName), "{purpose}": tuple(Purpose), "{post.kind}": ("reaction", "post")}
    found: set[str] = set()
    for package in ("bot", "provisioner"):
        for path in (ROOT / package).rglob("*.py"):
            for name in re.findall(r'killpoint\(f?"([^"]+)"\)', path.read_text()):
                [hole] = [each for each in parts if each in name] or [""]
                found |= {name.replace(hole, value) for value in parts[hole]} if hole else {name}
    return found


class Points:
    """Give `env` to a part; from then on an armed point fires once in any of its lives: `is_pausing` stops the part instead of killing it."""

    def __init__(self, site: Site, *, is_pausing: bool = False) -> None:
        self._site = site
        self._folder = site.folder / ("pauses" if is_pausing else "kills")
        self._folder.mkdir()
        self.env = {"TRELLIS_PAUSE_AT" if is_pausing else "TRELLIS_KILL_AT": ",".join(ALL), "TRELLIS_KILL_ONCE": str(self._folder)}
        self.disarm()

    def arm(self, *names: str) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def disarm(self) -> None:
        """None fires from now on; whoever stands still at one stays so."""
        for name in ALL:
            (self._folder / name).touch()

    def unfired(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if not (self._folder / name).exists()]

    def fire(self, names: Iterable[str], do: Callable[[], object]) -> None:
        """Arm `names` and `do` something on which they lie, until all have fired and all is settled.

        Once is enough but for a race: who loses a lease, or dies of something else, just past a step may never come to its point.
        """
        self.arm(*names)
        for _ in range(_TRIES):
            do()
            self._site.settle()
            if not self.unfired(names):
                return
        raise AssertionError(f"never fired: {self.unfired(names)}\n{self._site.last_words()}")

    def until_fired(self, *names: str, within_s: float = 60.0) -> None:
        until(lambda: not self.unfired(names), within_s, lambda: f"never fired: {self.unfired(names)}\n{self._site.last_words()}")

    def stopped(self) -> list[str]:
        """Parts that stand still."""
        return [name for name in self._site.parts if _is_stopped(self._site.crew.pid(name))]

    def at_each_stop(self, trouble: Callable[[], None], do: Callable[[], object], *names: str, within_s: float = 60.0) -> None:
        """Arm `names` and `do` something; whenever a part stands still at one, call `trouble` and have it go on.

        Returns when all have fired and all is settled.
        """
        self.arm(*names)
        do()

        def is_over() -> bool:
            for name in self.stopped():
                trouble()
                self._site.crew.signal(name, signal.SIGCONT)
            return not self.unfired(names) and not self.stopped() and not self._site.unsettled()

        until(is_over, within_s, lambda: f"never fired: {self.unfired(names)}, undone: {self._site.unsettled()}\n{self._site.last_words()}")


def _is_stopped(pid: int | None) -> bool:
    try:
        return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
