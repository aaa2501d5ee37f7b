"""Short commands: their output, their limits, and nothing left of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from processes import CannotStart, Ran, TimedOut, bearers, environ, run
from processes.bounds import Hierarchies, find
from processes.order import Bounds
from tests.processes.conftest import eventually

ROOT = Path(__file__).parents[2]


async def test_output_and_code(mark: str, tmp_path: Path) -> None:
    assert await run(("/bin/sh", "-c", "echo out; echo err >&2; exit 2"), cwd=tmp_path, env=environ(), mark=mark) == Ran(
        2, b"out\n", b"err\n"
    )
    assert await run(("cat",), cwd=tmp_path, env=environ(), mark=mark) == Ran(0, b"", b"")
    assert (await run(("/bin/sh", "-c", "kill -TERM $$"), cwd=tmp_path, env=environ(), mark=mark)).code == -15


async def test_more_output_than_is_kept_is_dropped(mark: str, tmp_path: Path) -> None:
    ran = await run(("/bin/sh", "-c", "yes | head -c 5000000"), cwd=tmp_path, env=environ(), cap=1000, mark=mark)
    assert ran == Ran(0, (b"y\n" * 500), b"", is_cut=True)


async def test_the_timeout_ends_all_of_it(mark: str, tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match=r"^/bin/sh did not end within 0.2 s$"):
        await run(
            ("/bin/sh", "-c", "(setsid sleep 1000 &); trap '' TERM; sleep 1000; sleep 1000"),
            cwd=tmp_path,
            env=environ(),
            timeout_s=0.2,
            mark=mark,
        )
    assert bearers(mark) == []


async def test_being_cancelled_ends_all_of_it(mark: str, tmp_path: Path) -> None:
    task = asyncio.create_task(run(("/bin/sh", "-c", "(setsid sleep 1000 &); sleep 1000"), cwd=tmp_path, env=environ(), mark=mark))
    await eventually(lambda: len(bearers(mark)) >= 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: bearers(mark) == [])


async def test_many_at_once(mark: str, tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    rans = await asyncio.gather(*(run(("echo", str(number)), cwd=tmp_path, env=environ(), mark=mark) for number in range(40)))
    assert [ran.out for ran in rans] == [f"{number}\n".encode() for number in range(40)]
    await eventually(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 1)  # the nursery's


async def test_a_missing_program(mark: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart):
        await run(("no-such-thing",), cwd=tmp_path, env=environ(), mark=mark)


def killed(tmp_path: Path, **env: str) -> int:
    line = "from processes.killpoint import killpoint; killpoint('a.b'); killpoint('c.d'); print('alive')"
    return subprocess.run(
        [sys.executable, "-c", line], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, check=False
    ).returncode


def test_a_kill_point_kills_when_it_is_armed_and_only_once(tmp_path: Path) -> None:
    assert killed(tmp_path) == 0
    assert killed(tmp_path, TRELLIS_KILL_AT="x.y") == 0
    assert killed(tmp_path, TRELLIS_KILL_AT="a.b") == killed(tmp_path, TRELLIS_KILL_AT="a.b") == -9
    once = {"TRELLIS_KILL_AT": "a.b,c.d", "TRELLIS_KILL_ONCE": str(tmp_path)}
    assert [killed(tmp_path, **once) for _ in range(3)] == [-9, -9, 0]


def test_a_child_gets_groups_of_version_two_where_they_are_handed_down() -> None:
    plan = Hierarchies(2, Path("/g/trellis"), Path("/g/trellis")).plan(Bounds(64, 20), "child")
    assert plan == [
        {
            "dir": "/g/trellis/child",
            "limits": [("memory.max", 64 << 20), ("memory.swap.max", 0), ("pids.max", 20)],
            "events": [("memory", "memory.events", "oom_kill"), ("processes", "pids.events", "max")],
            "can_kill": True,
        }
    ]
    assert Hierarchies(1, None, Path("/p/trellis")).watch(Bounds(64, 20)) == {"memory": 64 << 20}
    assert Hierarchies(0, None, None).plan(Bounds(64, 20), "child") == []


def test_groups_that_are_none_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory pids")
    (tmp_path / "user").mkdir()
    assert find("0::/user\n", tmp_path) == Hierarchies(0, None, None)
    assert find("", tmp_path) == Hierarchies(0, None, None)
