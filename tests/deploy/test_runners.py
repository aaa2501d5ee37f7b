"""What every runner promises, tried on each: as processes of this host, as Jobs of a stand-in and of a real API server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.runner import Observed, OtherJob, Rights, State, Step
from tests.clusters import Cluster
from tests.deploy.stages import Stage, local_stage, real_stage, stand_in_stage

KINDS = [
    "local",
    pytest.param("stand-in", marks=pytest.mark.kubernetes),
    pytest.param("real", marks=pytest.mark.kubernetes),
]


@pytest.fixture(params=KINDS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "real":
            cluster: Cluster = request.getfixturevalue("cluster")
            yield await stack.enter_async_context(real_stage(tmp_path, cluster))
        else:
            make = local_stage if request.param == "local" else stand_in_stage
            yield await stack.enter_async_context(make(tmp_path))


def outcome(seen: Observed) -> tuple[State, str, int]:
    assert seen.result is not None
    return seen.state, seen.result["outcome"], seen.tries


async def test_it_is_looked_at_planned_and_applied_and_the_same_changes_nothing(stage: Stage) -> None:
    applied = await stage.deploys("d1", "one")
    assert outcome(applied) == (State.ENDED, "applied", 1)
    assert applied.events == ({"event": "change", "action": "create", "driver": "shelf", "key": "payments"},)
    assert "applied: 1 create" in applied.log
    assert stage.on_shelf() == {"payments": '{"text": "one"}'}
    again = await stage.deploys("d2", "one")
    assert outcome(again) == (State.ENDED, "unchanged", 1)
    assert applied.result is not None
    assert again.result is not None
    assert again.result["plan_hash"] == applied.result["plan_hash"]


async def test_what_ended_is_read_by_whoever_comes_later(stage: Stage) -> None:
    first = await stage.runs(stage.job("d1-look", Step.LOOK))
    assert first.made is not None
    assert await stage.later.observe("d1-look") == first
    assert await stage.later.observe("nothing") == Observed(State.UNKNOWN)


async def test_one_id_is_one_run(stage: Stage) -> None:
    job = stage.job("d1", Step.APPLY)
    await asyncio.gather(*(stage.runner.start(job, stage.rights) for _ in range(4)))
    first = await stage.ended("d1")
    await stage.runner.start(job, stage.rights)
    assert (outcome(first), await stage.runner.observe("d1")) == ((State.ENDED, "applied", 1), first)
    with pytest.raises(OtherJob):
        await stage.runner.start(replace(job, program="print()"), stage.rights)


async def test_what_it_says_is_told_while_it_runs_and_a_cancelled_one_ends(stage: Stage) -> None:
    program = """
