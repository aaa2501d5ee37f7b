"""Whatever people, time, hands from outside and dying workers do to deploys, in any order: what must never be never is."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.asking import identity
from bot.domain.approval import Approval, ApprovalState
from bot.domain.deployment import Deployment, Lock, Rollout, RolloutKind, Slot, Veto
from bot.domain.freezes import frozen_by, parse
from bot.domain.scopes import Scope
from bot.store.approval_tables import approvals
from bot.store.deploy_tables import deployments, locks, rollouts, slots, vetoes
from bot.store.rows import struct_of
from deploy.runner import Step
from tests.conftest import EXAMPLES
from tests.deploys import built
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    import msgspec
    from sqlalchemy import Table

    from tests.fakes.forge import User
    from tests.world import World

pytestmark = pytest.mark.long
T = TypeVar("T")
S = TypeVar("S", bound="msgspec.Struct")
FREEZE = "mon 20:00 - tue 02:00"
ENVIRONMENTS: dict[str, dict[str, Any]] = {"dev": {}, "prod": {"after": "dev", "asks": True, "freezes": [FREEZE]}}
TARGETS = st.sampled_from(["pay", "web", "core"])
PLACES = st.sampled_from(["dev", "prod", "prod"])


class _Here:
    """One world for all examples; each begins where the one before left things, with nothing under way."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        deploy = {"environments": ENVIRONMENTS, "groups": {"core": [["pay"], ["web"]]}}
        self.world: World = self.run(self._stack.enter_async_context(a_world(folder, deploy=deploy)))
        self.dana = self.world.github.user("dana", id=7, right="write")
        self.ada = self.world.github.user("ada", id=9, right="admin")
        self.on = self.world.github.pull_request("acme/shop", number=12, branch="demo", author=self.dana)
        self.numbers = itertools.count(1)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def says(self, line: str, by: User, *, settle: bool = True) -> None:
        """A second after what was before, so that it is seen which came first."""
        self.world.clock.advance(seconds=1)
        self.run(self.world.says(line, by=by, on=self.on, settle=settle))

    async def rows(self, table: Table, kind: type[S]) -> list[S]:
        async with self.world.store.look() as look:
            return [struct_of(row, kind) for row in (await look.connection.execute(select(table))).mappings()]

    def all(self, table: Table, kind: type[S]) -> list[S]:
        return self.run(self.rows(table, kind))

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.runner.close()


