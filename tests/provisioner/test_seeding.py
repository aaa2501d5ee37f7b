"""Filling an environment with data on this machine, with a real keeper: in its own sandbox, once for each number."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path

import pytest

from provisioner.engine import Dataset, EngineFailed
from tests.provisioner.house import Keeper, Notes, Repository, eventually, spec_of

pytestmark = pytest.mark.long

COUNTED = 'echo "$TRELLIS_SLUG $TRELLIS_WEB_URL" >> $HOME/told; echo counted'


async def made(keeper: Keeper, repository: Repository) -> str:
    spec = spec_of(repository, repository.commit())
    await keeper.engine.apply(spec, 1, Notes())
    return spec.environment


def home(keeper: Keeper, environment: str) -> Path:
    return keeper.data / "environments" / environment / "home"


async def test_a_script_runs_with_the_environments_variables_and_once_for_each_number(keeper: Keeper, repository: Repository) -> None:
    environment = await made(keeper, repository)
    for number in (1, 1, 2):
        await keeper.engine.seed(environment, Dataset("demo", COUNTED), 1, number)
    told = (home(keeper, environment) / "told").read_text().splitlines()
    assert len(told) == 2
    assert told[0].startswith("demo http://127.0.0.1:")
    assert [(each.service, each.text) for each in await keeper.engine.logs(environment, "seed", 10)] == [("seed", "counted")]


async def test_one_that_fails_or_does_not_end_says_why_and_the_services_go_on(keeper: Keeper, repository: Repository) -> None:
    environment = await made(keeper, repository)
    for line, within_s, reason in (
        ("echo no such table; exit 3", 60.0, "loading demo exited with code 3"),
        ("sleep 600", 0.3, "loading demo did not end within 0.3 s"),
    ):
        with pytest.raises(EngineFailed, match=reason) as raised:
            await keeper.engine.seed(environment, Dataset("demo", line, within_s=within_s), 1, 1)
        assert raised.value.log == (("no such table",) if "table" in line else ())
    async with keeper.client() as client:
        assert await client.get("demo", "/hello") == (200, "one /hello")
    assert not keeper.runs("600")
    await keeper.engine.seed(environment, Dataset("demo", COUNTED), 1, 1)  # it did not end well: the same number may be tried again


async def test_one_that_is_stopped_leaves_no_process(keeper: Keeper, repository: Repository) -> None:
    environment = await made(keeper, repository)
    loading = asyncio.create_task(keeper.engine.seed(environment, Dataset("demo", "sleep 601"), 1, 1))
    await eventually(lambda: keeper.runs("601"), within_s=60)
    await keeper.engine.seed(environment, None, 1, 1)
    await asyncio.wait({loading})
    assert loading.exception() is not None
    assert not keeper.runs("601")


@pytest.mark.parametrize("is_folder", [True, False])
async def test_an_archive_of_the_operators_is_laid_out_whole_and_services_begin_with_it(
    keeper: Keeper, repository: Repository, tmp_path: Path, is_folder: bool
) -> None:
    environment = await made(keeper, repository)
    (source := tmp_path / "march").mkdir()
    (source / "orders.csv").write_text("1,2\n")
    if not is_folder:
        with tarfile.open(tmp_path / "march.tar.gz", "w:gz") as archive:
            archive.add(source, ".")
    old = home(keeper, environment) / "data"
    old.mkdir()
    (old / "of-before").write_text("")
    async with keeper.client() as client:
        [before] = await keeper.engine.observe()
        await keeper.engine.seed(environment, Dataset("march", archive=str(source if is_folder else tmp_path / "march.tar.gz")), 1, 1)
        assert [each.name for each in old.iterdir()] == ["orders.csv"]
        [after] = await keeper.engine.observe()
        assert after.services[0].pid != before.services[0].pid
        assert await client.get("demo", "/hello") == (200, "one /hello")


async def test_an_archive_that_is_broken_or_not_there_changes_nothing(keeper: Keeper, repository: Repository, tmp_path: Path) -> None:
    environment = await made(keeper, repository)
    (tmp_path / "broken.tar").write_text("this is no archive")
    for name, reason in (("broken.tar", "exited with code 2"), ("none.tar", "is not there")):
        with pytest.raises(EngineFailed, match=reason):
            await keeper.engine.seed(environment, Dataset("march", archive=str(tmp_path / name)), 1, 1)
    assert [each.name for each in home(keeper, environment).iterdir() if each.name.startswith("data")] == []


async def test_a_snapshot_is_for_machines(keeper: Keeper, repository: Repository) -> None:
    environment = await made(keeper, repository)
    with pytest.raises(EngineFailed, match="march is a snapshot of AWS, and this environment has no machine there") as failed:
        await keeper.engine.seed(environment, Dataset("march", snapshot="snap-0123456789abcdef0", gigabytes=5), 1, 1)
    assert failed.value.code == "wrong_dataset"


async def test_nothing_is_filled_that_does_not_run(keeper: Keeper) -> None:
    with pytest.raises(EngineFailed, match="nothing of it runs"):
        await keeper.engine.seed("nobody", Dataset("demo", "true"), 1, 1)
