"""A child ends when it is told to, when we end, and takes all its descendants along."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from processes import Bounds, CannotStart, Order, Sandbox, Supervised, bearers, environ, protection, start, sweep, tail
from processes.supervised import Backoff
from processes.tree import family
from tests.processes.conftest import eventually

ROOT = Path(__file__).parents[2]
DAEMON = "(setsid sh -c 'sleep 1000 & sleep 1000' &) ; "  # forks twice and leaves its session


def sh(line: str, mark: str, folder: Path, **more: object) -> Order:
    return Order(("/bin/sh", "-c", line), folder, environ(), log=folder / "log", mark=mark, **more)  # type: ignore[arg-type]


def outcome(exit_: object) -> tuple[object, ...]:
    return (exit_.code, exit_.signal, exit_.limit)  # type: ignore[attr-defined]


async def test_how_it_ended_and_what_it_said(mark: str, tmp_path: Path) -> None:
    child = await start(sh("echo out; echo err >&2; exit 3", mark, tmp_path))
    ended = await child.wait()
    assert outcome(ended) == (3, None, None)
    assert tail(tmp_path / "log", 10) == ("out", "err")
    assert ended.sentence() == f"exited with code 3 after {ended.seconds:.1f} s"
    assert outcome(await (await start(sh("kill -KILL $$", mark, tmp_path))).wait()) == (None, 9, None)


async def test_a_program_that_is_not_there_is_said(mark: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"^no-such-thing cannot be started: No such file or directory$"):
        await start(Order(("no-such-thing",), tmp_path, environ(), mark=mark))
    with pytest.raises(CannotStart, match="Permission denied"):
        await start(Order((str(tmp_path),), tmp_path, environ(), mark=mark))
    with pytest.raises(CannotStart, match="its folder is not there"):
        await start(Order(("true",), tmp_path / "nowhere", environ(), mark=mark))


@pytest.mark.parametrize(
    "order", [((), {}), (("",), {}), (("a\0b",), {}), (("a",), {"B=C": ""}), (("a",), {"": ""}), (("a",), {"B": "\0"})]
)
def test_an_order_that_is_none_is_refused(order: tuple[tuple[str, ...], dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="order"):
        Order(order[0], Path("/"), order[1])


async def test_words_are_never_expanded(mark: str, tmp_path: Path) -> None:
    words = ("$HOME", "`id`", "a b", "*", "; touch x", "", "ünï\udc80")
    child = await start(
        Order(
            (sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", *words), tmp_path, environ(), log=tmp_path / "log", mark=mark
        )
    )
    assert (await child.wait()).is_success
    assert tail(tmp_path / "log", 1) == (ascii(list(words)),)


async def test_only_what_is_listed_of_our_environment_gets_through(mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_GITHUB__TOKEN", "secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    child = await start(Order(("env",), tmp_path, environ({"MORE": "yes"}), log=tmp_path / "log", mark=mark))
    await child.wait()
    names = {line.partition("=")[0] for line in tail(tmp_path / "log", 50)}
    assert names <= {"PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "MORE", "TRELLIS_MARK"}
    assert {"PATH", "LANG", "MORE"} <= names


async def test_stopping_asks_first_then_forces(mark: str, tmp_path: Path) -> None:
    polite = await start(sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done", mark, tmp_path))
    await eventually(lambda: tail(tmp_path / "log", 1) == ("up",))
    assert outcome(await polite.stop(5)) == (0, None, None)
    assert tail(tmp_path / "log", 1) == ("bye",)

    stubborn = await start(sh(DAEMON + "trap '' TERM; echo deaf; while :; do sleep 0.05; done", mark, tmp_path))
    await eventually(lambda: tail(tmp_path / "log", 1) == ("deaf",))
    assert outcome(await stubborn.stop(0.2)) == (None, 9, None)
    assert bearers(mark) == []
    assert outcome(await stubborn.stop(0.2)) == (None, 9, None)


async def test_nothing_is_left_when_the_main_process_ends_by_itself(mark: str, tmp_path: Path) -> None:
    child = await start(sh(DAEMON + "exit 0", mark, tmp_path))
    assert outcome(await child.wait()) == (0, None, None)
    assert bearers(mark) == []


async def test_nothing_is_left_when_somebody_kills_the_warden(mark: str, tmp_path: Path) -> None:
    child = await start(sh(DAEMON + "sleep 1000", mark, tmp_path))
    await eventually(lambda: len(bearers(mark)) >= 4)
    warden = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(warden, signal.SIGKILL)
    assert outcome(await child.wait()) == (None, 9, None)
    assert bearers(mark) == []


async def test_wardens_are_made_again_when_somebody_kills_their_nursery(mark: str, tmp_path: Path) -> None:
    from processes import nursery

    first = await start(sh("sleep 1000", mark, tmp_path))
    assert nursery._one is not None
    os.kill(nursery._one.process.pid, signal.SIGKILL)
    nursery._one.process.wait(5)
    second = await start(sh("echo again", mark, tmp_path))
    assert (await second.wait()).is_success
    assert first.is_running
    await first.stop(0)


_PARENT = """
import asyncio, sys
from pathlib import Path
from processes import Order, environ, start, run
async def main():
    folder = Path(sys.argv[1])
    await start(Order(("/bin/sh", "-c", sys.argv[3]), folder, environ(), log=folder / "log", mark=sys.argv[2], orphan_grace_s=0.3))
    print("up", flush=True)
    await run(("/bin/sh", "-c", "sleep 1000"), cwd=folder, env=environ(), mark=sys.argv[2])
