"""Parts that are asked to stop do so in good order: what was taken is answered, what is in hand is let go of."""

from __future__ import annotations

import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from provisioner.ports import connections
from tests.chaos.crew import Ended, until
from tests.chaos.judged import judged

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("leaves_no_child")]


def test_an_api_that_is_asked_to_stop_answers_whoever_waits(tmp_path: Path) -> None:
    with judged(tmp_path) as site, ThreadPoolExecutor(1) as pool:
        site.start()
        site.branch("demo")
        blocker = sqlite3.connect(site.data / "trellis.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        saying = pool.submit(site.says, "demo", "/ivy create", insists=False)
        until(lambda: connections(site.port) and site.ask("/healthz")[0] == 200, 5, "the delivery does not arrive")
        site.crew.signal("web", signal.SIGTERM)
        until(lambda: site.ask("/healthz")[0] == 0, 5, "it goes on taking deliveries")
        blocker.execute("ROLLBACK")
        assert saying.result(10).is_acknowledged
        until(lambda: Ended("web", 0) in site.crew.ends, 10, "it does not end")
        site.settle()
        assert site.states() == [("ivy create", "done")]
        assert "Traceback" not in site.crew.log("web").read_text()
        blocker.close()


def test_a_worker_that_is_asked_to_stop_leaves_its_work_to_the_next(tmp_path: Path) -> None:
    with judged(tmp_path, lease_s=30.0) as site:
        site.start()
        site.branch("slow", build="sleep 1 && touch built")
        site.says("slow", "/ivy create")
        site.until_state("slow", "configuring")
        site.crew.signal("worker-1", signal.SIGTERM)
        site.settle(20)  # sooner than any lease would run out
        site.look()
        assert site.states() == [("ivy create", "done")]
