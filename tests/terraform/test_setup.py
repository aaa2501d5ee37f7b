"""A machine is set up by the very commands that AWS would send it: what comes of it, that twice is once, and who says what failed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engine import EngineFailed, EngineUnavailable, Service, Source, StageName
from provisioner.setup.command import ANSIBLE as ANSIBLE_PINS
from provisioner.setup.command import ROLES, bundle, command, tasks_of
from provisioner.setup.data import FILE, RELEASE, STEP
from provisioner.setup.machines import Instance, Machines
from provisioner.setup.plan import BAKED, STEPS, Host, given
from provisioner.setup.power import Ec2Power
from provisioner.setup.programs import Program
from provisioner.setup.ssm import SsmShell
from provisioner.setup.tilt import NotAllowed, words
from provisioner.setup.told import Task, tasks
from tests.provisioner.house import Notes
from tests.terraform.aws import ROOT
from tests.terraform.machine import ANSIBLE, TOLD, FakeMachine, FakeSsm, is_there
from tests.terraform.stand import SHA, spec

HOST = Host("env.example.net", tilt_arguments={"demo": ("--only", "web", "--env=*")})
MACHINE = Instance("i-0123456789abcdef0", "10.20.1.7")
SERVICES = (Service("web", "./web"), Service("api", "./api"))


@pytest.fixture(autouse=True)
def _is_there(record_property: Callable[[str, object], None]) -> None:
    if not is_there():
        pytest.skip("Ansible is not installed beside the tests: tools/terraform.sh")
    record_property("told", TOLD)


class Archive:
    """A branch's code as a file that the machine can fetch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def offer(self, environment: str, source: Source) -> str:
        path = self._folder / f"{source.sha}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            about = tarfile.TarInfo("Tiltfile")
            archive.addfile(about, io.BytesIO())
        return path.as_uri()

    async def forget(self, environment: str) -> None:
        raise AssertionError("nothing is taken down here")


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "machine")


@pytest.fixture
def quick(tmp_path: Path) -> FakeMachine:
    """One on which Ansible only says that it was there: for what is not about the roles."""
    return FakeMachine(tmp_path / "machine", has_ansible=False)


def machines(tmp_path: Path, machine: FakeMachine, **more: int) -> tuple[Machines, FakeSsm]:
    ssm = FakeSsm({MACHINE.id: machine}, **more)
    return Machines(
        SsmShell(lambda: ssm, (0.0,)), Archive(tmp_path), HOST, lambda environment: "00ff", Ec2Power(lambda: None), look_s=3600
    ), ssm


async def test_everything_is_set_up_and_the_second_time_changes_nothing(tmp_path: Path, machine: FakeMachine) -> None:
    engine, ssm = machines(tmp_path, machine, not_yet=2)
    wanted, notes = spec(services=SERVICES, tilt_arguments=("--only", "web")), Notes()
    access = await engine.apply(MACHINE, wanted, notes)
    assert [each.url for each in access.addresses] == ["https://slug-env-1.env.example.net", "https://api--slug-env-1.env.example.net"]
    assert access.upstream == "http://10.20.1.7:80"
    of = [tasks_of(step) for step in STEPS]
    assert notes.counted == [(sum(of[:number]), sum(of[:4])) for number in range(4)] + [(0, of[4])]
    assert notes.doing == list(STEPS)
    for step, count in zip(STEPS, of, strict=True):
        assert len(machine.text(f"opt/trellis/told-{step}").splitlines()) == count, f"{step}: each task was done or skipped"
    assert [stage for _, stage in notes.heard] == [StageName.CONFIGURING] * 2 + [StageName.STARTING] * 2
    up = ["tilt", "up", "--host=127.0.0.1", "--port=10350", "--stream", "--", "--only", "web"]
    assert json.loads(machine.text("etc/trellis/tilt.json")) == up
    assert (machine.root / "srv/trellis/now/Tiltfile").exists()
    assert ["systemctl", "restart", "trellis-tilt"] in machine.heard
    assert [each[:3] for each in machine.heard if each[0] == "kind"] == [["kind", "get", "clusters"], ["kind", "create", "cluster"]]
    assert len(ssm.sent) == len(STEPS)

    before = len(machine.heard)
    files = given(HOST, wanted, await Archive(tmp_path).offer("env-1", wanted.source), "00ff")
    told = tasks(machine.run(command(",".join(STEPS), files, SHA)).stdout)
    assert {task.outcome for task in told} == {"ok", "skipped"}, told
    assert [each for each in machine.heard[before:] if {"restart", "create", "install"} & set(each)] == []

    newer, before = "b" * 40, len(machine.heard)
    source = Source("demo", "https://forge.example/demo.git", "refs/heads/main", newer)
    files = given(HOST, spec(services=SERVICES), await Archive(tmp_path).offer("env-1", source), "00ff")
    assert machine.run(command(",".join(STEPS), files, newer)).returncode == 0
    assert (machine.root / "srv/trellis/now").resolve().name == newer
    assert [each for each in machine.heard[before:] if "restart" in each] == [["systemctl", "restart", "trellis-tilt"]]


