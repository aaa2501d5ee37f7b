"""A database restored from before: what runs is adopted, and nothing is destroyed on sight."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.backup import backup
from bot.domain.environment import State
from bot.settings import SettingsError
from bot.store.tables import events
from tests.fakes.forge import Request, User

if TYPE_CHECKING:
    from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def put_back(world: World, copy: Path) -> None:
    """As an operator does it: everything stopped, the file in the place of the other."""
    await world.store.database.close()
    there = world.settings.data_dir / "trellis.db"
    for name in ("trellis.db-wal", "trellis.db-shm"):
        there.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(copy, there)


async def looks(world: World) -> None:
    """As many as it takes: what is seen once may be on its way."""
    for _ in range(3):
        await world.reconcile()


async def kinds(world: World, environment_id: str) -> list[str]:
    async with world.store.look() as look:
        query = select(events.c.kind).where(events.c.environment_id == environment_id).order_by(events.c.id)
        return list((await look.connection.execute(query)).scalars())


def branch(world: World, dana: User, number: int) -> Request:
    return world.github.pull_request(world.shop, number=number, branch=f"b{number}", sha=f"{number:040x}", author=dana)


@pytest.mark.long
async def test_twenty_that_an_old_copy_does_not_know_are_adopted_and_none_is_destroyed(world: World, tmp_path: Path) -> None:
    dana = world.github.user("dana", id=7, right="write")
    backup(world.settings, tmp_path / "copy.db")
    requests = [branch(world, dana, 100 + number) for number in range(20)]
    for request in requests:
        await world.says("/ivy create", by=dana, on=request)
    before = {each.id: each for each in await world.environments()}
    applied = len(world.engine.applied)
    await put_back(world, tmp_path / "copy.db")
    assert await world.environments() == []
    await looks(world)
    after = {each.id: each for each in await world.environments()}
    assert world.engine.destroyed == []
    assert after.keys() == before.keys() == world.engine.running.keys()
    for id_, row in after.items():
        then = before[id_]
        assert row.state is State.READY
        assert (row.slug, row.project, row.source_id, row.ref, row.name) == (then.slug, "shop", "42", then.ref, "")
        assert (row.running_sha, row.addresses) == (then.running_sha, then.addresses)
        assert (row.owner.name, row.is_settled) == ("trellis", True)
        assert await kinds(world, id_) == ["adopted", *(await kinds(world, id_))[1:]]
    assert {spec.generation for spec in world.engine.applied[applied:]} <= {1}, "asked for addresses, not made anew"
    await world.says(f"/ivy terminate {next(iter(before.values())).slug}", by=dana, on=requests[0])
    assert len(await world.environments()) == 19
    assert await world.is_all_answered()


async def test_one_that_was_updated_since_is_followed_and_can_be_updated_again(world: World, tmp_path: Path) -> None:
    dana = world.github.user("dana", id=7, right="write")
    request = branch(world, dana, 12)
    await world.says("/ivy create", by=dana, on=request)
    backup(world.settings, tmp_path / "copy.db")
    for digit in "def":
        await world.deliver("github", world.github.pushes(world.shop, "b12", digit * 40, by=dana))
    world.engine.fences[(await world.environment()).id] += 10_000  # a long life since
    await put_back(world, tmp_path / "copy.db")
    assert (await world.environment()).generation == 1
    await looks(world)
    row = await world.environment()
    assert (row.generation, row.running_sha, row.is_settled, row.state) == (4, "f" * 40, True, State.READY)
    await world.deliver("github", world.github.pushes(world.shop, "b12", "9" * 40, by=dana))
    row = await world.environment()
    assert (row.generation, row.running_sha) == (5, "9" * 40), "the keeper takes our orders: the fence was raised"


async def test_one_that_went_since_is_made_again_and_said_to_be(world: World, tmp_path: Path) -> None:
    dana = world.github.user("dana", id=7, right="write")
    request = branch(world, dana, 12)
    await world.says("/ivy create", by=dana, on=request)
    backup(world.settings, tmp_path / "copy.db")
    await world.says("/ivy terminate", by=dana, on=request)
    await put_back(world, tmp_path / "copy.db")
    await looks(world)
    row = await world.environment()
    assert (row.state, row.id in world.engine.running) == (State.READY, True)
    assert "missing" in await kinds(world, row.id)


async def test_what_runs_of_a_project_that_is_not_configured_is_left_alone(world: World, tmp_path: Path) -> None:
    dana = world.github.user("dana", id=7, right="write")
    backup(world.settings, tmp_path / "copy.db")
    await world.says("/ivy create", by=dana, on=branch(world, dana, 12))
    world.reconciler._adoption.projects = {}
    await put_back(world, tmp_path / "copy.db")
    await looks(world)
    assert await world.environments() == []
    assert len(world.engine.running) == 1
    assert world.engine.destroyed == []


async def test_a_backup_is_not_written_over_another(world: World, tmp_path: Path) -> None:
    backup(world.settings, tmp_path / "copy.db")
    with pytest.raises(SettingsError, match="is there already"):
        backup(world.settings, tmp_path / "copy.db")
    on_postgres = world.settings.model_copy(update={"database_url": "postgresql://trellis@db/trellis"})
    with pytest.raises(SettingsError, match="pg_dump --format=custom"):
        backup(on_postgres, tmp_path / "other.db")
