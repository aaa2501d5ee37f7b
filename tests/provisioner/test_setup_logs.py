"""Logs of a machine through SSM, which answers the first 24,000 characters: what is newest is there, in whole lines."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from provisioner.engine import LogLine
from provisioner.setup.ending import ROOM
from provisioner.setup.hosts import Hosts
from provisioner.setup.machines import Instance, Machines
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from tests.terraform.aws import ROOT
from tests.terraform.machine import FakeMachine, FakeSsm

MACHINE = Instance("i-1", "10.20.1.7")
SERVICES = ROOT / "provisioner/setup/ansible/roles/services/files/services.py"
# Every line of every unit is as long as that: a thousand of them are far more than SSM answers.
_JOURNAL = """#!/bin/sh
lines=5
while [ $# -gt 0 ]; do
  case "$1" in --lines) lines=$2;; --unit) unit=$2;; _SYSTEMD_UNIT=*) unit=${{1#*=}};; esac
  shift
done
i=$((1000 - lines))
while [ $i -lt 1000 ]; do i=$((i + 1)); echo "$unit line $i {rest}"; done
"""


def a_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    one = FakeMachine(tmp_path, has_ansible=False)
    a_program(one.programs / "journalctl", _JOURNAL.format(rest="ü" * 40))
    return one


def machines(machine: FakeMachine, kind: type[Machines] = Machines) -> Machines:
    ssm = FakeSsm({MACHINE.id: machine})
    return kind(SsmShell(lambda: ssm, (0.0,)), None, Host("example.com"), lambda _: "", Ec2Power(lambda: None))  # type: ignore[arg-type]


def numbers(lines: tuple[LogLine, ...]) -> list[int]:
    return [int(each.text.split()[2]) for each in lines]


@pytest.mark.parametrize("service", [None, "seed"])
async def test_of_many_lines_the_newest_are_shown(machine: FakeMachine, service: str | None) -> None:
    found = await machines(machine).logs(MACHINE, service, 1000)
    assert numbers(found) == list(range(1001 - len(found), 1001))
    assert {each.text.count("ü") for each in found} == {40}, "whole lines"
    assert ROOM - 200 < sum(len(each.text.encode()) + 1 for each in found) <= ROOM


async def test_of_few_lines_all_are_shown(machine: FakeMachine) -> None:
    assert numbers(await machines(machine).logs(MACHINE, None, 20)) == list(range(981, 1001))


async def test_one_line_that_is_longer_than_the_room_is_shown_by_its_end(machine: FakeMachine) -> None:
    a_program(machine.programs / "journalctl", f"#!/bin/sh\nhead -c {2 * ROOM} /dev/zero | tr '\\0' x; echo the end\n")
    (found,) = await machines(machine).logs(MACHINE, None, 5)
    assert found.text.endswith("xthe end")


async def test_the_set_ups_last_tasks_are_shown(machine: FakeMachine) -> None:
    told = machine.root / "opt/trellis/told-tilt"
    told.write_text("".join(f"TRELLIS {json.dumps({'task': f'task {each}', 'outcome': 'ok'})}\n" for each in range(2000)))
    found = await machines(machine).logs(MACHINE, "setup", 3)
    assert [each.text for each in found] == ["ok       task 1997", "ok       task 1998", "ok       task 1999"]


async def test_each_service_of_a_host_has_its_share_of_the_room(machine: FakeMachine) -> None:
    services = {"services": [{"name": "strategy"}, {"name": "orders"}]}
    for path, text in (("etc/trellis/services.json", json.dumps(services)), ("usr/local/bin/trellis-services", _host_program())):
        a_program(machine.root / path, text)
    found = await machines(machine, Hosts).logs(MACHINE, None, 2000)
    for name in ("strategy", "orders"):
        own = tuple(each for each in found if each.service == name)
        assert numbers(own) == list(range(1001 - len(own), 1001))
        assert len(own) > 80
        assert {each.text.count("ü") for each in own} == {40}


def _host_program() -> str:
    return f'#!/bin/sh\nexec {sys.executable} {os.fspath(SERVICES)} "$@"\n'