class Life(RuleBasedStateMachine):
    here: _Here

    @initialize()
    def begin(self) -> None:
        self.build("pay", is_merged=True)
        self.build("web", is_merged=True)

    # -- what happens --------------------------------------------------------------------------------

    @rule(service=st.sampled_from(["pay", "web"]), is_merged=st.booleans())
    def build(self, service: str, is_merged: bool) -> None:
        self.here.world.clock.advance(seconds=1)
        commit = f"{next(self.here.numbers):08x}"[::-1]
        self.here.run(built(self.here.world, service, commit, is_merged=is_merged))

    @rule(what=TARGETS, place=PLACES, wish=st.sampled_from(["", "", "@latest"]))
    def deploy(self, what: str, place: str, wish: str) -> None:
        self.here.says(f"/sled deploy {what}{wish} --to {place}", self.here.dana)

    @rule(what=TARGETS)
    def force(self, what: str) -> None:
        self.here.says(f"/sled deploy {what} --to prod --force", self.here.ada)

    @rule(line=st.sampled_from(["plan core --to prod", "deploy pay --to dev --dry-run"]))
    def plan(self, line: str) -> None:
        self.here.says(f"/sled {line}", self.here.dana)

    @rule(what=TARGETS)
    def promote(self, what: str) -> None:
        self.here.says(f"/sled promote {what} --from dev --to prod", self.here.dana)

    @rule(what=TARGETS, place=PLACES)
    def roll_back(self, what: str, place: str) -> None:
        self.here.says(f"/sled rollback {what} --to {place}", self.here.dana)

    @rule(word=st.sampled_from(["approve", "approve", "approve", "reject"]), is_own=st.booleans())
    def answer(self, word: str, is_own: bool) -> None:
        """All that is asked for at this moment."""
        for each in self.here.all(approvals, Approval):
            if each.state is ApprovalState.OPEN:
                by_dana = is_own == (each.person.name == "dana")
                self.here.says(f"/sled {word} {each.id}", self.here.dana if by_dana else self.here.ada)

    @rule(scope=st.sampled_from(["pay", "pay:prod", "core"]), is_hers=st.booleans(), is_on=st.booleans())
    def lock(self, scope: str, is_hers: bool, is_on: bool) -> None:
        line = f"/sled lock {scope} --reason audit --for 3h" if is_on else f"/sled unlock {scope}"
        self.here.says(line, self.here.ada if is_hers else self.here.dana)

    @rule(service=st.sampled_from(["pay", "web"]), is_on=st.booleans())
    def veto(self, service: str, is_on: bool) -> None:
        line = f"/sled veto {service}@latest --reason broken" if is_on else f"/sled unveto {service}@latest"
        self.here.says(line, self.here.ada)

    @rule(line=st.sampled_from(["resume core --in prod", "cancel", "retry"]))
    def go_on(self, line: str) -> None:
        self.here.says(f"/sled {line}", self.here.dana)

    @rule(hours=st.sampled_from([0.5, 4.0, 11.0, 25.0]))
    def time_passes(self, hours: float) -> None:
        self.here.run(self.here.world.pass_time(hours=hours))

    @rule(service=st.sampled_from(["pay", "web"]), place=PLACES)
    def somebody_changes_it_by_hand(self, service: str, place: str) -> None:
        self.here.world.runner.somebody_changes(service, place, config=next(self.here.numbers))

    @rule()
    def a_run_is_lost(self) -> None:
        self.here.world.runner.lose_next()

    @rule(lines=st.lists(st.sampled_from(["deploy core --to dev", "deploy pay@latest --to dev", "rollback pay --to dev"]), min_size=2, max_size=3),
          turns=st.integers(0, 60), dies=st.booleans())  # fmt: skip
    def at_once(self, lines: list[str], turns: int, dies: bool) -> None:
        """Several, while runs take their time; the worker may die in the middle."""
        self.here.world.runner.gate.clear()
        for line in lines:
            self.here.says(f"/sled {line}", self.here.dana, settle=False)
        self.here.run(self._goes_on(turns, dies=dies))

    async def _goes_on(self, turns: int, *, dies: bool) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        if dies:
            await self.here.world.worker_dies()
        self.here.world.runner.gate.set()
        await self.here.world.settle()

    # -- what always holds ---------------------------------------------------------------------------

    @invariant()
    def never_two_of_one_service_at_once(self) -> None:
        assert self.here.world.runner.overlaps == []

    @invariant()
    def what_is_applied_is_what_another_person_approved(self) -> None:
        acts = {each.id: each for each in self.here.all(rollouts, Rollout)}
        parts = {each.id: each for each in self.here.all(deployments, Deployment)}
        requests = self.here.all(approvals, Approval)
        for id_, run in self.here.world.runner.runs.items():
            part = parts[id_.partition("-")[0]]
            act = acts[part.rollout_id]
            if run.job.step is not Step.APPLY or part.environment != "prod" or act.kind is RolloutKind.ROLLBACK:
                continue
            plan = json.loads(run.job.plan or b"")
            bound = f"{plan['plan_hash']}:{plan['base']}"
            said_yes = [each for each in requests if each.wish.get(part.id) == bound and each.state is ApprovalState.APPROVED]
            assert [each for each in said_yes if each.decider and each.decider.id not in {each.person.id, act.person.id}], (id_, bound)

    @invariant()
    def nothing_begins_that_may_not(self) -> None:
        acts = {each.id: each for each in self.here.all(rollouts, Rollout)}
        held, never = self.here.all(locks, Lock), self.here.all(vetoes, Veto)
        freeze = parse(FREEZE, "UTC")
        for part in self.here.all(deployments, Deployment):
            at, act = part.began_at, acts[part.rollout_id]
            if at is None:
                continue
            assert not act.plan_only
            vetoed = [each for each in never if each.artifact_id == part.artifact_id and each.created_at < at < (each.lifted_at or at + 1)]
            assert not vetoed, part
            if act.is_forced:
                continue
            assert not [each for each in held if _stops(each, part, act, at)], part
            is_free = part.environment != "prod" or act.kind is RolloutKind.ROLLBACK or frozen_by((freeze,), at) is None
            assert is_free, part

    def teardown(self) -> None:
        """In the end all that was begun has ended, and no place is taken."""
        here = self.here
        for scope in ("pay", "pay:prod", "core"):
            here.says(f"/sled unlock {scope}", here.ada)
        for _ in range(4):
            here.run(here.world.pass_time(hours=25))
        open_ones = [each for each in here.all(deployments, Deployment) if not each.is_over]
        assert open_ones == []
        assert here.run(here.world.is_all_answered())
        assert not [row for row in here.all(slots, Slot) if row.claimed_by]


def _stops(lock: Lock, part: Deployment, act: Rollout, at: float) -> bool:
    ends = [each for each in (lock.released_at, lock.expires_at) if each is not None]
    is_held = lock.created_at < at < min([*ends, at + 1])
    covers = Scope.stored(lock.scope).covers(part.service, part.environment, ("core",))
    return is_held and covers and not lock.is_warning and identity(act.person) not in lock.identities


@pytest.fixture
def here(tmp_path: Path) -> Iterator[_Here]:
    made = _Here(tmp_path)
    yield made
    made.close()


def test_whatever_happens_to_deploys_what_must_never_be_never_is(here: _Here) -> None:
    Life.here = here
    run_state_machine_as_test(Life, settings=settings(max_examples=max(5, EXAMPLES // 4), stateful_step_count=16, deadline=None))