asyncio.run(main())
"""


@pytest.mark.parametrize("line", [DAEMON + "sleep 1000", DAEMON + "trap '' TERM; while :; do sleep 0.1; done"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_all_end_with_the_parent_however_it_ends(mark: str, tmp_path: Path, line: str, number: signal.Signals) -> None:
    argv = [sys.executable, "-c", _PARENT, str(tmp_path), mark, line]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as parent:
        assert parent.stdout is not None
        assert await asyncio.to_thread(parent.stdout.readline) == b"up\n"
        await eventually(lambda: len(bearers(mark)) >= 5)
        parent.send_signal(number)
        await asyncio.to_thread(parent.wait, 10)
    await eventually(lambda: bearers(mark) == [], within_s=5)


_LATE = """
import asyncio, os, socket, sys
from pathlib import Path
from processes import Order, environ, nursery
from processes.child import _wire
ours, theirs = socket.socketpair()
null = os.open(os.devnull, os.O_RDWR)
nursery.hand_over([theirs.fileno(), null, null, null], sys.argv[2])
print("handed over", flush=True)
sys.stdin.readline()
ours.sendall(_wire(Order(("touch", sys.argv[1] + "/started"), Path(sys.argv[1]), environ(), mark=sys.argv[2]), sys.argv[2], "late"))
print("told", flush=True)
sys.stdin.readline()
"""


async def test_a_child_that_is_just_being_started_when_its_parent_dies_is_swept_too(mark: str, tmp_path: Path) -> None:
    argv, given = [sys.executable, "-c", _LATE, str(tmp_path), mark], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=given) as parent:
        assert parent.stdin
        assert parent.stdout
        assert await asyncio.to_thread(parent.stdout.readline) == b"handed over\n"
        await eventually(lambda: len(family(parent.pid)) == 3)  # it, its nursery, the warden
        _, *slow = family(parent.pid)
        for pid in slow:
            os.kill(pid, signal.SIGSTOP)
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        assert await asyncio.to_thread(parent.stdout.readline) == b"told\n"
        parent.kill()
    assert await sweep(mark) == 2
    await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in slow))
    assert list(tmp_path.iterdir()) == []


async def test_a_chatty_child_cannot_fill_the_disk(mark: str, tmp_path: Path) -> None:
    cap = 100_000
    child = await start(sh("yes 'a line of some length' | head -c 3000000; echo; echo the end", mark, tmp_path, log_cap=cap))
    assert (await child.wait()).is_success
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]
    assert all(path.stat().st_size <= cap for path in tmp_path.iterdir())
    assert tail(tmp_path / "log", 3)[::2] == ("a line of some length", "the end")


def test_the_end_of_a_log_is_readable_whatever_is_in_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log, 5) == ()
    log.write_bytes(b"")
    assert tail(log, 5) == ()
    log.write_bytes(b"\xff\xfe\r\nlast" + b"x" * 10_000)
    assert tail(log, 1) == ("last" + "x" * 4092,)
    assert tail(log, 5)[0] == "\ufffd\ufffd"
    (tmp_path / "log.1").write_bytes(b"older\n")
    assert tail(log, 5)[0] == "older"
    assert tail(log, 0) == ()


async def test_a_bound_on_memory_holds(mark: str, tmp_path: Path) -> None:
    if "cgroup" not in (await protection()).memory_by:
        pytest.skip("this machine lets us make no control groups")
    bounds = Bounds(memory_mb=64, processes=50)
    order = Order((sys.executable, "-c", "bytearray(200 << 20)"), tmp_path, environ(), log=tmp_path / "log", mark=mark, bounds=bounds)
    ended = await (await start(order)).wait()
    assert ended.limit == "memory"
    assert ended.sentence(bounds) == f"was stopped after {ended.seconds:.1f} s: it used more than its 64 MB of memory"


async def test_a_bound_on_processes_holds(mark: str, tmp_path: Path) -> None:
    if "cgroup" not in (await protection()).processes_by:
        pytest.skip("this machine lets us make no control groups")
    bounds = Bounds(processes=20)
    child = await start(sh("for i in $(seq 100); do sleep 1000 & done; wait", mark, tmp_path, bounds=bounds))
    ended = await child.wait()
    assert ended.limit == "processes"
    assert ended.sentence(bounds) == f"was stopped after {ended.seconds:.1f} s: it ran into its limit of 20 processes"


_WATCHED = """
import asyncio, sys
from pathlib import Path
from processes import Bounds, Order, environ, protection, start
async def main():
    folder = Path(sys.argv[1])
    for line in ("x = bytearray(200 << 20); import time; time.sleep(60)", "import os, time\\nfor _ in range(5): os.fork()\\ntime.sleep(60)"):
        order = Order((sys.executable, "-c", line), folder, environ(), log=folder / "log", mark=sys.argv[2], bounds=Bounds(100, 20))
        print((await (await start(order)).wait()).limit, (await protection()).memory_by, flush=True)
