"""The whole product in processes of its own, with real git, a real keeper and proxy, and a stand-in of GitHub: say, push, kill, settle."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bot import embedded
from bot.store.database import Database
from bot.store.migrate import migrate
from processes import free_port
from tests import servers
from tests.chaos import evidence
from tests.chaos.crew import ROOT, Crew, until
from tests.chaos.repository import BUILD, Repository
from tests.chaos.sight import Sight
from tests.fakes.github import FakeGitHub
from tests.recorded import History, Saying, Standing

if TYPE_CHECKING:
    from tests.fakes.forge import Delivery, Project, Request, User

_MIGRATING = threading.Lock()  # Alembic keeps its context in a global
_PASSED = ("PATH", "LANG", "SSL_CERT_FILE")


class Site(Sight):
    """Use it as a context. `workers` are named worker-1, worker-2 …; the others are redis, keeper and web."""

    def __init__(self, folder: Path, *, workers: int = 1, lease_s: float = 1.0) -> None:
        super().__init__(folder, free_port(), free_port())
        self.data.mkdir()
        self._short = Path(tempfile.mkdtemp(prefix="trellis-chaos-"))  # a socket's path must be short
        self._redis = self._short / "redis.sock"
        self._workers = [f"worker-{number + 1}" for number in range(workers)]
        self._lease_s = lease_s
        self.repository = Repository(folder / "shop.git")
        self.repository.commit("main", "main")
        self.github = FakeGitHub()
        self.github._description = None  # judged elsewhere, and not free
        self.project: Project = self.github.project("acme/shop", id=42)
        self.dana: User = self.github.user("dana", id=7, right="write")
        self.requests: dict[str, Request] = {}
        self.sayings: list[Saying] = []
        self.standing: list[Standing] = []
        self.fences = evidence.FenceWatch(self)
        self._last: Delivery | None = None

    # -- its life --------------------------------------------------------------------------------------

    @property
    def parts(self) -> list[str]:
        return ["redis", "keeper", "web", *self._workers]

    def __enter__(self) -> Self:
        self.github.start()
        self.crew = Crew(self.folder, self._environ())
        try:
            with _MIGRATING:
                asyncio.run(self._migrate())
            self.fences.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.fences.stop()
        self.crew.__exit__()
        self.github.stop()
        shutil.rmtree(self._short, ignore_errors=True)

    async def _migrate(self) -> None:
        database = Database(f"sqlite+aiosqlite:///{self.data / 'trellis.db'}")
        await migrate(database)
        await database.close()

    def start(self, **env: dict[str, str]) -> None:
        """Have all parts run; `env` is more for the part of that name, `worker` for all workers."""
        self.crew.keep("redis", embedded.argv(self._redis, self._short))
        self.crew.keep("keeper", ["trellis", "keep"], **env.get("keeper", {}))
        self.crew.keep("web", ["trellis", "serve"], **env.get("web", {}))
        for name in self._workers:
            self.crew.keep(name, ["trellis", "work"], **env.get("worker", env.get(name, {})))
        until(self.is_ready, 30, lambda: f"it does not come up: {self.ask('/readyz')}\n{self.last_words()}")

    def _environ(self) -> dict[str, str]:
        project = "TRELLIS_PROJECTS__SHOP__"
        return {
            **{name: os.environ[name] for name in _PASSED if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "TRELLIS_DATA_DIR": str(self.data),
            "TRELLIS_REDIS_URL": f"unix://{self._redis}",
            "TRELLIS_PORT": str(self.port),
            "TRELLIS_PROXY_PORT": str(self.proxy_port),
            "TRELLIS_GITHUB__API_URL": self.github.url,
            "TRELLIS_GITHUB__TOKEN": self.github.token,
            "TRELLIS_GITHUB__WEBHOOK_SECRET": self.github.secret,
            f"{project}FORGE": "github",
            f"{project}ID": "42",
            f"{project}PATH": "acme/shop",
            f"{project}CLONE_URL": str(self.repository.folder),
            "TRELLIS_WORKER__LEASE_S": str(self._lease_s),
            "TRELLIS_WORKER__SWEEP_S": "0.1",
            "TRELLIS_LIMITS__REPLIES_PER_HOUR": "0",
            "TRELLIS_LIMITS__PER_PERSON": "0",
            "TRELLIS_WORKER__RECONCILE_S": "0.5",
        }

    def flush(self) -> None:
        """Redis forgets everything."""
        with contextlib.suppress(OSError):  # it is just being started again, and holds nothing
            servers.ask(self._redis, "FLUSHALL")

    # -- what people do --------------------------------------------------------------------------------

    def branch(self, name: str, build: str = BUILD) -> None:
        """A branch with a pull request."""
        sha = self.repository.commit(name, f"{name} 1", build)
        number = len(self.requests) + 1
        self.requests[name] = self.github.pull_request(self.project, number=number, branch=name, sha=sha, author=self.dana)

    def has(self, *branches: str) -> None:
        """New branches, each with its environment."""
        for branch in branches:
            self.branch(branch)
            self.says(branch, "/ivy create")
        self.settle()

    def says(self, branch: str, *lines: str, insists: bool = True) -> Saying:
        """Comment on a branch's pull request. `insists`: it is delivered until it is acknowledged."""
        delivery = self.github.says(self.requests[branch], self.dana, "\n".join(lines))
        assert delivery.comment is not None
        is_acknowledged = self.deliver(delivery, insists=insists)
        words = tuple(" ".join(line.removeprefix("/").split(" ")[:2]) for line in lines)
        saying = Saying(f"issue:{delivery.comment.id}", f"github:shop:{self.requests[branch].number}", words, is_acknowledged)
        self.sayings.append(saying)
        return saying

    def pushes(self, branch: str, words: str, build: str = BUILD) -> None:
        sha = self.repository.commit(branch, words, build)
        self.deliver(self.github.pushes(self.project, branch, sha, by=self.dana))

    def merges(self, branch: str) -> None:
        self.deliver(self.github.closes(self.requests[branch], is_merged=True))

    def repeats(self) -> None:
        """The last delivery comes once more."""
        if self._last:
            self.deliver(self._last)

    def deliver(self, delivery: Delivery, *, insists: bool = True, within_s: float = 30.0) -> bool:
        """Whether it was acknowledged with 2xx."""
        self._last = delivery
        by = time.monotonic() + within_s
        while True:
            status = self._post(delivery)
            if status and 200 <= status < 300:
                return True
            assert status in (None, 503), status
            if not insists:
                return False
            assert time.monotonic() < by, f"nobody takes the delivery\n{self.last_words()}"
            time.sleep(0.02)

    def _post(self, delivery: Delivery) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("POST", "/hooks/github", delivery.body, delivery.headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    # -- what will be judged ---------------------------------------------------------------------------

    def look(self) -> None:
        """Remember how things stand now that all is settled."""
        self.standing.append(evidence.standing(self))

    def end(self) -> None:
        """Take down all that is left, and wait until it is gone."""
        for name in self.requests:
            row = self.environment(name)
            if row and row["state"] != "gone":
                self.says(name, "/ivy terminate")
        self.settle()

    def history(self) -> History:
        return evidence.history(self)
