"""Redis is killed or emptied at every named step: the doorbell is late, and nothing is lost."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.chaos.judged import judged
from tests.chaos.points import ENDING, HEARING, MAKING, SAYING, Points

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.usefixtures("leaves_no_child"), pytest.mark.long]


def test_redis_killed_or_emptied_at_each_step(tmp_path: Path) -> None:
    with judged(tmp_path, lease_s=5.0) as site:
        armed = Points(site, is_pausing=True)
        site.start(worker=armed.env)
        turns = itertools.cycle((lambda: site.crew.kill("redis"), site.flush))

        def trouble() -> None:
            next(turns)()

        site.branch("demo")
        site.says("demo", "/ivy create")
        site.settle()
        armed.at_each_stop(trouble, lambda: site.pushes("demo", "demo 2"), *HEARING, *MAKING)
        armed.at_each_stop(trouble, lambda: site.says("demo", "/ivy restart"), *SAYING, "worker.restarted")
        site.look()
        armed.at_each_stop(trouble, lambda: site.says("demo", "/ivy terminate"), *ENDING)
        assert site.states() == [("ivy create", "done"), ("ivy restart", "done"), ("ivy terminate", "done")]
        assert site.crew.lives["worker-1"] == 1
