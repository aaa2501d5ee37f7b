"""A schedule carried out on a site: deeds, troubles, and a nurse who has everybody go on in the end."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

from tests.chaos.points import Points
from tests.chaos.schedule import BRANCHES, Deed, Round, Trouble, Word

if TYPE_CHECKING:
    from tests.chaos.site import Site

_SHORT_S = 0.3
_LONG_S = 1.6
"""How long a pause lasts: well within a lease of a second, and beyond it."""


class Storm:
    """Worker 1 dies at armed points, worker 2 stands still at them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.kills, self.pauses = Points(site), Points(site, is_pausing=True)
        self._count = BRANCHES
        self._branches = [f"b{number}" for number in range(BRANCHES)]
        self._is_over = threading.Event()
        self._nurse = threading.Thread(target=self._resume_for_ever, daemon=True)

    def begin(self) -> None:
        kills = self.kills.env
        self.site.start(**{"keeper": kills, "web": kills, "worker-1": kills, "worker-2": self.pauses.env})
        for branch in self._branches:
            self.site.branch(branch)
        self._nurse.start()

    def calm(self) -> None:
        """No trouble any more; returns when all is settled."""
        for points in (self.kills, self.pauses):
            points.disarm()
        self.site.settle(120)

    def end(self) -> None:
        self.calm()
        self._is_over.set()
        self._nurse.join()

    def round(self, what: Round) -> None:
        for deed in what.deeds:
            self._do(deed)
        self._trouble(what)
        self._is_over.wait(what.seconds)

    def _do(self, deed: Deed) -> None:
        site, branch = self.site, self._branches[deed.branch]
        if deed.word in {Word.SAY, Word.MUMBLE}:
            site.says(branch, *deed.lines, insists=deed.word is Word.SAY)
        elif deed.word is Word.PUSH:
            site.pushes(branch, f"{branch} {self._next()}")
        elif deed.word is Word.BREAK:
            site.pushes(branch, f"{branch} {self._next()}", build="false")
        elif deed.word is Word.REPEAT:
            site.repeats()
        elif deed.word is Word.MERGE:
            site.merges(branch)
            self._branches[deed.branch] = f"b{self._next()}"
            site.branch(self._branches[deed.branch])

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _trouble(self, what: Round) -> None:
        crew = self.site.crew
        if what.trouble in {Trouble.KILL, Trouble.KILL_TWO}:
            for part in what.parts:
                crew.kill(part)
        elif what.trouble is Trouble.KILL_AT:
            self.kills.arm(what.point)
        elif what.trouble is Trouble.PAUSE_AT:
            self.pauses.arm(what.point)
        elif what.trouble is Trouble.PAUSE:
            crew.signal(what.parts[0], signal.SIGSTOP)
            self._is_over.wait(_SHORT_S)
            crew.signal(what.parts[0], signal.SIGCONT)
        else:
            self.site.flush()

    def _resume_for_ever(self) -> None:
        since: dict[str, float] = {}
        while not self._is_over.wait(0.05):
            stopped = self.pauses.stopped()
            since = {name: since.get(name, time.monotonic()) for name in stopped}
            for name, began in since.items():
                if time.monotonic() - began > _LONG_S:
                    self.site.crew.signal(name, signal.SIGCONT)
