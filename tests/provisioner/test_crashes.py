"""The keeper is killed at each of its named steps: afterwards there is what was ordered, once, and nothing else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from provisioner.engine import EngineUnavailable, Service, Spec
from provisioner.keeper import KILL_POINTS
from tests.provisioner.house import WEB, Keeper, Notes, Repository, command, eventually, spec_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.long

BUILT = Service("web", f"(setsid setsid sleep 778 &) ; exec {WEB.run}", build="echo made >> built")
UPDATING = ["keeper.started.before_record", "keeper.recorded.before_switch", "keeper.switched", "keeper.retired"]
MAKING = [point for point in KILL_POINTS if not point.startswith(("keeper.destroy", "keeper.restart", "keeper.pause", "keeper.retired"))]
ENDING = [point for point in KILL_POINTS if point.startswith("keeper.destroy")]


@pytest.fixture
async def stopped(tmp_path: Path) -> AsyncIterator[Keeper]:
    """A keeper that the test starts itself; after the test nothing of it is left."""
    one = Keeper(tmp_path / "data")
    yield one
    await one.stop()
    await eventually(lambda: one.left() == [])


def killed_at(point: str, tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "killed"
    folder.mkdir(exist_ok=True)
    return {"TRELLIS_KILL_AT": point, "TRELLIS_KILL_ONCE": str(folder)}


async def applied(keeper: Keeper, spec: Spec, fence: int) -> None:
    with contextlib.suppress(EngineUnavailable):
        await keeper.engine.apply(spec, fence, Notes())


async def exactly_one_runs(keeper: Keeper, spec: Spec, words: str) -> None:
    async with keeper.client() as client:
        assert await client.get("demo") == (200, f"{words} /")
    [observed] = await keeper.engine.observe()
    assert (observed.generation, observed.sha) == (spec.generation, spec.source.sha)
    await eventually(lambda: keeper.worktrees() == keeper.registered() == [f"code-{spec.generation}"])
    await eventually(lambda: sum(b"app.py" in command(pid) and b"bwrap" not in command(pid) for pid in keeper.left()) == 1)
    await eventually(lambda: sum(b"778" in command(pid) and b"sleep" in command(pid).split(b"\0")[0] for pid in keeper.left()) == 1)


@pytest.mark.parametrize("point", MAKING)
async def test_a_create_that_the_keeper_died_in_ends_well(stopped: Keeper, repository: Repository, tmp_path: Path, point: str) -> None:
    keeper = stopped
    spec = spec_of(repository, repository.commit("one"), BUILT)
    await keeper.start(**killed_at(point, tmp_path))
    await applied(keeper, spec, 1)
    await eventually(keeper.has_died)
    await keeper.start()
    await keeper.engine.apply(spec, 2, Notes())

    await exactly_one_runs(keeper, spec, "one")


@pytest.mark.parametrize("point", UPDATING)
async def test_an_update_that_the_keeper_died_in_ends_well(stopped: Keeper, repository: Repository, tmp_path: Path, point: str) -> None:
    keeper = stopped
    await keeper.start()
    first = spec_of(repository, repository.commit("one"), BUILT)
    await keeper.engine.apply(first, 1, Notes())
    keeper.kill()
    await keeper.start(**killed_at(point, tmp_path))
    async with keeper.client() as client:

        async def answers() -> bool:
            return (await client.get("demo"))[0] == 200

        await eventually(answers)

    second = spec_of(repository, repository.commit("two"), BUILT, generation=2)
    await applied(keeper, second, 2)
    await eventually(keeper.has_died)
    await keeper.start()
    await keeper.engine.apply(second, 3, Notes())

    await exactly_one_runs(keeper, second, "two")


@pytest.mark.parametrize("point", ENDING)
async def test_a_destroy_that_the_keeper_died_in_ends_well(stopped: Keeper, repository: Repository, tmp_path: Path, point: str) -> None:
    keeper = stopped
    await keeper.start(**killed_at(point, tmp_path))
    await keeper.engine.apply(spec_of(repository, repository.commit(), BUILT), 1, Notes())
    with contextlib.suppress(EngineUnavailable):
        await keeper.engine.destroy("env-1", 1)
    await eventually(keeper.has_died)
    await keeper.start()
    await keeper.engine.destroy("env-1", 2)

    assert (await keeper.engine.observe(), keeper.worktrees(), keeper.registered(), len(keeper.left())) == ((), [], [], 1)


async def test_a_keeper_that_died_leaves_no_process_and_its_next_life_serves_the_same_address(
    stopped: Keeper, repository: Repository
) -> None:
    keeper = stopped
    await keeper.start()
    spec = spec_of(repository, repository.commit("one"), BUILT)
    await keeper.engine.apply(spec, 1, Notes())

    keeper.kill()
    await eventually(lambda: keeper.left() == [], within_s=5)
    await keeper.start()

    async with keeper.client() as client:

        async def answers() -> bool:
            return await client.get("demo") == (200, "one /")

        await eventually(answers)
    await exactly_one_runs(keeper, spec, "one")


async def test_a_destroy_that_was_begun_is_finished_by_the_next_keeper_alone(
    stopped: Keeper, repository: Repository, tmp_path: Path
) -> None:
    keeper = stopped
    await keeper.start(**killed_at("keeper.destroy.recorded", tmp_path))
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    with pytest.raises(EngineUnavailable):
        await keeper.engine.destroy("env-1", 1)
    await eventually(keeper.has_died)
    await keeper.start()
    await eventually(lambda: keeper.worktrees() == [])


async def test_two_keepers_never_work_on_the_same_folder(stopped: Keeper) -> None:
    await stopped.start()
    second = Keeper(stopped.data)
    second.begin()
    await eventually(second.has_died, within_s=15)
    assert "another keeper works in" in (stopped.data / "keeper.log").read_text()
    assert await stopped.is_ready()


async def test_what_cannot_be_cleared_up_keeps_nobody_from_running(stopped: Keeper, repository: Repository) -> None:
    keeper = stopped
    await keeper.start()
    spec = spec_of(repository, repository.commit("one"), BUILT)
    await keeper.engine.apply(spec, 1, Notes())
    keeper.kill()
    (keeper.data / "mirrors" / "demo" / "packed-refs.lock").mkdir()  # a folder: not to be removed as a file
    await keeper.start()

    assert "keeper.not_cleared_up" in (keeper.data / "keeper.log").read_text()
    async with keeper.client() as client:

        async def answers() -> bool:
            return await client.get("demo") == (200, "one /")

        await eventually(answers)
