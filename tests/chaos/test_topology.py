"""What compose.yaml describes, run without containers: two web parts and two workers on PostgreSQL and Redis, and its backup tried."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import embedded
from processes import free_port
from tests.chaos.crew import ROOT, Crew, until
from tests.chaos.repository import Repository
from tests.chaos.sight import Sight

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("leaves_no_child")]

PARTS = ("web-1", "web-2", "worker-1", "worker-2")


class Topology(Sight):
    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, free_port(), free_port())
        self.data.mkdir(mode=0o700)
        self.short = Path(tempfile.mkdtemp(prefix="trellis-several-"))
        self.ports = {"web-1": self.port, "web-2": free_port(), "worker-1": free_port(), "worker-2": free_port()}
        self.repository = Repository(folder / "lab.git")
        self.repository.commit("main", "main")
        self.repository.commit("demo", "hello from demo")
        self.env = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "TRELLIS_DATA_DIR": str(self.data),
            "TRELLIS_DATABASE_URL": database_url,
            "TRELLIS_REDIS_URL": f"unix://{self.short / 'redis.sock'}",
            "TRELLIS_PROXY_PORT": str(self.proxy_port),
            "TRELLIS_PROJECTS__LAB__FORGE": "local",
            "TRELLIS_PROJECTS__LAB__CLONE_URL": str(self.repository.folder),
            "TRELLIS_WORKER__RECONCILE_S": "0.5",
        }
        self.crew = Crew(folder, self.env)

    def runs(self, *words: str) -> None:
        """A command to its end."""
        subprocess.run(
            [sys.executable, "-m", "bot", *words], cwd=self.folder, env=self.env, check=True, timeout=120, stdout=subprocess.DEVNULL
        )

    def start(self, *names: str) -> None:
        for name in names:
            if name.startswith("web"):
                self.crew.keep(name, ["trellis", "serve"], TRELLIS_PORT=str(self.ports[name]))
            else:
                self.crew.keep(name, ["trellis", "work"], TRELLIS_METRICS__WORKER_PORT=str(self.ports[name]))
        for name in names:
            until(lambda name=name: self.ask("/healthz", port=self.ports[name])[0] == 200, 60, self.last_words)  # type: ignore[misc]

    def api(self, web: str, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[web], timeout=30)
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, self.headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status < 300, text
            return json.loads(text)
        finally:
            connection.close()

    @property
    def headers(self) -> dict[str, str]:
        token = (self.data / "console.token").read_text()
        return {"authorization": f"Bearer {token}", "trellis-as": "dana", "content-type": "application/json"}

    def does(self, text: str, *, at: str, seen_at: str) -> None:
        """Say it to one web part, and read at the other what became of it."""
        receipt = self.api(at, "POST", "/commands", {"text": text})
        until(lambda: self.api(seen_at, "GET", f"/commands/{receipt['id']}")["state"] == "done", 60, self.last_words)

    def numbers(self, web: str) -> dict[str, float]:
        families = text_string_to_metric_families(self.ask("/metrics", port=self.ports[web])[1])
        return {" ".join([each.name, *each.labels.values()]): each.value for family in families for each in family.samples}


class Stream:
    """Server-sent events of a web part, as they come."""

    def __init__(self, topology: Topology, web: str) -> None:
        self.text = ""
        self._connection = http.client.HTTPConnection("127.0.0.1", topology.ports[web], timeout=60)
        self._connection.request("GET", "/api/v1/events", headers=topology.headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self._answer.readline():
                self.text += line.decode()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return


@pytest.fixture
def topology(tmp_path: Path, postgres: str) -> Iterator[Topology]:
    made = Topology(tmp_path, postgres)
    with made.crew:
        made.crew.keep("redis", embedded.argv(made.short / "redis.sock", made.short))
        made.runs("migrate")
        yield made
        for name in (*PARTS, "keeper", "redis"):
            if made.crew.pid(name):
                made.crew.drop(name)
    shutil.rmtree(made.short, ignore_errors=True)


def _client(name: str) -> str:
    import pgserver

    return str(Path(pgserver.__file__).parent / "pginstall" / "bin" / name)


def test_any_web_part_and_any_worker_will_do_and_an_old_copy_costs_no_environment(topology: Topology, postgres: str) -> None:
    it = topology
    it.crew.keep("keeper", ["trellis", "keep"])
    it.start(*PARTS)
    for web in ("web-1", "web-2"):
        until(lambda web=web: it.ask("/readyz", port=it.ports[web])[0] == 200, 60, it.last_words)  # type: ignore[misc]
    it.runs("alive", "keep")
    copy = it.folder / "before.dump"
    subprocess.run([_client("pg_dump"), "--format=custom", f"--file={copy}", postgres], check=True)

    stream = Stream(it, "web-2")
    it.does("/ivy create demo --project lab", at="web-1", seen_at="web-2")
    [row] = it.api("web-2", "GET", "/environments")["environments"]
    assert (row["state"], it.answer(row["slug"])) == ("ready", (200, "hello from demo"))
    until(lambda: "event: ready" in stream.text, 60, lambda: stream.text)
    numbers = it.numbers("web-2")
    assert (numbers["trellis_environments ready"], numbers["trellis_workers"]) == (1, 2)

    before = it.observed()
    for name in PARTS:
        it.crew.drop(name)
    subprocess.run([_client("pg_restore"), "--clean", "--if-exists", f"--dbname={postgres}", str(copy)], check=True)
    it.start(*PARTS)
    until(lambda: [each["state"] for each in it.api("web-1", "GET", "/environments")["environments"]] == ["ready"], 60, it.last_words)
    after = it.observed()
    assert [each["services"][0]["pid"] for each in after.values()] == [each["services"][0]["pid"] for each in before.values()]
    assert it.answer(row["slug"]) == (200, "hello from demo")

    it.crew.drop("web-1")
    it.crew.drop("worker-1")
    it.does(f"/ivy terminate {row['slug']}", at="web-2", seen_at="web-2")
    assert it.api("web-2", "GET", "/environments")["environments"] == []
    assert it.observed() == {}
