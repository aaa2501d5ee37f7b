"""The machine that Trellis runs on is set up by the very roles, by ansible-runner in a child of ours: what it says, what ends it, whose it is."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.machines import here_of
from processes import bearers
from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from provisioner.setup.command import tasks_of
from provisioner.setup.here import Here, HerePower, HereRoles
from provisioner.setup.machines import Instance, Machines
from provisioner.setup.steps import Step
from provisioner.terraform.engine import TerraformEngine
from tests.provisioner.house import ROOT, Notes, eventually
from tests.terraform.machine import TOLD, FakeMachine, is_there
from tests.terraform.stand import SHA, Stand, spec
from tests.terraform.test_setup import HOST, SERVICES, Archive
from tests.world import a_world

MACHINE = Instance("terraform-data-1", "127.0.0.1")


@pytest.fixture(autouse=True)
def _is_there(record_property: Callable[[str, object], None]) -> None:
    if not is_there():
        pytest.skip("Ansible is not installed beside the tests: tools/terraform.sh")
    record_property("told", TOLD)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "machine")


def here_on(machine: FakeMachine) -> Here:
    more = {"PATH": f"{machine.programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return Here(str(machine.root), str(machine.python), f"trellis-here-{os.getpid()}", more)


def machines(here: Here, folder: Path) -> Machines:
    return Machines(here, Archive(folder), HOST, lambda environment: "00ff", HerePower(here), roles=HereRoles(here, look_s=0.02))


async def test_it_is_set_up_as_any_machine_is_and_each_task_is_counted_and_logged(tmp_path: Path, machine: FakeMachine) -> None:
    engine, notes = machines(here_on(machine), tmp_path), Notes()
    access = await engine.apply(MACHINE, spec(services=SERVICES), notes)
    assert access.upstream == "http://127.0.0.1:80"
    assert (machine.root / "srv/trellis/now").resolve().name == SHA
    assert ["systemctl", "restart", "trellis-tilt"] in machine.heard
    assert {"docker", "kind", "traefik", "code", "tilt"} == set(notes.doing)
    assert any(0 < done < tasks_of("docker") for done, _ in notes.counted), "while it went on"
    lines = [each.text for each in await engine.logs(MACHINE, "setup", 100)]
    assert "changed  kind: make the cluster" in lines
    assert lines[-1] == "changed  tilt: run it"
    before = len(machine.heard)
    with pytest.raises(EngineFailed, match="this machine is another environment's"):
        await engine.apply(Instance("another", "127.0.0.1"), spec("env-2", services=SERVICES), Notes())
    assert len(machine.heard) == before
    assert engine.roles is not None
    await engine.roles.leave("another")
    assert (machine.root / "srv/trellis/now").exists(), "nobody takes away what is another's"
    for _ in range(2):
        await engine.roles.leave(MACHINE.id)
    assert machine.heard[-1] == ["kind", "delete", "cluster", "--name", "trellis"]
    assert not (machine.root / "srv/trellis").exists()
    await HereRoles(here_on(machine)).carry_out("another", Step("docker"), StageName.CONFIGURING)


async def test_what_fails_is_named_and_none_of_our_secrets_is_seen(
    tmp_path: Path, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_SECRET_OF_OURS", "s3cret")
    seen = machine.programs / "systemctl"
    seen.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\necho it is out of order >&2\nexit 1\n")
    with pytest.raises(EngineFailed, match=r"docker: run it: .*it is out of order"):
        await HereRoles(here_on(machine)).carry_out(MACHINE.id, Step("docker"), StageName.CONFIGURING)
    assert "PATH=" in (tmp_path / "seen").read_text()
    assert "s3cret" not in (tmp_path / "seen").read_text()


async def test_who_is_not_wanted_any_more_ends_it_with_all_that_it_began(machine: FakeMachine) -> None:
    here, held = here_on(machine), machine.hold("docker")
    setting_up = asyncio.create_task(HereRoles(here).carry_out(MACHINE.id, Step("docker"), StageName.CONFIGURING))
    await eventually(lambda: machine.heard, within_s=120)
    setting_up.cancel()
    await asyncio.wait({setting_up})
    assert setting_up.cancelled()
    held.unlink()
    assert bearers(here.mark) == []
    assert len(machine.heard) == 1, "nothing came after the task in hand"


_PARENT = """
import asyncio, json, sys
from provisioner.engine import StageName
from provisioner.setup.here import Here, HereRoles
from provisioner.setup.steps import Step
from provisioner.terraform.engine import TerraformEngine
root, python, mark, more = json.loads(sys.argv[1])
asyncio.run(HereRoles(Here(root, python, mark, more)).carry_out("one", Step("docker"), StageName.CONFIGURING))
"""


async def test_it_dies_with_whoever_began_it(machine: FakeMachine) -> None:
    here = replace(here_on(machine), mark=f"trellis-here-parent-{os.getpid()}")
    machine.hold("docker")
    given = json.dumps([here.root, here.python, here.mark, dict(here.more)])
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, given], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        await eventually(lambda: machine.heard, within_s=120)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(60)
    await eventually(lambda: not bearers(here.mark), within_s=120)
    assert len(machine.heard) == 1


@pytest.mark.skipif(importlib.util.find_spec("ansible_runner") is not None, reason="the extra is installed beside the tests")
async def test_without_ansible_runner_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="ansible-runner is missing: make extra NAME=ansible"):
        await HereRoles(Here(str(tmp_path))).carry_out(MACHINE.id, Step("docker"), StageName.CONFIGURING)


class Kept(Archive):
    async def forget(self, environment: str) -> None:
        """It is a file of the test's."""


