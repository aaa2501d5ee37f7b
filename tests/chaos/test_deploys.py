"""A worker is killed at every named step of plans, deploys and approvals: each ends as it should, and what was asked for is done once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import sample
from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.ids import new_id
from bot.sample.built import Build
from bot.store.database import Database
from bot.store.store import Store
from processes import free_port
from tests.chaos.crew import until
from tests.chaos.points import DEPLOYING, Points
from tests.chaos.site import Site

HELLO = Path(sample.__file__).parent / "content" / "main" / "hello"
pytestmark = [pytest.mark.usefixtures("leaves_no_child"), pytest.mark.long]

_DIES = "worker.deployment."
PLANNING: tuple[tuple[str, ...], ...] = (
    ("claimed", "plan.begun", "plan.started"),
    ("planned", "look.begun", "look.started"),
    ("bind.begun", "bind.started", "bound"),
)
APPLYING: tuple[tuple[str, ...], ...] = (("plan.begun", "planned", "begun"), ("apply.begun", "apply.started", "applied"), ("settled",))
ASKING: tuple[tuple[str, ...], ...] = (("look.started", "bind.started", "bound"), ("begun", "apply.started", "applied"))
"""What is armed together, and dies one after the other."""

_OPEN = "SELECT id, environment_id FROM approvals WHERE state = 'open'"


class DeploySite(Site):
    """The same with a service `hello`, built of merged main, for `dev` and for `prod`, which asks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ports = {name: free_port() for name in ("dev", "prod")}
        self.ada = self.github.user("ada", id=9, right="admin")

    def _environ(self) -> dict[str, str]:
        environments = {name: {"config": {"hello": {"port": port}}} for name, port in self.ports.items()}
        deploys = {
            "TRELLIS_SERVICES": json.dumps({"hello": {"project": "shop"}}),
            "TRELLIS_DEPLOY": json.dumps({"environments": environments}),
        }
        return super()._environ() | deploys

    async def _migrate(self) -> None:
        await super()._migrate()
        content, program = ((HELLO / name).read_text() for name in ("hello.py", "deploy.py"))
        build = Build("main", "4fd1c0e9".ljust(40, "0"), "", "dana", 0.0, program, content.encode())
        address = build.laid_in(self.data / "artifacts" / "pushed").as_uri()
        database = Database(f"sqlite+aiosqlite:///{self.data / 'trellis.db'}")
        async with Store(database).transaction() as transaction:
            await transaction.artifacts.add(
                Artifact(
                    id=new_id(),
                    service="hello",
                    kind=ArtifactKind.BINARY,
                    sha256=build.sha256,
                    address=address,
                    project="shop",
                    commit=build.commit,
                    program=program,
                    registered_at=transaction.now,
                    registered_by="console:ci",
                    merged_at=transaction.now,
                )
            )
        await database.close()

    def says_yes(self) -> None:
        """To prod, with ada's word once it is asked for."""
        self.says("demo", "/sled deploy hello --to prod")
        until(lambda: self.rows(_OPEN), 60, lambda: f"nobody is asked: {self.unsettled()}\n{self.last_words()}")
        [request] = self.rows(_OPEN)
        self.deliver(self.github.says(self.requests["demo"], self.ada, f"/sled approve {request['id']}"))

    def ends(self) -> list[tuple[str, str]]:
        return [(row["environment"], row["state"]) for row in self.rows("SELECT environment, state FROM deployments ORDER BY number")]

    def counted(self, kind: str) -> dict[str, int]:
        """How often that happened to each rollout."""
        query = "SELECT environment_id, count(*) AS times FROM events WHERE kind = ? GROUP BY environment_id"
        return {row["environment_id"]: row["times"] for row in self.rows(query, kind)}


def test_each_point_of_deploys_is_fired_here() -> None:
    assert {_DIES + name for names in (*PLANNING, *APPLYING) for name in names} == set(DEPLOYING)


def test_a_worker_killed_at_each_step_of_a_deploy(tmp_path: Path) -> None:
    with DeploySite(tmp_path) as site:
        armed = Points(site)
        site.start(worker=armed.env)
        site.branch("demo")
        for names in PLANNING:
            armed.fire([_DIES + name for name in names], lambda: site.says("demo", "/sled plan hello --to dev"))
        assert set(site.ends()) == {("dev", "planned")}
        assert site.ask("/", port=site.ports["dev"])[0] == 0, "a plan starts nothing"
        for names in APPLYING:
            armed.fire([_DIES + name for name in names], lambda: site.says("demo", "/sled deploy hello --to dev"))
        assert site.ask("/", port=site.ports["dev"]) == (200, "Hello from dev.\n")
        for names in ASKING:
            armed.fire([_DIES + name for name in names], site.says_yes)
        assert site.ask("/", port=site.ports["prod"]) == (200, "Hello from prod.\n")
        assert {end for _, end in site.ends()} == {"planned", "succeeded"}
        assert {state for _, state in site.states()} == {"done"}
        for kind in ("deploy_succeeded", "deploy_only_planned", "deploy_approval_wanted", "deploy_approved"):
            assert set(site.counted(kind).values()) == {1}, kind
        assert not site.rows("SELECT service FROM slots WHERE claimed_by != ''")