asyncio.run(main())
"""


async def test_without_control_groups_the_warden_watches(mark: str, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TRELLIS_CGROUPS": "off"}
    child = await start(Order((sys.executable, "-c", _WATCHED, str(tmp_path), mark), tmp_path, env, log=tmp_path / "said", mark=mark))
    assert (await asyncio.wait_for(child.wait(), 60)).is_success
    assert tail(tmp_path / "said", 2) == ("memory watch (looked at once a second)", "processes watch (looked at once a second)")


async def test_a_sandbox_hides_and_protects(mark: str, tmp_path: Path) -> None:
    if not (await protection()).sandbox:
        pytest.skip("bubblewrap is not installed or may not work here")
    for name in ("work", "tmp", "hidden/shown", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "hidden" / "secret").write_text("secret")
    (tmp_path / "hidden" / "shown" / "tool").write_text("tool")
    lines = (
        "cat ../hidden/secret; cat ../hidden/shown/tool; echo; touch mine /tmp/mine; touch ../elsewhere/x; ls /proc | grep -c '^[0-9]'; echo $SECRET; "
        "tr '\\0' ' ' < /proc/1/cmdline | grep -c $SECRET; exit 5"
    )
    box = Sandbox((tmp_path / "work",), tmp_path / "tmp", (tmp_path / "hidden",), (tmp_path / "hidden" / "shown",))
    order = Order(("/bin/sh", "-c", lines), tmp_path / "work", environ({"SECRET": "hush"}), log=tmp_path / "log", sandbox=box, mark=mark)
    child = await start(order)
    assert outcome(await child.wait()) == (5, None, None)
    said = tail(tmp_path / "log", 20)
    assert "secret" not in said
    assert "tool" in said
    assert "hush" in said
    assert said[-1] == "0"
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["mine"]
    assert (tmp_path / "tmp" / "mine").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    polite = await start(Order(("/bin/sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"), tmp_path / "work", environ(), log=tmp_path / "log", sandbox=box, mark=mark))  # fmt: skip
    await eventually(lambda: tail(tmp_path / "log", 1) == ("up",))
    assert outcome(await polite.stop(5)) == (0, None, None)
    assert tail(tmp_path / "log", 1) == ("bye",)


async def test_the_supervised_is_started_again_later_each_time(mark: str, tmp_path: Path) -> None:
    ends: list[object] = []

    async def ended(exit_: object) -> None:
        ends.append(outcome(exit_))

    one = Supervised(sh("date +%s.%N; exit 1", mark, tmp_path), on_exit=ended, backoff=Backoff(first_s=0.05, most_s=0.4))
    await one.start()
    await eventually(lambda: one.restarts >= 4)
    await one.stop()
    count = len(ends)
    times = [float(line) for line in tail(tmp_path / "log", 50)]
    gaps = [late - early for early, late in pairwise(times)]
    assert ends == [(1, None, None)] * count
    assert count >= 4
    assert all(gap >= least for gap, least in zip(gaps, (0.05, 0.1, 0.2, 0.4), strict=False))
    assert not one.is_running
    assert len(tail(tmp_path / "log", 50)) == len(times)


async def test_the_supervised_stops_and_restarts_when_told(mark: str, tmp_path: Path) -> None:
    ends: list[object] = []

    async def ended(exit_: object) -> None:
        ends.append(exit_)

    one = Supervised(sh("sleep 1000", mark, tmp_path), on_exit=ended)
    await one.start()
    first = one.pid
    await one.restart(0.5)
    assert one.pid not in (None, first)
    await one.stop(0.5)
    assert one.pid is None
    assert not ends
    with pytest.raises(CannotStart):
        await Supervised(Order(("no-such-thing",), tmp_path, environ(), mark=mark)).start()


async def test_stopping_at_any_moment_of_its_start_leaves_nothing(mark: str, tmp_path: Path) -> None:
    turn, was_up = 0, False
    while not was_up:  # one turn of the event loop further each time; the world outside has answered before each
        one = Supervised(sh("sleep 1000", mark, tmp_path))
        one.keep()
        for _ in range(turn):
            time.sleep(0.008)
            await asyncio.sleep(0)
        was_up = one.child is not None
        async with asyncio.timeout(60):
            await one.stop(0.0)
        assert not one.is_running
        turn += 1
    assert turn > 5
    await eventually(lambda: bearers(mark) == [])


async def test_a_sweep_ends_all_that_bear_the_mark(mark: str, tmp_path: Path) -> None:
    def sleeper(of: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "1000"], env={**environ(), "TRELLIS_MARK": of})

    with sleeper(f"{mark}/1.2") as marked, sleeper(f"{mark}0") as other:
        assert await sweep(mark) == 1
        assert marked.wait(5) == -9
        assert other.poll() is None
        other.kill()
