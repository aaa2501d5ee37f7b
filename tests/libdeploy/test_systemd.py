"""A program as a systemd unit. No systemd runs here: a recorder stands for `systemctl`, and `systemd-analyze` reads the unit where there is one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from libdeploy import DeployError
from libdeploy.host.systemd import unit
from libdeploy.target import to_json
from tests.libdeploy.wishes import Owner, Ran, target

SYSTEMCTL = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
case "$*" in
  *" $(cat "$here/fails")"*) echo "Failed to do so" >&2; exit 1;;
  *restart*) touch "$here/active";;
  *disable*) rm -f "$here/active";;
  *is-active*) test -e "$here/active" || exit 3;;
esac
"""
DEPLOY = """
import libdeploy as d
d.main(lambda target: [d.host.binary(target.config.text("name", "payments"), arguments=["--say", "$HOME 100%"], environment={"WORDS": 'a "b"'}, stop_within_s=7)])
"""


class House(Owner):
    def __init__(self, folder: Path, manager: str) -> None:
        programs = folder / "bin"
        programs.mkdir()
        (programs / "systemctl").write_text(SYSTEMCTL)
        (programs / "systemctl").chmod(0o755)
        (programs / "fails").write_text("nothing")
        given = {"LIBDEPLOY_ROOT": str(folder / "root"), "LIBDEPLOY_MANAGER": manager, "LIBDEPLOY_UNITS": str(folder / "units")}
        super().__init__(folder, {**given, "PATH": f"{programs}:{os.environ['PATH']}"})
        self.writes(DEPLOY)

    def deploys(self, text: str, **config: Any) -> Ran:
        file = self.folder / "program"
        file.write_text(text)
        self.aims(to_json(target("binary", hashlib.sha256(text.encode()).hexdigest(), **config)))
        return self.runs("--artifact", str(file))

    def asked(self) -> list[str]:
        lines = (self.folder / "bin/asked").read_text().splitlines()
        (self.folder / "bin/asked").unlink()
        return [line.replace("--no-ask-password ", "") for line in lines if "is-active" not in line and "show" not in line]

    def units(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "units").iterdir())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, "systemd")


NAME = "libdeploy.staging.payments.payments.service"


@pytest.mark.long
def test_it_is_a_unit_that_is_enabled_and_replaced_and_gone(house: House) -> None:
    first = house.deploys("one")
    assert (first.code, first.result["outcome"]) == (0, "applied"), first.words
    assert (house.asked(), house.units()) == (["daemon-reload", f"enable {NAME}", f"restart {NAME}"], [NAME])
    text = (house.folder / "units" / NAME).read_text()
    assert "TimeoutStopSec=7\n" in text
    assert "DynamicUser=yes\n" in text
    assert house.deploys("one").result["outcome"] == "unchanged"
    assert house.deploys("two").result["outcome"] == "applied"
    assert house.asked() == [f"disable --now {NAME}", "daemon-reload", "daemon-reload", f"enable {NAME}", f"restart {NAME}"]
    assert (house.folder / "units" / NAME).read_text() != text, "the release's folder is another one"
    house.deploys("two", name="other")
    assert house.units() == ["libdeploy.staging.payments.other.service"]


@pytest.mark.long
def test_one_that_systemd_does_not_run_is_sick(house: House) -> None:
    house.deploys("one")
    (house.folder / "bin/active").unlink()
    assert [each["fields"] for each in house.deploys("one").result["changes"]] == [["~running"]]
    (house.folder / "bin/fails").write_text("restart")
    failed = house.deploys("two")
    assert (failed.result["code"], failed.result["message"]) == ("cannot_start", f"systemctl restart {NAME} failed: Failed to do so.")


def test_a_users_units_are_the_users(tmp_path: Path) -> None:
    house = House(tmp_path, "systemd-user")
    assert house.deploys("one").result["outcome"] == "applied"
    assert house.asked()[0] == "--user daemon-reload"
    text = (house.folder / "units" / NAME).read_text()
    assert "User" not in text
    assert "WantedBy=default.target" in text


def test_the_text_is_always_the_same_and_nothing_in_it_is_taken_for_more(tmp_path: Path) -> None:
    folder = Path("/srv/libdeploy/staging/payments/web")
    environment = {"B": "100% $x", "A": 'a "b" \\ c\nUser=root'}
    argv = ["/srv/libdeploy/bin/web", "--a=${HOME}", "%n", 'x y"\n[Service]']
    text = unit(folder, argv, environment, folder / "files", 10, ["User=web"])
    assert text == unit(folder, argv, dict(reversed(environment.items())), folder / "files", 10, ["User=web"])
    assert text.splitlines()[6:13] == [
        "[Service]",
        'ExecStart="/srv/libdeploy/bin/web" "--a=$${HOME}" "%%n" "x y\\"\\n[Service]"',
        "WorkingDirectory=/srv/libdeploy/staging/payments/web/files",
        'Environment="A=a \\"b\\" \\\\ c\\nUser=root"',
        'Environment="B=100%% $x"',
        "StandardOutput=append:/srv/libdeploy/staging/payments/web/log",
        "StandardError=append:/srv/libdeploy/staging/payments/web/log",
    ]
    assert text.count("User=") == 2
    with pytest.raises(DeployError, match="a unit cannot hold this path"):
        unit(folder, ["/srv/$x"], {}, folder, 10, [])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_itself_understands_the_text(tmp_path: Path) -> None:
    file = tmp_path / NAME
    text = unit(
        Path("/srv/a/b/web"), [shutil.which("true") or "", "%n $x"], {"A": 'b "c" %'}, tmp_path, 10, ["DynamicUser=yes", "PrivateTmp=yes"]
    )
    file.write_text(text)
    ran = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=30, check=False)
    assert NAME not in ran.stderr, ran.stderr
    file.write_text(text.replace("RestartSec=1", "RestartSec=soon"))
    ran = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=30, check=False)
    assert NAME in ran.stderr
