"""Worker, keeper and API are killed at every named step of create, update and terminate: what was asked for is done, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provisioner.keeper import KILL_POINTS as KEEPER
from tests.chaos import points
from tests.chaos.judged import at_once, judged
from tests.chaos.points import ENDING, HEARING, MAKING, SAYING, Points

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.usefixtures("leaves_no_child"), pytest.mark.long]

KEEPER_MAKING = [name for name in KEEPER if not name.startswith(("keeper.destroy", "keeper.restart", "keeper.pause", "keeper.retired"))]
KEEPER_PAUSING = [name for name in KEEPER if name.startswith("keeper.pause")]
KEEPER_ENDING = [name for name in KEEPER if name.startswith("keeper.destroy")]


def test_no_kill_point_is_forgotten() -> None:
    """Those of Terraform are fired by tests/terraform."""
    ours = [name for name in points.in_the_source() if not name.startswith("terraform.")]
    assert sorted(points.ALL) == sorted(ours)


def test_a_worker_killed_at_each_step(tmp_path: Path) -> None:
    at_once(tmp_path, a_worker_in_a_create, a_worker_in_an_update, a_worker_in_a_cancel_and_a_terminate)


def a_worker_in_a_create(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(worker=armed.env)
        for steps in (HEARING, MAKING, SAYING):
            armed.fire(steps, lambda: site.has(f"b{len(site.requests)}"))
        site.look()
        assert {state for _, state in site.states()} == {"done"}
        for branch in site.requests:
            assert site.effects(branch) == [f"built {branch} 1", f"started {branch} 1"]


def a_worker_in_an_update(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(worker=armed.env)
        site.has("demo")
        versions = [f"{done} demo 1" for done in ("built", "started")]

        def push() -> None:
            version = f"demo {len(versions)}"
            site.pushes("demo", version)
            versions.extend([f"built {version}", f"started {version}"])

        armed.fire(HEARING, push)
        armed.fire(MAKING, push)
        site.look()
        assert site.effects("demo") == versions
        restarts = len(versions)
        armed.fire(["worker.restarted"], lambda: site.says("demo", "/ivy restart"))
        assert {state for _, state in site.states()} == {"done"}
        assert site.effects("demo")[restarts:] == [versions[-1]] * (len(site.states()) - 1)
        starts = len(site.effects("demo"))
        armed.fire(["worker.paused"], lambda: site.says("demo", "/ivy pause"))
        site.says("demo", "/ivy resume")
        site.settle()
        assert site.effects("demo")[starts:] == [versions[-1]], "started again, and not built"


def a_worker_in_a_cancel_and_a_terminate(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(worker=armed.env)
        slow = iter(("slow", "slower"))
        spare = iter([f"b{number}" for number in range(6)])

        def cancel() -> None:
            branch = next(slow)
            site.branch(branch, build="sleep 60")
            site.says(branch, "/ivy create")
            site.until_state(branch, "configuring")
            site.says(branch, "/ivy cancel")

        def terminate() -> None:
            site.says(next(spare), "/ivy terminate")

        site.has(*(f"b{number}" for number in range(6)))
        armed.fire(["worker.abandoned"], cancel)
        for steps in (("worker.claimed", *ENDING), HEARING, SAYING):
            armed.fire(steps, terminate)
        assert {each for each in site.states() if each[1] != "done"} == {("ivy create", "cancelled")}


def test_a_keeper_killed_at_each_step(tmp_path: Path) -> None:
    at_once(tmp_path, a_keeper_in_a_create, a_keeper_in_an_update, a_keeper_in_a_terminate)


def a_keeper_in_a_create(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(keeper=armed.env)
        for number, step in enumerate(KEEPER_MAKING):
            armed.arm(step)
            site.has(f"b{number}")
            armed.until_fired(step)
        site.look()
        assert site.states() == [("ivy create", "done")] * len(KEEPER_MAKING)


def a_keeper_in_an_update(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(keeper=armed.env)
        site.has("demo")
        for number, step in enumerate((*KEEPER_MAKING, "keeper.retired")):
            armed.arm(step)
            site.pushes("demo", f"demo {number + 2}")
            armed.until_fired(step)
            site.settle()
        site.look()
        assert site.states() == [("ivy create", "done")]


def a_keeper_in_a_terminate(folder: Path) -> None:
    with judged(folder) as site:
        armed = Points(site)
        site.start(keeper=armed.env)
        branches = [f"b{number}" for number in range(len(KEEPER_ENDING) + 1)]
        site.has(*branches)
        armed.arm("keeper.restart.before")
        site.says(branches[-1], "/ivy restart")
        armed.until_fired("keeper.restart.before")
        site.settle()
        for step in KEEPER_PAUSING:
            armed.arm(step)
            site.says(branches[-1], "/ivy pause")
            armed.until_fired(step)
            site.settle()
            site.says(branches[-1], "/ivy resume")
            site.settle()
        for branch, step in zip(branches, ("keeper.fenced", *KEEPER_ENDING), strict=True):
            armed.arm(step)
            site.says(branch, "/ivy terminate")
            armed.until_fired(step)
            site.settle()
        assert {state for _, state in site.states()} == {"done"}


def test_an_api_killed_at_each_step_of_taking_a_delivery(tmp_path: Path) -> None:
    with judged(tmp_path) as site:
        armed = Points(site)
        site.start(web=armed.env)
        site.branch("demo")
        asked = ["/ivy create", "/ivy extend 1h", "/ivy restart", "/ivy extend 2h", "/ivy terminate"]
        for step, line in zip(points.API, asked, strict=True):
            armed.arm(step)
            site.says("demo", line)
            armed.until_fired(step)
            site.settle()
        assert site.states() == [(" ".join(line[1:].split()[:2]), "done") for line in asked]