async def test_how_many_tasks_are_done_is_told_while_a_step_goes_on(tmp_path: Path, machine: FakeMachine) -> None:
    engine, _ = machines(tmp_path, machine)
    notes, held = Notes(), machine.hold("kind")
    applying = asyncio.create_task(replace(engine, look_s=0.05).apply(MACHINE, spec(services=SERVICES), notes))
    begins, of = tasks_of("docker"), sum(map(tasks_of, STEPS[:4]))
    async with asyncio.timeout(300):
        while not any(begins < done < begins + tasks_of("kind") for done, _ in notes.counted):
            await asyncio.sleep(0.01)
            assert not applying.done()
    held.unlink()
    await applying
    configuring = [done for done, each in notes.counted if each == of]
    assert configuring == sorted(configuring)


async def test_a_machine_that_does_not_say_how_far_it_is_is_set_up_all_the_same(tmp_path: Path, quick: FakeMachine) -> None:
    engine, ssm = machines(tmp_path, quick)
    notes = Notes()
    await replace(engine, look_s=0.0).apply(MACHINE, spec(services=SERVICES), notes)
    assert [stage for _, stage in notes.heard][-1] is StageName.STARTING
    assert len(ssm.sent) >= len(STEPS)


def published(folder: Path, name: str, *, is_archive: bool) -> Program:
    """A program as its project publishes it: alone, or in an archive with other things."""
    body = f"#!/bin/sh\necho {name}\n".encode()
    path = folder / (f"{name}.tar.gz" if is_archive else name)
    if is_archive:
        with tarfile.open(path, "w:gz") as archive:
            for member, content in (("README.md", b"read me"), (name, body)):
                about = tarfile.TarInfo(member)
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))
    else:
        path.write_bytes(body)
    return Program(path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest())


def test_pinned_programs_are_installed_on_a_bare_machine_checked_and_only_once(tmp_path: Path, machine: FakeMachine) -> None:
    pins = {name: published(tmp_path, name, is_archive=name != "kind") for name in ("kind", "tilt", "traefik")}
    wanted = command(",".join(BAKED), programs=pins)
    ran = machine.run(wanted)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in pins:
        said = subprocess.run([machine.root / "usr/local/bin" / name], capture_output=True, text=True, check=True)
        assert said.stdout == f"{name}\n"
    for each in tmp_path.glob("*.tar.gz"):
        each.unlink()  # nothing is fetched again
    assert {task.outcome for task in tasks(machine.run(wanted).stdout)} == {"ok", "skipped"}

    newer = published(tmp_path, "kind", is_archive=True)
    assert machine.run(command("kind", programs={**pins, "kind": newer})).returncode == 0
    assert newer.sha256[:16] in str((machine.root / "usr/local/bin/kind").readlink())


def test_a_program_that_is_not_what_was_pinned_is_not_installed(tmp_path: Path, machine: FakeMachine) -> None:
    real = published(tmp_path, "tilt", is_archive=True)
    ran = machine.run(command("tilt", programs={"tilt": Program(real.url, "0" * 64)}))
    [failed] = [each for each in tasks(ran.stdout) if each.outcome == "failed"]
    assert failed.name == "tilt: fetch it, and hold it against its SHA-256"
    assert "checksum" in failed.why
    assert not (machine.root / "usr/local/bin/tilt").exists()
    assert machine.run(command("tilt", programs={"tilt": real})).returncode == 0, "the next try is not in the way of what was left"


