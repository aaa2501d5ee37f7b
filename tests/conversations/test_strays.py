"""Nothing is left behind: machines, rows, states and branches without their counterpart, none of it dealt with at first sight."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bot.backup import backup
from bot.cli import parser
from bot.doctor_account import account
from bot.domain.environment import Environment, State
from bot.domain.prose import Reply
from bot.domain.strays import Act, Kind
from bot.rendering import terminal
from bot.store.console import ConsoleStore
from bot.sweeping import carry_out
from provisioner.engine import EngineUnavailable, Observed
from tests.browser import signed_in
from tests.web.test_pages import words as shown
from tests.world import World, a_world

LOST = "01jd0000000000000000000009"


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, database_url=database_url, sweep={"region": "eu-west-1", "rows": True}) as one:
        one.lab |= {f"b{number}": f"{number + 1:040x}" for number in range(20)}
        yield one


async def found(world: World) -> list[tuple[Kind, str]]:
    async with world.store.look() as look:
        return [(each.kind, each.subject) for each in await look.strays.all()]


async def heard(world: World, thread: str) -> str:
    lines = await ConsoleStore(world.store).lines(thread, 0)
    drawn = [terminal.draw(msgspec.json.decode(each.body, type=Reply), 200, False) for each in lines if each.kind == "post"]
    return "\n".join(drawn)


async def row_of(world: World, id: str) -> Environment:
    async with world.store.look() as look:
        row = await look.environments.get(id)
    assert row is not None
    return row


async def pass_hours(world: World, hours: float) -> None:
    """A look every half hour."""
    for _ in range(round(hours * 2)):
        await world.sweep_account(minutes=30)


async def test_where_everything_has_its_counterpart_nothing_is_done(world: World) -> None:
    await world.types("/ivy create lab:demo")
    await world.types("/ivy create lab:main")
    asleep = next(each for each in await world.environments() if each.branch == "main")
    await world.types(f"/ivy pause {asleep.slug}")
    await pass_hours(world, 2)
    assert await found(world) == []
    assert (world.engine.destroyed, world.cloud.removed, len(world.engine.applied)) == ([], [], 2)
    async with world.store.look() as look:
        last = await look.strays.last_look()
    assert last is not None
    assert (last.machines, last.rows, last.states, last.problem) == (2, 2, 2, "")


async def test_a_machine_whose_environment_is_gone_goes_after_two_looks_and_a_grace(world: World) -> None:
    await world.types("/ivy create lab:demo")
    row = await world.environment()
    await world.types(f"/ivy terminate {row.slug}")
    world.cloud.put("i-left", row.id, row.slug)
    world.engine.destroyed.clear()
    await world.sweep_account()
    await world.sweep_account()
    assert (world.engine.destroyed, world.cloud.removed) == ([], [])
    await pass_hours(world, 0.5)
    assert (world.engine.destroyed, world.cloud.removed) == ([row.id], ["i-left"]), "by Terraform, and then itself"
    await world.sweep_account()
    assert await found(world) == []


async def test_a_machine_that_nobody_knows_is_told_of_and_left_alone(world: World) -> None:
    world.cloud.put("i-1", "somebody-elses")
    world.cloud.put("i-2", "")  # whatever its label said
    for _ in range(3):
        await world.sweep_account(minutes=24 * 60)
    assert await found(world) == [(Kind.UNKNOWN, "i-1"), (Kind.UNKNOWN, "i-2")]
    assert (world.engine.destroyed, world.cloud.removed) == ([], [])
    assert 'trellis_strays{kind="unknown"} 2.0' in (await world.web.get("/metrics")).text
    async with signed_in(world, "dana") as web:
        page = shown(await web.get("/system"))
    assert "2 machines, 0 environments and spares, 0 states" in page
    assert "machine that nobody knows i-1 somebody-elses" in page
    assert await account(world.store) == (None, "2 things have no counterpart: `trellis sweep` lists them")


async def test_where_the_operator_says_so_it_goes_after_that_time(tmp_path: Path) -> None:
    async with a_world(tmp_path, sweep={"region": "eu-west-1", "unknown_hours": 3}) as world:
        world.cloud.put("i-1", LOST)
        await pass_hours(world, 3)
        assert world.cloud.removed == []
        await pass_hours(world, 0.5)
        assert (world.engine.destroyed, world.cloud.removed) == ([LOST], ["i-1"])


async def test_a_second_machine_goes_and_the_one_that_the_state_knows_stays(world: World) -> None:
    await world.types("/ivy create lab:demo")
    row = await world.environment()
    world.cloud.put("i-twin", row.id)
    await pass_hours(world, 1)
    assert (world.cloud.removed, world.engine.destroyed) == (["i-twin"], [])
    assert row.id in world.engine.running


async def test_two_machines_of_which_the_state_knows_neither_are_left_alone(world: World) -> None:
    await world.types("/ivy create lab:demo")
    row = await world.environment()
    world.cloud.put("i-twin", row.id)
    world.cloud.states[row.id] = frozenset()
    await pass_hours(world, 2)
    assert world.cloud.removed == []


async def test_what_ec2_does_not_list_yet_is_not_made_twice(world: World) -> None:
    await world.types("/ivy create lab:main")
    await world.types("/ivy create lab:demo")
    world.cloud.unlisted = {f"i-{each.id}" for each in await world.environments() if each.branch == "demo"}
    await world.sweep_account()
    world.cloud.unlisted.clear()
    await pass_hours(world, 1)
    assert len(world.engine.applied) == 2
    assert await found(world) == []


async def test_what_aws_took_back_is_made_again(world: World) -> None:
    await world.types("/ivy create lab:main")
    await world.types("/ivy create lab:demo")
    row = next(each for each in await world.environments() if each.branch == "demo")
    world.cloud.spot_loss(row.id)
    await world.sweep_account()
    assert row.id not in world.engine.running
    await world.sweep_account()
    assert row.id in world.engine.running
    assert "nothing of it ran: begun again" in "\n".join(await world.types(f"/ivy why {row.slug}"))
    await world.sweep_account()
    assert await found(world) == []


async def test_one_that_failed_and_left_nothing_is_closed(world: World) -> None:
    world.engine.fail_next("it does not start")
    await world.types("/ivy create lab:demo")
    row = await world.environment()
    assert row.state is State.FAILED
    await pass_hours(world, 1)
    assert await world.environments() == []


async def test_a_state_without_row_and_machine_goes_after_a_week(world: World) -> None:
    world.cloud.states[LOST] = frozenset()
    for _ in range(6):
        await world.sweep_account(minutes=24 * 60)
    assert world.engine.destroyed == []
    for _ in range(2):
        await world.sweep_account(minutes=24 * 60)
    assert world.engine.destroyed == [LOST]
    await world.sweep_account()
    assert await found(world) == []


async def test_a_state_of_what_the_engine_remembers_to_run_is_no_leftover(world: World) -> None:
    world.cloud.states[LOST] = frozenset()
    world.engine.memory[LOST] = Observed(LOST, "demo-1", 3, 7, "a" * 40, (), None, "a-project-of-before", "refs/heads/demo")
    for _ in range(12):
        await world.sweep_account(minutes=24 * 60)
    assert world.engine.destroyed == []
    assert await found(world) == [(Kind.STATE, LOST)]


async def test_the_owner_of_one_whose_branch_is_not_there_is_told_first_and_may_keep_it(world: World) -> None:
    await world.types("/ivy create lab:b1 --ttl 90h")
    await world.types("/ivy create lab:b2 --ttl 90h", by="erin")
    del world.lab["b1"], world.lab["b2"]
    await world.sweep_account()
    await world.sweep_account()
    one, other = sorted(await world.environments(), key=lambda each: each.ref)
    said = await heard(world, "console:dana")
    assert "is not there any more. It is taken down 2026-" in said
    assert f"/ivy keep {one.slug}" in said
    await world.types(f"/ivy keep {other.slug}", by="erin")
    await world.sweep_account(minutes=23 * 60)
    assert len(await world.environments()) == 2
    await world.sweep_account(minutes=2 * 60)
    assert [each.id for each in await world.environments()] == [other.id]
    assert (await row_of(world, one.id)).gone_code == "branch_deleted"


async def test_a_forge_that_is_away_has_no_branches_to_miss(world: World) -> None:
    await world.types("/ivy create lab:demo")
    world.repositories.is_down = True
    await pass_hours(world, 2)
    assert await found(world) == []


async def test_an_account_that_cannot_be_seen_is_not_judged(world: World) -> None:
    await world.types("/ivy create lab:demo")
    world.cloud.is_down = True
    with pytest.raises(EngineUnavailable, match="RequestLimitExceeded"):
        await world.sweep_account()
    assert len(world.engine.applied) == 1
    assert await account(world.store) == (False, "cannot be looked at: AWS, listing instances: RequestLimitExceeded")
    async with signed_in(world, "dana") as web:
        assert "✗ It cannot be looked at now: AWS, listing instances: RequestLimitExceeded" in shown(await web.get("/system"))
    world.cloud.is_down = False
    await world.sweep_account()
    assert await account(world.store) == (True, "machines: 1, each with its environment")


async def test_an_account_without_any_machine_is_the_wrong_one(world: World) -> None:
    for number in range(5):
        await world.types(f"/ivy create lab:b{number}")
    world.cloud.unlisted = set(world.cloud.own())
    await pass_hours(world, 2)
    assert len(world.engine.applied) == 5, "nothing is made again because we look in the wrong region"


async def test_not_more_than_so_many_end_in_one_look(tmp_path: Path) -> None:
    async with a_world(tmp_path, sweep={"region": "eu-west-1", "at_once": 2, "unknown_hours": 1}) as world:
        for number in range(5):
            world.cloud.put(f"i-{number}", f"{LOST[:-1]}{number}")
        await world.sweep_account()
        for left in (3, 1, 0):
            await world.sweep_account(minutes=60)
            assert len(world.cloud.besides) == left


async def test_the_operator_asks_what_was_found_looks_without_touching_and_looks_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_world(tmp_path, sweep={"region": "eu-west-1", "unknown_hours": 1}) as world:

        async def run(*line: str) -> str:
            assert world.parts.strays is not None
            await carry_out(world.settings, world.store, world.parts.strays, parser().parse_args(["sweep", *line]))
            return capsys.readouterr().out

        assert await run() == "No worker has looked yet. Look now, changing nothing: trellis sweep --dry-run\n"
        world.cloud.put("i-1", LOST, "old-1")
        head, *table = (await run("--dry-run")).splitlines()
        assert head.startswith("machines: 1, environments and spares: 0, states: 0; seen at 20")
        assert "machine that nobody knows" in table[2]
        assert "wait: it may be on its way" in table[2]
        assert await found(world) == [], "nothing was written"
        await run("--now")
        await pass_hours(world, 0.5)
        world.clock.advance(hours=1)
        assert [each["act"] for each in json.loads(await run("--json"))["strays"]] == ["destroy"]
        await run("--now")
        assert world.cloud.removed == ["i-1"]
        assert "Everything has its counterpart." in await run("--dry-run")


async def test_in_a_dry_run_nothing_is_done_but_to_tell(tmp_path: Path) -> None:
    async with a_world(tmp_path, sweep={"region": "eu-west-1", "dry_run": True, "unknown_hours": 1}) as world:
        world.cloud.put("i-1", LOST)
        await pass_hours(world, 5)
        assert world.cloud.removed == []
        assert world.parts.strays is not None
        ((stray, act),), _ = await world.parts.strays.preview()
        assert (stray.subject, act) == ("i-1", Act.DESTROY)


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_after_an_hour_old_backup_over_twenty_live_ones_there_are_as_many_machines_as_rows(world: World, tmp_path: Path) -> None:
    """Ten were made since; the engine remembers them. Three that were there went since. Nothing is destroyed, nothing is there twice."""
    for number in range(10):
        await world.types(f"/ivy create lab:b{number}")
    backup(world.settings, tmp_path / "copy.db")
    for number in range(10, 20):
        await world.types(f"/ivy create lab:b{number}")
    specs = dict(world.engine.running)
    for each in list(await world.environments())[:3]:
        await world.types(f"/ivy terminate {each.slug}")
    for id_, spec in specs.items():
        source = spec.source
        world.engine.memory[id_] = Observed(
            id_, spec.slug, spec.generation, world.engine.fences[id_], source.sha, (), None, source.project, source.ref
        )
    world.engine.destroyed.clear()
    await world.store.database.close()
    for name in ("trellis.db-wal", "trellis.db-shm"):
        (world.settings.data_dir / name).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "copy.db", world.settings.data_dir / "trellis.db")
    assert len(await world.environments()) == 10
    await pass_hours(world, 2)
    rows = {each.id for each in await world.environments()}
    assert rows == set(world.cloud.own().values()) == specs.keys()
    assert len(world.cloud.there()) == 20
    assert (world.engine.destroyed, world.cloud.removed) == ([], [])
    assert await found(world) == []
