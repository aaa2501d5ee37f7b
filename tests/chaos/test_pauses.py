"""A worker that stood still, lost its lease to another and comes back: it writes, says and makes nothing any more."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.chaos.crew import until
from tests.chaos.judged import at_once, judged
from tests.chaos.points import Points

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.site import Site

pytestmark = [pytest.mark.usefixtures("leaves_no_child"), pytest.mark.chaos]

MAKING = ("worker.claimed", "worker.provisioning.began", "worker.configuring.done", "worker.applied")
HEARING = ("worker.message.claimed", "worker.message.decided")
SAYING = ("worker.reaction.begun", "worker.card.begun", "worker.card.sent", "worker.post.begun", "worker.post.sent")
SCENES: tuple[dict[str, tuple[str, ...]], ...] = (
    {"/ivy create": MAKING, "/ivy restart": ("worker.restarted",)},
    {"/ivy create": SAYING},
    {"/ivy create": HEARING, "/ivy terminate": ("worker.terminating", "worker.destroyed")},
)
TRIES = 12
"""On a busy machine whoever stands still often holds the database for something else."""
SILENT = {"worker.claimed"}
"""Where the one that comes back looks at the row, finds it as it should be, and goes its way."""


def losses(site: Site) -> int:
    """How often a worker has said that its lease was lost."""
    return sum(site.crew.log(name).read_text().count("lease_lost ") for name in site.parts if name.startswith("worker"))


def test_a_worker_that_comes_back_after_its_lease_does_nothing(tmp_path: Path) -> None:
    at_once(tmp_path, *(partial(coming_back, scene) for scene in SCENES))


def coming_back(scene: dict[str, tuple[str, ...]], folder: Path) -> None:
    with judged(folder, workers=2) as site:
        armed = Points(site, is_pausing=True)
        site.start(worker=armed.env)
        for line, points in scene.items():
            for point in points:
                assert any(comes_back(site, armed, line, point) for _ in range(TRIES)), point
        site.look()
        # Who stood still in the middle of asking the forge for a right gets no answer in time, and that is a no.
        refused = {row["code"] for row in site.rows("SELECT code FROM commands WHERE state = 'refused'")}
        assert refused <= {"not_allowed", "no_environment"}
        assert {state for _, state in site.states()} - {"refused"} == {"done"}
        assert site.crew.lives["worker-1"] == site.crew.lives["worker-2"] == 1


def comes_back(site: Site, armed: Points, line: str, point: str) -> bool:
    """Have one stand still at `point` until the other has done it all.

    False when it came to nothing: nobody got there, or somebody stood still while holding the database for something else.
    """
    branch = f"b{len(site.requests)}"
    site.branch(branch) if line == "/ivy create" else site.has(branch)
    armed.arm(point)
    site.says(branch, line)
    until(lambda: armed.stopped() or not site.unsettled(), 30, lambda: f"nobody stands still at {point}\n{site.last_words()}")
    if not (stopped := armed.stopped()):
        return False
    lost = losses(site)
    if could := site.can_be_written():
        site.settle()
    site.crew.signal(stopped[0], signal.SIGCONT)
    if could and point not in SILENT:
        until(lambda: losses(site) > lost, 10, lambda: f"{point}: the one that came back did not notice\n{site.last_words()}")
    site.settle()
    return could
