"""What is left of past deploys goes one day; never what runs, is going on, or could be gone back to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import insert, select

from bot.domain.deployment import DeploymentState, RolloutState
from bot.store.deploy_tables import plans
from bot.worker.tidying import Tidying
from deploy.local import LocalRunner, LocalSettings
from tests.deployed import artifact, deployment, keep, rollout, slot

if TYPE_CHECKING:
    from bot.store.store import Store

DAY = 86_400.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


def lay(folder: Path, *names: str, is_old: bool = True) -> None:
    for name in names:
        (folder / name).write_bytes(b"a program")
        if is_old:
            os.utime(folder / name, (0, 0))


async def _now(store: Store) -> float:
    async with store.look() as look:
        return look.now


async def test_files_go_by_age_and_number_and_never_those_that_run(store: Store, folder: Path) -> None:
    long_ago = await _now(store) - 100 * DAY
    built = [artifact(number, registered_at=long_ago) for number in range(1, 8)]
    first, going = rollout(1), rollout(2, "prod", RolloutState.OPEN)
    runs = deployment(1, built[0], first, ended_at=long_ago)
    waits = deployment(2, built[1], going, DeploymentState.WAITING, ended_at=None)
    young = msgspec.structs.replace(artifact(9, "web"), registered_at=await _now(store) - DAY, sha256="9" * 64)
    await keep(store, *built, young, first, going, runs, waits, slot(built[0], first, runs))
    lay(folder, *(each.sha256 for each in built), young.sha256, "7" * 64, "notes")
    assert await Tidying(store, (folder,), 30 * DAY, versions=2).tidy() == 4
    left = {path.name for path in folder.iterdir()}
    # runs there, waits to go there, the two newest, the young one, and what nobody of ours put there
    assert left == {*(built[place].sha256 for place in (0, 1, 5, 6)), young.sha256, "notes"}


async def test_what_came_before_stays_to_be_gone_back_to(store: Store, folder: Path) -> None:
    long_ago = await _now(store) - 100 * DAY
    built = [artifact(number, registered_at=long_ago) for number in range(1, 10)]
    acts = [rollout(number) for number in (1, 2, 3)]
    past = [deployment(number, built[number], acts[number - 1], ended_at=long_ago) for number in (1, 2, 3)]
    await keep(store, *built, *acts, *past, slot(built[3], acts[2], past[2]))
    lay(folder, *(each.sha256 for each in built))
    await Tidying(store, (folder,), 30 * DAY, versions=2).tidy()
    assert {path.name for path in folder.iterdir()} == {built[place].sha256 for place in (2, 3, 7, 8)}


async def test_what_was_just_laid_there_is_not_registered_yet(store: Store, folder: Path) -> None:
    lay(folder, "7" * 64, f"{'8' * 64}.ab12.part", is_old=False)
    lay(folder, f"{'9' * 64}.ab12.part")
    assert await Tidying(store, (folder, folder / "nowhere"), 30 * DAY, versions=2).tidy() == 1
    assert {path.name[0] for path in folder.iterdir()} == {"7", "8"}


async def test_contracts_go_with_their_artifacts(store: Store, folder: Path) -> None:
    kept = artifact(1, contract_sha256="c" * 64)
    await keep(store, kept)
    for digest in ("c" * 64, "d" * 64):
        (folder / f"contract-{digest}").mkdir()
        lay(folder / f"contract-{digest}", "api.yaml")
        os.utime(folder / f"contract-{digest}", (0, 0))
    assert await Tidying(store, (folder,), 30 * DAY, versions=2).tidy() == 1
    assert [path.name for path in folder.iterdir()] == [f"contract-{'c' * 64}"]


async def test_plans_stay_of_what_runs_and_of_what_is_gone_back_to(store: Store) -> None:
    now = await _now(store)
    built, act = artifact(1), rollout(1, state=RolloutState.OPEN)
    past = [deployment(number, built, act, ended_at=now - 100 * DAY) for number in (1, 2, 3)]
    young = deployment(4, built, act, ended_at=now - DAY)
    live = deployment(5, built, act, DeploymentState.RUNNING, previous_id=past[1].id)
    await keep(store, built, act, *past, young, live, slot(built, act, past[0]))
    async with store.transaction() as transaction:
        rows = [{"deployment_id": each.id, "plan": b"{}", "live": None} for each in (*past, young, live)]
        await transaction.connection.execute(insert(plans), rows)
    assert await Tidying(store, (), 30 * DAY, versions=2).tidy() == 1
    async with store.look() as look:
        left = set((await look.connection.execute(select(plans.c.deployment_id))).scalars())
    assert left == {past[0].id, past[1].id, young.id, live.id}


async def test_old_runs_go_unless_they_run(tmp_path: Path) -> None:
    runner = LocalRunner(LocalSettings(tmp_path / "runs", tmp_path / "releases"))
    for name in ("old", "running", "young", "half.part"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        if name != "young":
            os.utime(tmp_path / "runs" / name, (0, 0))
    runner._children["running"] = None  # type: ignore[assignment]
    assert await runner.forget_old(1_000_000.0) == 1
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"running", "young", "half.part"}
    assert await LocalRunner(LocalSettings(tmp_path / "nowhere", tmp_path)).forget_old(1.0) == 0
