"""An environment by real Terraform, from its first apply to its end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.engine import EngineFailed, EngineUnavailable, StageName, StaleFence
from provisioner.moments import moment
from provisioner.records import BadSpec
from provisioner.terraform.program import find
from provisioner.terraform.settings import MODULES
from tests.terraform.stand import SHA, THEN, Stand, spec

THINGS = ["terraform_data.disk", "terraform_data.machine", "terraform_data.network"]


async def test_an_environment_is_made_left_alone_changed_and_taken_down(
    stand: Stand, record_property: Callable[[str, object], None]
) -> None:
    program = await stand.engine.program()
    record_property("told", f"the engine ran on {program.told}, Terraform {program.version}")
    access, notes = await stand.apply(spec())
    assert (access.generation, access.sha, access.addresses[0].url) == (1, SHA, "http://slug-env-1.localhost:8780")
    assert [name for kind, name in notes.heard if kind == "begin"] == list(StageName)
    assert notes.counted[-1] == (3, 3)
    assert stand.state() == THINGS
    first = stand.settings.states / "env-1" / "terraform.tfstate"
    ids = first.read_text()

    _, again = await stand.apply(spec(), 2)
    assert again.counted == []
    assert first.read_text() == ids, "nothing to do is nothing done"

    stand.now = THEN + 3600  # made anew or not, it was made then
    _, larger = await stand.apply(spec(generation=2, size="large"), 3)
    assert larger.counted[-1] == (2, 2), "disk and machine are changed in place"
    machine = [each for each in json.loads(first.read_text())["resources"] if each["name"] == "machine"]
    assert machine[0]["instances"][0]["attributes"]["output"]["value"]["created_at"] == moment(THEN)

    await stand.engine.destroy("env-1", 4)
    assert stand.state() == []
    assert [path for path in stand.settings.folder.rglob("*") if "env-1" in path.name] == [stand.settings.fences / "env-1"]
    await stand.engine.destroy("env-1", 5)  # already gone is success
    await stand.engine.destroy("env-never", 1)


async def test_what_was_taken_over_is_refused_before_terraform_starts(stand: Stand) -> None:
    await stand.apply(spec(), 7)
    before = stand.log("env-1", "apply")
    with pytest.raises(StaleFence):
        await stand.apply(spec(size="large"), 6)
    with pytest.raises(StaleFence):
        await stand.engine.destroy("env-1", 6)
    assert stand.log("env-1", "apply") == before
    assert stand.state() == THINGS


@pytest.mark.parametrize(
    "text",
    [
        "${terraform.workspace}",
        '%{ for x in [1] }"${x}"%{ endfor }',
        "`id` $(id) ; true",
        'quote " and \\ and \n line',
        "ünïcödé 🦊",
        "-out=x",
    ],
)
async def test_a_value_reaches_terraform_as_it_is_and_makes_nothing_else(stand: Stand, text: str) -> None:
    folder = stand.settings.data.parent / "echo"
    folder.mkdir()
    (folder / "main.tf").write_text(
        (MODULES / "local-env" / "variables.tf").read_text()
        + 'variable "said" { type = string }\noutput "addresses" { value = { said = var.said } }\n'
    )
    stand.set(module=folder, variables={"said": text})
    access, _ = await stand.apply(spec())
    assert {each.service: each.url for each in access.addresses}["said"] == text
    assert stand.state() == []


@pytest.mark.parametrize(
    ("environment", "slug"),
    [("../up", "slug"), ("-chdir=x", "slug"), ("a/b", "slug"), ("", "slug"), ("env-1", "slug;x"), ("env-1", "${x}"), ("env-1", "a" * 99)],
)
async def test_names_that_could_be_more_than_names_are_refused(stand: Stand, environment: str, slug: str) -> None:
    with pytest.raises(BadSpec):
        await stand.apply(spec(environment, slug=slug))
    assert not list(stand.settings.environments.iterdir())


async def test_terraform_sees_nothing_of_ours(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRELLIS_GITHUB__TOKEN", "TF_VAR_slug", "TF_CLI_ARGS", "TF_CLI_ARGS_plan", "AWS_PROFILE", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "canary")
    stand.slow(1, 0)
    source = (stand.settings.module / "main.tf").read_text()
    (stand.settings.module / "main.tf").write_text(source.replace("&& sleep 0", "&& env >> '${self.input.ledger}'"))
    await stand.apply(spec())
    seen = [line for line in stand.ledger.read_text().splitlines() if "canary" in line]
    assert seen == ["AWS_PROFILE=canary"]


async def test_what_terraform_refuses_is_told_with_its_reason_and_its_log(stand: Stand) -> None:
    with pytest.raises(EngineFailed) as failed:
        await stand.apply(spec(size="gigantic"))
    assert (failed.value.stage, failed.value.code) == (StageName.PROVISIONING, "terraform_failed")
    assert failed.value.reason == "terraform plan: Invalid value for variable: The sizes are small, medium and large."
    assert [each.environment for each in await stand.engine.observe()] == ["env-1"], "half made, and seen"
    lines = await stand.engine.logs("env-1", "terraform", 100)
    assert any("Invalid value for variable" in line.text for line in lines)
    await stand.engine.abandon("env-1", 1, 2)
    assert await stand.engine.observe() == ()


async def test_a_change_that_is_abandoned_is_taken_back(stand: Stand) -> None:
    await stand.apply(spec())
    stand.within.fail_next("it does not start")
    with pytest.raises(EngineFailed):
        await stand.apply(spec(generation=2, size="large"), 1)
    await stand.engine.abandon("env-1", 2, 2)
    state = (stand.settings.states / "env-1" / "terraform.tfstate").read_text()
    assert '"memory_mb": 1024' in state
    assert '"memory_mb": 4096' not in state.split('"input"')[-1]
    await stand.engine.abandon("env-1", 1, 3)  # it runs: left alone
    assert stand.state() == THINGS


async def test_an_environment_can_be_taken_down_when_nothing_but_its_state_is_left(stand: Stand) -> None:
    await stand.apply(spec())
    for path in (stand.settings.environments / "env-1").rglob("*"):
        if path.is_file():
            path.unlink()
    await stand.engine.destroy("env-1", 2)
    assert stand.state() == []


async def test_without_any_terraform_it_is_said_what_to_do(stand: Stand, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"put one on PATH, or make extra NAME=terraform"):
        await find(str(tmp_path / "none"), tmp_path)
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    old.chmod(0o755)
    stand.set(program=str(old))
    with pytest.raises(EngineUnavailable, match=r"old is 1\.5\.7"):
        await stand.apply(spec())


async def test_the_modules_are_formatted_as_terraform_does(stand: Stand) -> None:
    program = await stand.engine.program()
    ran = subprocess.run(
        [*program.argv, "fmt", "-check", "-recursive", "-diff", str(MODULES.parent)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


async def test_two_environments_share_nothing(stand: Stand) -> None:
    await stand.apply(spec("env-1"))
    await stand.apply(spec("env-2"))
    await stand.engine.destroy("env-1", 2)
    assert stand.state("env-2") == THINGS
    assert [each.environment for each in await stand.engine.observe()] == ["env-2"]
