"""Whatever people, time, hands from outside and dying workers do to deploys, in any order: what must never be never is."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.domain.approval import Approval, ApprovalState
from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Lock, Rollout, Slot, Veto
from bot.domain.freezes import parse
from bot.store.approval_tables import approvals
from bot.store.deploy_tables import artifacts, deployments, locks, rollouts, slots, vetoes
from bot.store.rows import struct_of
from tests.conftest import EXAMPLES
from tests.conversations.deploys_judged import Past
from tests.deploys import built
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import Coroutine
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
GROUPS = {"core": [["pay"], ["web"]], "all": [["pay"], ["web", "tool"]]}
SERVICES = st.sampled_from(["pay", "web", "tool"])
TARGETS = st.sampled_from(["pay", "web", "tool", "core", "all"])
AT_ONCE = st.sampled_from(
    [
        *("deploy all --to dev", "deploy core@latest --to dev", "deploy tool --to dev", "deploy pay --to prod"),
        *("rollback pay --to dev", "rollback all --to dev", "rollback pay --to prod", "rollback tool --to dev --veto --reason broken"),
        *("promote pay --from dev --to prod", "veto pay@latest --reason broken", "cancel"),
    ]
)
PLACES = st.sampled_from(["dev", "prod", "prod"])


class _Here:
    """A world of its own for each example, so that what went wrong goes wrong again."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        deploy = {"environments": ENVIRONMENTS, "groups": GROUPS}
        people = {"github:7": "developer", "github:9": "admin", "github:10": "admin"}  # in the projects of both forges
        self.world: World = self.run(self._stack.enter_async_context(a_world(folder, deploy=deploy, people=people)))
        self.dana = self.world.github.user("dana", id=7, right="write")
        self.ada = self.world.github.user("ada", id=9, right="admin")
        self.bob = self.world.github.user("bob", id=10, right="admin")
        self.on = self.world.github.pull_request("acme/shop", number=12, branch="demo", author=self.dana)
        self.numbers = itertools.count(1)
        self.closings: list[float] = []  # of its request

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
    folder: Path
    worlds = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        folder = self.folder / str(next(self.worlds))
        folder.mkdir()
        self.here = _Here(folder)

    @initialize()
    def begin(self) -> None:
        for service in ("pay", "web", "tool"):
            self.build(service, is_merged=True)

    # -- what happens --------------------------------------------------------------------------------

    @rule(service=SERVICES, is_merged=st.booleans())
    def build(self, service: str, is_merged: bool) -> None:
        self.here.world.clock.advance(seconds=1)
        commit = f"{next(self.here.numbers):08x}"[::-1]
        request = None if is_merged or service == "tool" else self.here.on.number
        self.here.run(built(self.here.world, service, commit, is_merged=is_merged, request=request))

    @rule(what=TARGETS, place=PLACES, wish=st.sampled_from(["", "", "@latest"]))
    def deploy(self, what: str, place: str, wish: str) -> None:
        self.here.says(f"/sled deploy {what}{wish} --to {place}", self.here.dana)

    @rule(line=st.sampled_from(["deploy pay@!12 --to prod", "deploy core@!12 --to dev", "beta pay --to dev", "beta", "release pay"]))
    def go_by_the_request(self, line: str) -> None:
        self.build("pay", is_merged=False)
        self.here.says(f"/sled {line}", self.here.dana)

    @rule(is_closed=st.booleans())
    def close_the_request(self, is_closed: bool) -> None:
        here = self.here
        here.world.clock.advance(seconds=1)
        if is_closed and here.on.state == "open":
            here.closings.append(here.world.clock.at)
            here.run(here.world.deliver("github", here.world.github.closes(here.on)))
        elif not is_closed:
            here.on.state = "open"

    @rule(what=TARGETS)
    def force(self, what: str) -> None:
        self.here.says(f"/sled deploy {what} --to prod --force", self.here.ada)

    @rule(line=st.sampled_from(["plan all --to prod", "deploy pay --to dev --dry-run"]))
    def plan(self, line: str) -> None:
        self.here.says(f"/sled {line}", self.here.dana)

    @rule(what=TARGETS)
    def promote(self, what: str) -> None:
        self.here.says(f"/sled promote {what} --from dev --to prod", self.here.dana)

    @rule(what=TARGETS, place=PLACES)
    def roll_back(self, what: str, place: str) -> None:
        self.here.says(f"/sled rollback {what} --to {place}", self.here.dana)

    @rule(what=TARGETS, place=PLACES)
    def take_back_for_good(self, what: str, place: str) -> None:
        self.here.says(f"/sled rollback {what} --to {place} --veto --reason broken", self.here.ada)

    @rule(word=st.sampled_from(["approve", "approve", "approve", "reject"]), is_own=st.booleans())
    def answer(self, word: str, is_own: bool, *, settle: bool = True) -> None:
        """All that is asked for at this moment."""
        here = self.here
        for each in here.all(approvals, Approval):
            if each.state is ApprovalState.OPEN:
                is_danas = each.person.name == "dana"
                by = (here.dana if is_danas else here.ada) if is_own else (here.ada if is_danas else here.bob)
                here.says(f"/sled {word} {each.id}", by, settle=settle)

    @rule(what=TARGETS, is_promoted=st.booleans(), meanwhile=st.sampled_from(["", "", "hand", "build", "veto", "lock", "other"]))
    def bring_to_prod(self, what: str, is_promoted: bool, meanwhile: str) -> None:
        """All the way, and something may happen while another person is asked."""
        here = self.here
        self.deploy(what, "dev", "")
        here.says(f"/sled promote {what} --from dev --to prod" if is_promoted else f"/sled deploy {what} --to prod", here.dana)
        match meanwhile:
            case "hand":
                self.somebody_changes_it_by_hand("pay", "prod")
            case "build":
                self.build("pay", is_merged=True)
            case "veto":
                self.veto("pay", is_on=True)
            case "lock":
                self.lock("pay:prod", is_hers=True, is_on=True)
            case "other":
                self.force(what)
        self.answer("approve", is_own=False)

    @rule(scope=st.sampled_from(["pay", "pay:prod", "core", "tool"]), is_hers=st.booleans(), is_on=st.booleans())
    def lock(self, scope: str, is_hers: bool, is_on: bool) -> None:
        line = f"/sled lock {scope} --reason audit --for 3h" if is_on else f"/sled unlock {scope}"
        self.here.says(line, self.here.ada if is_hers else self.here.dana)

    @rule(service=SERVICES, is_on=st.booleans())
    def veto(self, service: str, is_on: bool) -> None:
        line = f"/sled veto {service}@latest --reason broken" if is_on else f"/sled unveto {service}@latest"
        self.here.says(line, self.here.ada)

    @rule(line=st.sampled_from(["resume all --in prod", "cancel", "retry"]))
    def go_on(self, line: str) -> None:
        self.here.says(f"/sled {line}", self.here.dana)

    @rule(hours=st.sampled_from([0.1, 0.5, 3.0, 4.0, 25.0]))
    def time_passes(self, hours: float) -> None:
        self.here.run(self.here.world.pass_time(hours=hours))

    @rule(service=SERVICES, place=PLACES)
    def somebody_changes_it_by_hand(self, service: str, place: str) -> None:
        self.here.world.runner.somebody_changes(service, place, config=next(self.here.numbers))

    @rule()
    def a_run_is_lost(self) -> None:
        self.here.world.runner.lose_next()

    @rule(lines=st.lists(AT_ONCE, min_size=2, max_size=4), is_asked=st.booleans(), turns=st.integers(0, 60), dies=st.booleans())
    def at_once(self, lines: list[str], is_asked: bool, turns: int, dies: bool) -> None:
        """Several, while runs take their time, also those that have just been approved; the worker may die in the middle."""
        if is_asked:
            self.here.says("/sled deploy all --to prod", self.here.dana)
        self.here.world.runner.gate.clear()
        if is_asked:
            self.answer("approve", is_own=False, settle=False)
        for line in lines:
            self.here.says(f"/sled {line}", self.here.ada if "veto" in line else self.here.dana, settle=False)
        self.here.run(self._goes_on(turns, dies=dies))

    async def _goes_on(self, turns: int, *, dies: bool) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        if dies:
            await self.here.world.worker_dies()
        self.here.world.runner.gate.set()
        await self.here.world.settle()

    @invariant()
    def what_must_never_be_never_is(self) -> None:
        here = self.here
        past = Past(
            {each.id: each for each in here.all(rollouts, Rollout)},
            {each.id: each for each in here.all(deployments, Deployment)},
            {each.id: each for each in here.all(artifacts, Artifact)},
            here.all(approvals, Approval),
            here.all(locks, Lock),
            here.all(vetoes, Veto),
            here.closings,
            here.world.runner,
        )
        past.never_two_of_one_service_at_once()
        past.what_is_applied_is_what_was_planned_of_that_very_version()
        past.what_is_applied_is_what_another_person_approved()
        past.nothing_begins_that_may_not(GROUPS, parse(FREEZE, "UTC"))

    def teardown(self) -> None:
        """In the end all that was begun has ended, and no place is taken."""
        try:
            self._comes_to_an_end()
        finally:
            self.here.close()

    def _comes_to_an_end(self) -> None:
        here = self.here
        for scope in ("pay", "pay:prod", "core", "tool"):
            here.says(f"/sled unlock {scope}", here.ada)
        for _ in range(4):
            here.run(here.world.pass_time(hours=25))
        open_ones = [each for each in here.all(deployments, Deployment) if not each.is_over]
        assert open_ones == []
        assert here.run(here.world.is_all_answered())
        assert not [row for row in here.all(slots, Slot) if row.claimed_by]


def test_whatever_happens_to_deploys_what_must_never_be_never_is(tmp_path: Path) -> None:
    Life.folder = tmp_path
    run_state_machine_as_test(Life, settings=settings(max_examples=max(6, EXAMPLES // 3), stateful_step_count=16, deadline=None))
