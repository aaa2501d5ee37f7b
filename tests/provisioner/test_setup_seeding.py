"""The command that fills a machine with data, run by a real shell; systemd's programs are recorders that run what they are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from provisioner.engine import Dataset
from provisioner.setup.seeding import command, logs

_RUN = """#!/bin/sh
echo "$@" >> "$TRELLIS_ROOT/units"
while [ "$1" != timeout ]; do shift; done
"$@" > "$TRELLIS_ROOT/journal" 2>&1
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"systemd-run": _RUN, "systemctl": "#!/bin/sh\n", "journalctl": '#!/bin/sh\ncat "$TRELLIS_ROOT/journal"\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return tmp_path


def run(machine: Path, dataset: Dataset, number: int) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{machine / 'bin'}:{os.environ['PATH']}", "TRELLIS_ROOT": str(machine)}
    text = command(dataset, number, {"TRELLIS_SLUG": "demo-vn4gah"})
    return subprocess.run(["/bin/sh", "-c", text], env=env, capture_output=True, text=True, check=False, timeout=60)


def test_its_line_is_run_once_for_each_number_whatever_is_in_it(machine: Path) -> None:
    line = f"""echo "$TRELLIS_SLUG" 'UNIT; $(id)' GIVEN >> {machine}/told"""
    for number in (1, 1, 2):
        assert run(machine, Dataset("demo", line), number).returncode == 0
    assert (machine / "told").read_text() == "demo-vn4gah UNIT; $(id) GIVEN\n" * 2
    assert "--unit=trellis-seed --wait --collect" in (machine / "units").read_text()
    assert "$(id)" not in (machine / "units").read_text()


def test_one_that_fails_says_its_last_lines_and_may_be_tried_again(machine: Path) -> None:
    ran = run(machine, Dataset("demo", "echo no such table; exit 3"), 1)
    assert (ran.returncode, ran.stdout) == (3, "no such table\n")
    assert run(machine, Dataset("demo", "true"), 1).returncode == 0


def test_of_a_long_log_the_reason_is_at_the_end_and_there(machine: Path) -> None:
    """SSM answers the first 24,000 characters."""
    ran = run(
        machine, Dataset("demo", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo a long line $i; done; echo no such table; exit 3"), 1
    )
    assert (ran.returncode, ran.stdout[:24_000].splitlines()[-1]) == (3, "no such table")


def test_its_log_is_its_own_units() -> None:
    assert logs(50) == "journalctl --output cat --lines 50 _SYSTEMD_UNIT=trellis-seed.service"