def test_a_program_that_is_neither_there_nor_pinned_is_asked_for_by_its_setting(machine: FakeMachine) -> None:
    machine.lack("tilt")
    [failed] = [each for each in tasks(machine.run(command("tilt")).stdout) if each.outcome == "failed"]
    assert "set TRELLIS_TERRAFORM__PROGRAMS__TILT__VERSION and __SHA256" in failed.why


async def test_a_task_that_fails_is_named_with_what_it_said(tmp_path: Path, machine: FakeMachine) -> None:
    machine.be_out_of_order("systemctl")
    engine, ssm = machines(tmp_path, machine)
    with pytest.raises(EngineFailed) as failed:
        await engine.apply(MACHINE, spec(services=SERVICES), Notes())
    assert (failed.value.stage, failed.value.code) == (StageName.CONFIGURING, "setup_failed")
    assert failed.value.reason.startswith("docker: run it: ")
    assert "it is out of order" in failed.value.reason
    assert len(ssm.sent) == 1, "nothing is done after it"


HOSTILE = ("; rm -rf /", "$(id)", "`id`", "a\nb", "a\0b", "--", "{{ lookup('pipe', 'id') }}", "--hud=true", "--file=/etc/passwd", "é" * 300)


@pytest.mark.parametrize("word", HOSTILE)
def test_words_that_the_project_does_not_let_through_go_nowhere(word: str) -> None:
    with pytest.raises(NotAllowed):
        words((word,), ("--only", "web", "--env=*"))
    with pytest.raises(NotAllowed):
        words(("web",), ())


async def test_words_that_are_let_through_stay_one_word_each_and_are_no_template(tmp_path: Path, machine: FakeMachine) -> None:
    hostile = ("--env=; touch /tmp/owned", "--env=$(id)", "--env={{ lookup('pipe', 'touch owned') }}", "--env='\"%i", "--env=a b")
    one = spec(services=SERVICES, tilt_arguments=hostile)
    files = given(HOST, one, await Archive(tmp_path).offer("env-1", one.source), "00ff")
    ran = machine.run(command("code,tilt", files, SHA))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(machine.text("etc/trellis/tilt.json"))[-len(hostile) :] == list(hostile)
    launcher = machine.root / "usr/local/bin/trellis-tilt"
    subprocess.run([sys.executable, str(launcher)], env={"PATH": str(machine.programs)}, check=True)
    assert machine.heard[-1] == ["tilt", "up", "--host=127.0.0.1", "--port=10350", "--stream", "--", *hostile]
    assert not list(machine.root.rglob("owned"))


async def test_a_fork_that_is_refused_words_is_told_so(tmp_path: Path, quick: FakeMachine) -> None:
    engine, ssm = machines(tmp_path, quick)
    with pytest.raises(EngineFailed) as failed:
        await engine.apply(MACHINE, spec(services=SERVICES, tilt_arguments=("--hud",)), Notes())
    assert (failed.value.code, failed.value.reason) == ("tilt_args", "this project lets no '--hud' through to tilt")
    assert ssm.sent == []


@pytest.mark.parametrize("status", ["TimedOut", "Cancelled", "Undeliverable"])
async def test_a_machine_that_does_not_come_to_an_end_is_tried_again(tmp_path: Path, quick: FakeMachine, status: str) -> None:
    engine, ssm = machines(tmp_path, quick)
    ssm.status = status
    with pytest.raises(EngineUnavailable, match=status):
        await engine.apply(MACHINE, spec(services=SERVICES), Notes())


async def test_who_is_not_wanted_any_more_stops_its_command(tmp_path: Path, quick: FakeMachine) -> None:
    engine, ssm = machines(tmp_path, quick)
    ssm.is_endless = True
    applying = asyncio.create_task(engine.apply(MACHINE, spec(services=SERVICES), Notes()))
    async with asyncio.timeout(60):
        while not ssm.sent:
            await asyncio.sleep(0.01)
    applying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await applying
    assert ssm.cancelled == ["command-0"]


