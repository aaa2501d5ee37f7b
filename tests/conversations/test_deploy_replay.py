"""Many deploys are said while the API server fails, answers are lost, pods die and workers die; then all of them are said once more.

From the message to the answer it is Trellis as it runs, and the Kubernetes runner. The cluster, and what deploy.py does there, is in this
process, so that nobody waits: pauses let the cluster go on.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.domain.artifact import ArtifactKind
from bot.domain.deployment import Deployment, DeploymentState
from bot.domain.message import Dialect, Platform, Said, Thread
from bot.store.console import ConsoleStore
from bot.store.deploy_tables import deployments, rollouts
from bot.store.inbox import take_at_once
from bot.store.rows import struct_of
from bot.store.tables import events
from bot.web.console import person_called
from tests.deploys import built
from tests.fakes.clock import NOON
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.kubernetes.node import Node
from tests.world import World, a_world

pytestmark = pytest.mark.long

MANY = int(os.environ.get("TRELLIS_TEST_REPLAYS", "10"))
AMISS = 0.1
_AT_ONCE = 50
_MOST_LIVES = 40
_ENDS = {f"deploy_{state}" for state in DeploymentState if state is not DeploymentState.PLANNED}


@dataclass
class Replay:
    """Everything is said in the worst of weathers, so many at once; at each look a worker dies in the middle of it."""

    world: World
    node: Node
    chance: random.Random
    workers_died: int = 0

    async def says_all(self, keys: str) -> None:
        """One message for each service. The same keys again are the same messages."""
        for first in range(0, MANY, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, MANY))
            await take_at_once(self.world.store, "console", "say", tuple(_said(keys, number) for number in numbers))
            await self._until_all_is_over()

    async def _until_all_is_over(self) -> None:
        for _ in range(_MOST_LIVES):
            self._be_bad(AMISS)
            settling = asyncio.create_task(self.world.settle())
            ticks = self.node.ticks
            while not settling.done() and self.node.ticks < ticks + 3:
                await asyncio.wait([settling], timeout=0.02)
            if not settling.done():
                await self.world.worker_dies()
                self.workers_died += 1
            await settling
            self._be_bad(0)
            if await self.world.is_all_answered():
                return
            self.world.clock.advance(seconds=61)  # as long as anybody waits after a trouble
        raise AssertionError("it does not come to an end")

    def _be_bad(self, share: float) -> None:
        self.node.dying = share
        self.node.fake.be_unreliable(self.chance, share)

    async def rows(self) -> Sequence[Deployment]:
        """All that there are, in the order of their numbers."""
        async with self.world.store.look() as look:
            found = await look.connection.execute(select(deployments).order_by(deployments.c.number))
            return [struct_of(row, Deployment) for row in found.mappings()]

    async def acts(self) -> int:
        async with self.world.store.look() as look:
            return len((await look.connection.execute(select(rollouts.c.id))).all())

    async def ends(self) -> Counter[str]:
        """How often each act was written down to have ended."""
        async with self.world.store.look() as look:
            query = select(events.c.environment_id).where(events.c.kind.in_(_ENDS))
            return Counter((await look.connection.execute(query)).scalars())

    async def answers(self, keys: str) -> list[int]:
        """How many there were to each message."""
        lines = ConsoleStore(self.world.store)
        return [sum(line.kind == "post" for line in await lines.lines(_thread(keys, number).address, 0)) for number in range(MANY)]

    def jobs(self) -> set[str]:
        return {name.removeprefix("Job/") for name in self.node.fake.names("Job")}


def _thread(keys: str, number: int) -> Thread:
    return Thread(Platform.CONSOLE, f"console:{keys}-{number}", asker=person_called("dana"))


def _said(keys: str, number: int) -> Said:
    text = f"/sled deploy s{number}@{number:08x} --to dev"
    return Said(f"console:{keys}-{number}", person_called("dana"), _thread(keys, number), text, "", Dialect.LINE, is_direct=True)


def _job_names(rows: Sequence[Deployment]) -> set[str]:
    return {f"{row.id}-{step}-1" for row in rows for step in ("plan", "apply")}


async def test_each_is_one_row_one_job_of_a_step_and_one_end_and_all_again_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began, chance = time.monotonic(), random.Random(4)
    with FakeKubernetes(clock=lambda: NOON) as fake:  # no deadline of a Job comes, however slow this machine is
        fake.controllers.has_nodes = True
        node = Node(fake, chance)
        config = str(fake.kubeconfig(tmp_path))
        cluster = {
            "image": "registry.example/trellis:1",
            "namespace": "team",
            "kubeconfig": config,
            "python": sys.executable,
            "look_s": 0.05,
        }
        deploy = {"environments": {"dev": {"target": "kubernetes", "namespace": "team"}}, "clusters": {"main": cluster}}
        services = {f"s{number}": {"project": "lab"} for number in range(MANY)}
        worker = {"lease_s": 3600}  # leases are renewed by real time: whoever is starved would lose them, and every life with them
        async with a_world(tmp_path / "data", pause=node.pause, services=services, deploy=deploy, worker=worker) as world:
            replay = Replay(world, node, chance)
            for number in range(MANY):
                await built(world, f"s{number}", f"{number:08x}", kind=ArtifactKind.IMAGE)

            await replay.says_all("first")
            rows = await replay.rows()
            assert [row.service for row in sorted(rows, key=lambda each: int(each.service[1:]))] == [f"s{each}" for each in range(MANY)]
            assert [(row.state, row.code, row.reason) for row in rows if row.state is not DeploymentState.SUCCEEDED] == []
            assert replay.jobs() == _job_names(rows)
            assert await replay.ends() == Counter({row.rollout_id: 1 for row in rows})
            assert await replay.answers("first") == [1] * MANY
            made = Counter({(service, key): 1 for service in node.cluster.live for key in ("config", "program")})
            assert node.made == made, "what has been made is not made again, whoever died at it"
            assert len(node.cluster.live) == MANY

            await replay.says_all("first")  # the same messages, brought once more
            assert (await replay.rows(), await replay.acts()) == (rows, MANY)

            await replay.says_all("again")
            again = (await replay.rows())[MANY:]
            assert [(row.state, row.code, row.reason) for row in again if row.outcome != "unchanged"] == []
            hashes = {row.service: row.plan_hash for row in rows}
            assert {row.service: row.plan_hash for row in again} == hashes
            assert {row.state for row in again} == {DeploymentState.SUCCEEDED}
            assert node.made == made
            assert replay.jobs() == _job_names([*rows, *again])
            assert await replay.ends() == Counter({row.rollout_id: 1 for row in (*rows, *again)})
            assert await replay.answers("again") == [1] * MANY
        asked = len(fake.requests)
    assert fake.troubles > asked * AMISS / 2
    assert node.deaths > 2 * MANY * AMISS or MANY < 100, "of four runs each; of few it is a matter of luck"
    assert replay.workers_died > 0
    with capsys.disabled():
        troubles = f"{fake.troubles} of {asked} requests failed or lost their answer, {node.deaths} of their runs and {replay.workers_died} workers died"
        print(f"\nreplay through all of Trellis: {MANY} deploys, said twice; {troubles}; {time.monotonic() - began:.0f} s")  # noqa: T201