import json, signal, sys, time
print(json.dumps({"event": "change", "key": "one"}), flush=True)
print("no event", flush=True)
sys.stderr.write("so far\\n"); sys.stderr.flush()
time.sleep(600)
"""
    await stage.runner.start(stage.job("d1", Step.APPLY, program=program), stage.rights)
    await stage.runner.follow("d1", 0, 60)
    seen = await stage.until("d1", lambda seen: seen.events and seen.log)
    assert seen == Observed(State.RUNNING, ({"event": "change", "key": "one"},), None, None, "so far\n", 1)
    await stage.runner.cancel("d1")
    ended = await stage.ended("d1")
    assert outcome(ended) == (State.ENDED, "failed", 1)
    assert ended.result is not None
    assert ended.result["code"] == "no_result"
    assert ended.result["message"].startswith("deploy.py was killed by SIGTERM")
    await stage.runner.cancel("d1")
    await stage.runner.start(stage.job("d1", Step.APPLY, program=program), stage.rights)
    assert await stage.runner.observe("d1") == ended


async def test_what_is_forgotten_is_ended_and_its_id_is_free(stage: Stage) -> None:
    slow = stage.job("d1", Step.APPLY, program="import time; time.sleep(600)")
    await stage.runner.start(slow, stage.rights)
    await stage.runner.forget("d1")
    assert await stage.runner.observe("d1") == Observed(State.UNKNOWN)
    await stage.runner.forget("d1")
    await stage.runner.cancel("d1")
    assert outcome(await stage.runs(stage.job("d1", Step.APPLY))) == (State.ENDED, "applied", 1)


async def test_one_that_was_lost_is_finished_by_starting_it_again(stage: Stage) -> None:
    program = f"import os, pathlib, time\nmark = pathlib.Path(os.environ['SHELF']).parent / 'mark'\nif not mark.exists():\n    mark.touch()\n    time.sleep(600)\n{stage.job('x', Step.APPLY).program}"
    job = stage.job("d1", Step.APPLY, program=program)
    await stage.runner.start(job, stage.rights)
    async with asyncio.timeout(60):
        while not (stage.folder / "mark").exists():
            await asyncio.sleep(0.05)
    await stage.loses("d1")
    assert (await stage.ended("d1")).state is State.LOST
    assert outcome(await stage.runs(job)) == (State.ENDED, "applied", 2)


@pytest.mark.parametrize(("step", "seen"), [(Step.PLAN, "None"), (Step.APPLY, "yes")])
async def test_only_steps_with_rights_get_them_and_none_gets_ours(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, step: Step, seen: str
) -> None:
    monkeypatch.setenv("TRELLIS_GITHUB__TOKEN", "canary")
    program = "import os, sys; sys.stderr.write(f\"{os.environ.get('RIGHT')} {sorted(os.environ)}\")"
    ran = await stage.runs(stage.job("d1", step, program=program), Rights({"RIGHT": "yes"}))
    assert ran.log.startswith(f"{seen} ")
    assert "TRELLIS_GITHUB__TOKEN" not in ran.log


async def test_a_deploy_py_that_breaks_is_told(stage: Stage) -> None:
    ran = await stage.runs(stage.job("d1", Step.PLAN, program="print('hello')\nraise ValueError('no')"))
    assert outcome(ran) == (State.ENDED, "failed", 1)
    assert ran.result is not None
    assert ran.result["message"].startswith("deploy.py exited with code 1 after ")
    assert ran.log.endswith("ValueError: no\n")


async def test_odd_words_and_a_large_file_come_back_as_they_were(stage: Stage) -> None:
    program = r"""
import json, sys
sys.stderr.buffer.write("X {}\nO {\"event\": \"result\"}\n\x00\x1b[31m ü€😀\r\n".encode() + b"\xff\n" + "€".encode() * 20_000 + b"\nno end")
for number in range(300):
    print(json.dumps({"event": "change", "key": "ü" * 40_000 if number == 0 else str(number)}, ensure_ascii=False))
print('X {"how": "exited"}')
open("made-live.json", "wb").write(bytes(range(256)) * 4_000)
print(json.dumps({"event": "result", "outcome": "planned"}), flush=True)
"""
    ran = await stage.runs(stage.job("d1", Step.LOOK, program=program))
    assert outcome(ran) == (State.ENDED, "planned", 1)
    assert [each["key"] for each in ran.events] == ["ü" * 40_000, *map(str, range(1, 300))]
    assert ran.made == bytes(range(256)) * 4_000
    assert ran.log.endswith("€\nno end")


async def test_many_at_once_each_have_an_end_of_their_own(stage: Stage) -> None:
    jobs = [stage.job(f"d{number}", Step.PLAN, f"text {number}") for number in range(6)]
    seen = await asyncio.gather(*map(stage.runs, jobs))
    assert {outcome(each) for each in seen} == {(State.ENDED, "planned", 1)}
    assert len({each.made for each in seen}) == 6


@pytest.mark.parametrize("id", ["", "../x", "A", "a/b", "a" * 64, "a-", "-a"])
async def test_an_id_is_no_path(stage: Stage, id: str) -> None:
    with pytest.raises(ValueError, match="is no id of a run"):
        await stage.runner.observe(id)