async def test_a_command_that_says_nothing_did_nothing(tmp_path: Path, quick: FakeMachine) -> None:
    quick.python.write_text("#!/bin/sh\nexit 0\n")
    engine, _ = machines(tmp_path, quick)
    with pytest.raises(EngineUnavailable, match="it said nothing"):
        await engine.apply(MACHINE, spec(services=SERVICES), Notes())


def test_an_image_is_made_by_the_same_roles_without_any_environment(machine: FakeMachine) -> None:
    ran = machine.run(command(",".join(BAKED)))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {each.outcome for each in tasks(ran.stdout)} == {"ok", "changed", "skipped"}
    assert not (machine.root / "etc/trellis/tilt.json").exists()
    assert "trellis-tilt" not in str([each for each in machine.heard if "restart" in each])


def test_machines_set_themselves_up_with_what_the_lock_file_has() -> None:
    locked = (ROOT / "requirements-ansible.lock").read_text()
    assert [each for each in ANSIBLE_PINS if f"{each} \\\n" not in locked] == []
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["ansible"]
    assert tuple(extra) == ANSIBLE_PINS


async def test_a_disk_of_data_is_mounted_by_its_name_at_aws_and_found_again_without_a_change(tmp_path: Path, machine: FakeMachine) -> None:
    files, at = {FILE: "vol-0123456789abcdef0"}, machine.root / "dev/disk/by-id"
    told = tasks(machine.run(command(STEP, files)).stdout)
    assert {task.outcome for task in told} == {"changed"}, told
    assert [each[1:] for each in machine.heard] == [["daemon-reload"], ["enable", "trellis-data"], ["restart", "trellis-data"]]
    assert {task.outcome for task in tasks(machine.run(command(STEP, files)).stdout)} == {"ok", "skipped"}
    assert machine.heard[-1] == ["systemctl", "start", "trellis-data"]

    at.mkdir(parents=True)
    disk = at / "nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
    for place in (disk, disk.with_name(f"{disk.name}-part1")):
        place.touch()
        ran = machine.run(str(machine.root / "usr/local/bin/trellis-data"))
        assert ran.returncode == 0, ran.stderr
        assert machine.heard[-1] == ["mount", "-o", "nosuid,nodev", str(place), str(machine.root / "root/data")]

    machine.run(RELEASE)
    assert ["systemctl", "stop", "trellis-tilt", "trellis-data"] in machine.heard
    assert not (machine.root / "etc/trellis/data.volume").exists()
    machine.run(command(STEP, files))
    assert machine.heard[-1] == ["systemctl", "restart", "trellis-data"], "the next one is mounted, whatever its name"


def test_the_roles_are_ansible(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(ANSIBLE), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_CONFIG": "ansible.cfg", "LC_ALL": "C.UTF-8"}
    words = [sys.executable, str(ANSIBLE / "bin" / "ansible-playbook"), "--syntax-check", "-i", "localhost,", "site.yml"]
    ran = subprocess.run(words, cwd=ROLES, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_same_roles_are_the_same_bytes_and_fit_into_a_command() -> None:
    bundle.cache_clear()
    first = bundle()
    bundle.cache_clear()
    assert bundle() == first
    files = given(HOST, spec(services=SERVICES, tilt_arguments=("--env=" + "x" * 190,) * 40), "https://s3.example/" + "y" * 1500, "0" * 64)
    assert len(command("tilt", files, SHA)) < 64 * 1024


@pytest.mark.parametrize("wrong", [("tilt; id", ""), ("tilt", "main"), ("tilt", '$(id)"'), ("", SHA)])
def test_a_step_and_a_commit_are_nothing_else(wrong: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="no step"):
        command(wrong[0], {}, wrong[1])


def test_what_programs_print_is_no_task_of_ours() -> None:
    out = 'TRELLIS {"task": "a", "outcome": "ok"}\nTRELLIS nonsense\nTRELLIS []\nhello\nTRELLIS {"task": "b"}\n'
    assert tasks(out) == [Task("a", "ok")]
