"""How services on a machine are: asked there by a real shell, of a stand-in for its Traefik, seldom, and said to be not known else."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provisioner.engine import EngineUnavailable, Service, ServiceState, Source, Spec
from provisioner.setup.asking import Probe, command, states
from provisioner.setup.machines import Instance
from provisioner.terraform.looks import Looks
from provisioner.terraform.records import Made, Record, Records

PROBES = (
    Probe("web", "demo.env.example.net", "/health?deep=1"),
    Probe("api", "api--demo.env.example.net", "/'; $(id) \"TRELLIS"),
    Probe("gone", "gone--demo.env.example.net", "/"),
    Probe("consumer", "consumer--demo.env.example.net", None),
)
ANSWERS = {("demo.env.example.net", "/health?deep=1"): 204, ("gone--demo.env.example.net", "/"): 502}


class _Traefik(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(ANSWERS.get((str(self.headers["Host"]), self.path), 404))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: nobody reads it."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Traefik)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def ran(port: int) -> str:
    env = {"PATH": os.environ["PATH"], "TRELLIS_PORT": str(port), "TRELLIS_WITHIN": "300"}
    text = command(PROBES)
    return subprocess.run(["/bin/sh", "-c", text], env=env, capture_output=True, text=True, check=True, timeout=600).stdout


def seen(out: str) -> dict[str, bool | None]:
    return {each.name: each.is_healthy for each in states(PROBES, out) or ()}


def test_each_is_asked_by_its_own_name_and_path_whatever_is_in_it(port: int) -> None:
    assert seen(ran(port)) == {"web": True, "api": False, "gone": False, "consumer": None}


def test_where_nobody_listens_nothing_is_healthy() -> None:
    assert seen(ran(1)) == {"web": False, "api": False, "gone": False, "consumer": None}


@pytest.mark.parametrize("out", ["", "sh: python3: not found", "TRELLIS-HEALTH {", "TRELLIS-HEALTH []", "TRELLIS-HEALTH 7"])
def test_what_says_nothing_is_not_known(out: str) -> None:
    assert states(PROBES, out) is None


def test_what_a_machine_says_beside_is_no_health() -> None:
    assert seen('hello\nTRELLIS-HEALTH {"web": true, "api": "yes", "other": true}\n') == {
        "web": True,
        "api": None,
        "gone": None,
        "consumer": None,
    }


class Machine:
    """Stands for `Machines`: what it says, and how often it was asked."""

    def __init__(self) -> None:
        self.says: tuple[ServiceState, ...] | Exception | None = (ServiceState("web", True, None, None),)
        self.asked: list[str] = []

    async def look(self, machine: Instance, spec: Spec) -> tuple[ServiceState, ...] | None:
        self.asked.append(machine.id)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Stand:
    def __init__(self, folder: Path) -> None:
        self.now, self.machine, self.records = 1000.0, Machine(), Records(folder)
        self.looks = Looks(folder, self.records, self.machine, lambda: self.now)  # type: ignore[arg-type]
        source = Source("lab", "https://forge.example/lab.git", "refs/heads/demo", "a" * 40)
        self.spec = Spec("env-1", "demo", 1, source, (Service("web", "./web"),))
        self.save(1)

    def save(self, generation: int, *, is_stopped: bool = False) -> None:
        made = Made(generation, "a" * 40, "refs/heads/demo", {}, self.spec)
        self.records.save(Record("env-1", "demo", "lab", 0.0, made, made, machine=("i-1", "10.20.1.7"), is_stopped=is_stopped))

    def healthy(self, generation: int = 1) -> list[bool | None] | None:
        found = self.looks.known("env-1", generation)
        return None if found is None else [each.is_healthy for each in found]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


async def test_it_is_asked_once_a_minute_however_many_look(stand: Stand) -> None:
    assert stand.healthy() is None
    for _ in range(5):
        await stand.looks.look("env-1")
    assert (stand.healthy(), stand.machine.asked) == ([True], ["i-1"])
    stand.now += 61
    stand.machine.says = (ServiceState("web", False, None, None),)
    await stand.looks.look("env-1")
    assert (stand.healthy(), len(stand.machine.asked)) == ([False], 2)
    stand.now += 301
    assert stand.healthy() is None, "what was seen long ago says nothing"


async def test_a_machine_that_cannot_be_asked_is_not_known_and_not_asked_again_at_once(stand: Stand) -> None:
    stand.machine.says = EngineUnavailable("i-1 did not come to an end within 30 s")
    for _ in range(3):
        await stand.looks.look("env-1")
    assert (stand.healthy(), len(stand.machine.asked)) == (None, 1)


async def test_another_generation_is_looked_at_anew(stand: Stand) -> None:
    await stand.looks.look("env-1")
    stand.save(2)
    assert stand.healthy(2) is None
    await stand.looks.look("env-1")
    assert (stand.healthy(2), len(stand.machine.asked)) == ([True], 2)


async def test_what_is_stopped_or_gone_is_not_asked_and_leaves_nothing(stand: Stand, tmp_path: Path) -> None:
    stand.save(1, is_stopped=True)
    await stand.looks.look("env-1")
    await stand.looks.look("env-2")
    assert stand.machine.asked == []
    assert [each.name for each in tmp_path.iterdir()] == ["env-1"]
