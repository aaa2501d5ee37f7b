"""Workers that die or are stopped while Terraform runs: what comes next ends as if nothing had been."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

import pytest

from processes import bearers
from tests.provisioner.house import eventually
from tests.terraform.stand import Stand
from tests.terraform.test_life import THINGS
from tests.terraform.worker import Crew, Worker

KILLS = int(os.environ.get("TRELLIS_TEST_TERRAFORM_KILLS", "50"))


def kill_everything(stand: Stand) -> None:
    """All that runs for this stand but the test itself."""
    for pid in bearers(stand.settings.mark):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def _struck(worker: Worker, after_s: float) -> bool:
    """Whether it was still at work then, and is dead now with all that it had started."""
    try:
        assert await worker.done(after_s) == "done"
    except TimeoutError:
        worker.kill_all()
        return True
    return False


async def test_kills_all_over_making_and_taking_down_leave_nothing_behind_and_make_nothing_twice(
    stand: Stand, record_property: Callable[[str, object], None]
) -> None:
    with Crew(stand) as crew:
        took_s, struck, fence = {"apply": 0.0, "destroy": 0.0}, {"apply": 0, "destroy": 0}, 0
        for verb in took_s:
            fence += 1
            began = time.monotonic()
            assert await crew.start(verb, fence).done() == "done"
            took_s[verb] = time.monotonic() - began
        rounds = KILLS // 2
        for number in range(rounds):
            for verb, all_of_it in (("apply", THINGS), ("destroy", [])):
                fence += 2
                began = time.monotonic()
                if await _struck(crew.start(verb, fence - 1), took_s[verb] * (number + 0.5) / rounds):
                    struck[verb] += 1
                else:  # the machine is quicker now than when it was measured
                    took_s[verb] = time.monotonic() - began
                assert await crew.start(verb, fence).done() == "done"
                assert stand.state() == all_of_it
    record_property("told", f"killed at work: {struck['apply']} of {rounds} runs of apply, {struck['destroy']} of {rounds} of destroy")
    assert min(struck.values()) > rounds // 3
    assert await stand.engine.observe() == ()
    assert not (stand.settings.environments / "env-1").exists()


@pytest.mark.parametrize("whom", ["worker", "stopped"])
async def test_terraform_comes_to_a_safe_end_when_its_worker_dies(stand: Stand, whom: str) -> None:
    """What was made is in the state, what was not begun is not made, and nothing runs on."""
    stand.slow(6, 5.0)  # long enough to be at work still when it is stopped
    with Crew(stand) as crew:
        worker = crew.start("apply", 1)
        await eventually(lambda: stand.written("begun"), 300)
        if whom == "worker":
            worker.kill()
        else:
            worker.stop()
            assert await worker.done(300) == "stopped"
        await eventually(lambda: bearers(stand.settings.mark) == [], 300)
        assert 0 < len(set(stand.written("begun"))) <= len(stand.state()), "whatever was begun is known"
        assert await crew.start("apply", 2).done() == "done"
        assert len(stand.state()) == 6
        assert await crew.start("destroy", 3).done() == "done"
    assert not set(stand.written("made")) - set(stand.written("gone"))
    assert stand.state() == []


async def test_twenty_rolling_restarts_in_one_create_make_one_environment(stand: Stand) -> None:
    stand.slow(4, 0.3)
    with Crew(stand) as crew:
        for fence in range(1, 21):
            worker = crew.start("apply", fence)
            try:
                await worker.done(0.2 + 0.1 * fence)
            except TimeoutError:
                worker.stop()
                assert await worker.done(300) in {"stopped", "done"}
        assert await crew.start("apply", 21).done() == "done"
    assert len(stand.state()) == 4
    made, gone = set(stand.written("made")), set(stand.written("gone"))
    assert len(made - gone) == 4, "each thing that was made twice was taken down once"


async def test_who_takes_over_ends_the_run_of_before_and_never_runs_beside_it(stand: Stand) -> None:
    """The worker stood still and lost its lease; its Terraform ran on."""
    stand.slow(8, 0.5)
    with Crew(stand) as crew:
        crew.start("apply", 1)
        await eventually(lambda: stand.written("made"), 300)
        assert await crew.start("destroy", 2).done(300) == "done"
    assert stand.state() == []
    assert not set(stand.written("made")) - set(stand.written("gone"))
