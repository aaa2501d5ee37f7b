"""`trellis up` keeps its parts running whatever becomes of them, and takes all of them along whatever becomes of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.chaos.crew import until
from tests.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("leaves_no_child")]


@dataclass
class Up:
    running: Running
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.running.folder / "up.log").read_text()

    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def part(self, name: str) -> psutil.Process | None:
        """The process of redis, keep, work or serve; None while there is none."""
        for process in self.below():
            try:
                is_it = process.cmdline()[-3:] == ["-m", "bot", name] or (
                    name == "redis" and process.name() in {"valkey-server", "redis-server"}
                )
            except psutil.Error:
                continue
            if is_it:
                return process
        return None

    def kill(self, name: str) -> None:
        """SIGKILL; returns when there is another."""
        old = self.part(name)
        assert old is not None
        old.kill()
        until(lambda: (new := self.part(name)) is not None and new.pid != old.pid, 20, lambda: f"{name} is not started again\n{self.log}")

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
        """Of the web part, as the console; status 0 when nobody answers."""
        token = (self.running.folder / ".trellis" / "console.token").read_text().strip()
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=30)
        try:
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.ask("GET", "/readyz")[0] == 200

    def says(self, line: str) -> dict[str, Any]:
        status, said = self.ask("POST", "/console/say", {"text": line, "person": "dana"})
        assert status == 202
        found: dict[str, Any] = said
        return found

    def until_settled(self, said: dict[str, Any]) -> list[str]:
        """What became of its commands."""
        path = f"/console/heard?thread={said['thread']}&key={said['key']}&after=1000000&wait_s=1"
        heard: dict[str, Any] = {}

        def is_settled() -> bool:
            nonlocal heard
            status, answer = self.ask("GET", path)
            heard = answer if status == 200 else {}
            return bool(heard.get("is_settled"))

        until(is_settled, 60, lambda: f"{said} is not done: {heard}\n{self.log}")
        return list(heard["states"])

    def address(self) -> int:
        """What the demo's address answers."""
        [slug] = {path.name for path in (self.running.folder / ".trellis" / "keeper" / "proxy" / "hosts").glob("demo-*")} or {"demo-none"}
        connection = http.client.HTTPConnection("127.0.0.1", self.running.proxy_port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": f"{slug}.localhost"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@contextmanager
def up(folder: Path) -> Iterator[Up]:
    (folder / "home").mkdir(exist_ok=True)
    running = Running(folder, more={"TRELLIS_WORKER__LEASE_S": "1", "TRELLIS_WORKER__SWEEP_S": "0.2"})
    with (folder / "up.log").open("wb") as out:
        argv = [sys.executable, "-m", "bot", "up"]
        process = subprocess.Popen(argv, cwd=folder, env=running.environ, stdout=out, stderr=out, start_new_session=True)
    one = Up(running, process)
    try:
        until(lambda: "Trellis runs" in one.log or process.poll() is not None, 60, lambda: one.log)
        assert process.poll() is None, one.log
        yield one
    finally:
        process.kill()
        process.wait()


def ended(processes: list[psutil.Process], within_s: float) -> None:
    """One that waits for whoever takes over from its parent to bury it has ended, too."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    assert [words for process in alive if (words := _line(process))] == []


def _line(process: psutil.Process) -> str:
    """The command line; "" where it has ended by now."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def test_it_keeps_its_parts_and_dies_with_all_of_them(tmp_path: Path) -> None:
    with up(tmp_path) as product:
        said = product.says("/ivy create demo")
        for name in ("work", "redis", "keep"):
            product.kill(name)
        assert product.until_settled(said) == ["done"]
        asked = product.says("/ivy extend")
        product.kill("serve")
        until(product.is_ready, 30, lambda: product.log)
        assert product.until_settled(asked) == ["done"]
        assert [line.split(" was killed by ")[0] for line in product.log.splitlines() if " was killed by SIGKILL " in line] == [
            "worker",
            "redis",
            "keeper",
            "web",
        ]
        until(lambda: product.address() == 200, 10, "its address does not answer")
        everybody = product.below()
        product.process.kill()
        ended(everybody, 8)
    with up(tmp_path) as product:
        until(lambda: product.address() == 200, 20, "what ran does not run again")
        assert product.until_settled(product.says("/ivy terminate")) == ["done"]
        everybody = product.below()
        product.process.send_signal(signal.SIGTERM)
        assert product.process.wait(20) == 0
        ended(everybody, 1)


def test_control_c_stops_all_of_it(tmp_path: Path) -> None:
    with up(tmp_path) as product:
        assert product.until_settled(product.says("/ivy create demo")) == ["done"]
        everybody = product.below()
        os.killpg(product.process.pid, signal.SIGINT)
        assert product.process.wait(20) == 0
        ended(everybody, 1)
