"""The embedded server is found and keeps to its socket; the shared fixtures do what they promise."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from bot import embedded
from tests import servers

pytest_plugins = ["pytester"]


def test_the_server_listens_on_its_socket_alone() -> None:
    with servers.redis_server() as path:
        folder = path.parent
        assert servers.ask(path, "SET key value") == "+OK"
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        process = next(child for child in psutil.Process().children() if str(path) in " ".join(child.cmdline()))
        assert [connection for connection in process.net_connections("inet") if connection.status == "LISTEN"] == []
    assert not process.is_running()
    assert not folder.exists()


def test_it_writes_no_file_when_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with subprocess.Popen(embedded.argv(path, tmp_path)) as child:
        servers.wait_until_it_answers(path, child)
        assert servers.ask(path, "SET key value") == "+OK"
        child.terminate()
    assert list(tmp_path.iterdir()) == []


async def test_each_test_gets_a_server_that_holds_nothing(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.dbsize() == 0
        await redis.set("left", "over")


async def test_even_after_another_test(redis_url: str) -> None:
    await test_each_test_gets_a_server_that_holds_nothing(redis_url)


def test_an_odd_folder_is_data(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" --port 1\\n'
    words = embedded.argv(folder / "s", folder)
    assert words[1:] == [
        *("--port", "0", "--unixsocket", str(folder / "s"), "--unixsocketperm", "700", "--dir", str(folder), "--save", ""),
        *("--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning"),
    ]


def test_a_socket_path_beyond_the_systems_limit_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        embedded.NoServer, match=r"^the path of the Redis socket is too long \(/.*\): set TRELLIS_DATA_DIR to a shorter one$"
    ):
        embedded.argv(tmp_path / ("x" * 100) / "redis.sock", tmp_path)


def _found(path: str, *, with_wheel: bool) -> str:
    """What a fresh interpreter finds, with or without site-packages in sight."""
    code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom bot import embedded\ntry: print(embedded.server())\nexcept embedded.NoServer as no: print(no)"
    python = [sys.executable, *([] if with_wheel else ["-S"])]
    project = str(Path(__file__).parents[1])
    return subprocess.run([*python, "-c", code, project], env={"PATH": path}, capture_output=True, text=True, check=True).stdout.strip()


def test_the_wheels_binary_goes_first_then_path_then_one_line(tmp_path: Path) -> None:
    assert os.access(_found("", with_wheel=True), os.X_OK)
    assert _found(str(tmp_path), with_wheel=False) == (
        "no Redis server here: install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)"
    )
    (tmp_path / "redis-server").write_text("#!/bin/sh\n")
    (tmp_path / "redis-server").chmod(0o755)
    assert _found(str(tmp_path), with_wheel=False) == str(tmp_path / "redis-server")


def test_a_child_left_over_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import tests.children\nfrom tests.children import leaves_no_child\ntests.children.GRACE_S = 0.2")
    pytester.makepyfile("""
        import subprocess, sys
        WAIT = [sys.executable, "-c", "import time; time.sleep(60)"]
        def test_leaves_a_child(leaves_no_child):
            subprocess.Popen(WAIT)
        def test_leaves_a_process_that_is_no_child(leaves_no_child, tmp_path):
            code = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
            subprocess.run([sys.executable, "-c", code, *WAIT], cwd=tmp_path)
        def test_ends_what_it_began(leaves_no_child):
            child = subprocess.Popen(WAIT)
            child.kill()
            child.wait()
    """)
    pytester.syspathinsert(Path(__file__).parents[1])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3, errors=2)