async def test_local_env_has_this_machine_for_one_environment_and_the_next_once_that_is_gone(stand: Stand, tmp_path: Path) -> None:
    here = here_on(FakeMachine(tmp_path / "machine", has_ansible=False))
    on = replace(machines(here, tmp_path), code=Kept(tmp_path))
    engine = TerraformEngine(stand.settings, stand.within, machines=on)
    access = await engine.apply(spec(services=SERVICES), 1, Notes())
    assert (access.upstream, stand.within.running) == ("http://127.0.0.1:80", {})
    assert [each.sha for each in await engine.observe()] == [SHA]
    with pytest.raises(EngineFailed) as failed:
        await engine.apply(spec("env-2", services=SERVICES), 1, Notes())
    assert failed.value.code == "machine_taken"
    await engine.abandon("env-2", 1, 2)
    assert stand.state("env-2") == []
    assert (here.home / "machine").exists()
    await engine.destroy("env-1", 2)
    assert not (here.home / "machine").exists()
    assert (await engine.apply(spec("env-2", services=SERVICES), 3, Notes())).sha == SHA


async def test_an_environment_on_this_host_from_what_is_said_to_nothing_left(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path / "machine", has_ansible=False)
    here = here_on(machine)
    on = replace(machines(here, tmp_path), code=Kept(tmp_path))
    terraform = {"program": "wheel", "sets_up_here": True}
    async with a_world(tmp_path / "data", engine="terraform", terraform=terraform, here=on) as world:
        [said] = await world.types("/ivy create lab:demo")
        one = await world.environment()
        assert said.startswith(f"\u2713 dana: {one.slug} is ready after ")
        assert "this machine is another environment's" in "\n".join(await world.types("/ivy create lab:main"))
        assert f"{one.slug} is paused" in "\n".join(await world.types(f"/ivy pause {one.slug}"))
        assert machine.heard[-2:] == [["systemctl", "stop", "trellis-tilt"], ["docker", "stop", "trellis-control-plane"]]
        await world.types(f"/ivy resume {one.slug}")
        assert ["docker", "start", "trellis-control-plane"] in machine.heard
        assert "is gone" in "\n".join(await world.types(f"/ivy terminate {one.slug}"))
        assert machine.heard[-1] == ["kind", "delete", "cluster", "--name", "trellis"]
        assert not (here.home / "machine").exists()
        built = here_of(world.settings, None)
        assert (built.roles, built.host.scheme) == (HereRoles(Here()), "http")
