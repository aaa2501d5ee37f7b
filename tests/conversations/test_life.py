"""Any life of an environment: whatever people, pushes, time and a failing engine do to it, in any order, some things always hold."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from bot.domain.environment import State
from tests.conftest import EXAMPLES
from tests.conversations.lives import remarks_of, rows_of, words_of
from tests.conversations.talk import Talk
from tests.fakes.forge import commit
from tests.history import (
    each_generation_settles_once,
    each_post_is_there_once,
    every_card_shows_the_end,
    every_command_ends,
    every_environment_is_gone,
    every_message_bears_the_signs_of_its_commands,
    every_message_is_heard,
    no_identity_has_two_at_once,
    nothing_is_lost_or_done_twice,
    posts_of_a_thread_are_in_order,
    restarts_were_counted_once,
)
from tests.recorded import History, Saying
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from bot.domain.command import Event
    from bot.domain.environment import Environment
    from tests.fakes.forge import Delivery, Request, User
    from tests.world import World

T = TypeVar("T")
CAP_S = 96 * 3600.0
JUDGED = (
    nothing_is_lost_or_done_twice,
    every_message_is_heard,
    every_command_ends,
    no_identity_has_two_at_once,
    every_environment_is_gone,
    each_generation_settles_once,
    restarts_were_counted_once,
    each_post_is_there_once,
    posts_of_a_thread_are_in_order,
    every_card_shows_the_end,
)


class _Here:
    """One world for all examples: each lives on a branch of its own."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.world: World = self.run(self._stack.enter_async_context(a_world(folder)))
        self.dana = self.world.github.user("dana", id=7, right="write")
        self.eve = self.world.github.user("eve", id=66, right="read")
        self.ada = self.world.github.user("ada", id=9, right="admin")
        self.numbers = itertools.count(100)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def events(self, id: str) -> list[Event]:
        async with self.world.store.look() as look:
            return list(await look.events_of(id))

    async def problems(self, on: Request, said: list[Saying]) -> list[str]:
        """What the judge has to say of everything that happened on that request."""
        tables = await rows_of(self.world.store, f"refs/heads/{on.branch}", f"github:shop:{on.number}")
        remarks = tuple(remarks_of(self.world.github, on))
        strangers = {f"issue:{comment.id}" for comment in self.world.github.comments(on) if comment.author is self.eve}
        signed = tuple(remark for remark in remarks if remark.id not in strangers)  # whose words are not said to have been seen
        found = [problem for check in JUDGED for problem in check(History(tuple(said), tables, remarks))]
        return [*found, *every_message_bears_the_signs_of_its_commands(History(tuple(said), tables, signed))]

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.runner.close()


class Life(RuleBasedStateMachine):
    here: _Here

    @initialize()
    def begin(self) -> None:
        here = self.here
        number = next(here.numbers)
        self.talk = Talk(here.world, here.dana, here.world.github.pull_request("acme/shop", number=number, branch=f"life-{number}"))
        self.asked_for = {self.talk.on.sha}
        self.pushes = itertools.count(1)
        self.told: list[Delivery] = []
        self.said: list[Saying] = []

    # -- what happens --------------------------------------------------------------------------------

    def _say(self, line: str, *, settle: bool, by: User | None = None) -> None:
        delivery = self.here.world.github.says(self.talk.on, by or self.talk.by, line)
        assert delivery.comment is not None
        self.said.append(Saying(f"issue:{delivery.comment.id}", f"github:shop:{self.talk.on.number}", words_of(line)))
        self.told.append(delivery)
        self.here.run(self.here.world.deliver("github", delivery, settle=settle))

    @rule(
        line=st.sampled_from(
            [
                "/ivy create",
                "/ivy create",
                "/ivy create --ttl 4h",
                "/ivy update",
                "/ivy update --size large",
                "/ivy restart",
                "/ivy terminate",
                "/ivy cancel",
                "/ivy retry",
                "/ivy pause",
                "/ivy resume",
                "/ivy keep",
                "/ivy unkeep",
                "/ivy restore",
                "/ivy create\n/ivy extend 1d\n/ivy restart",
            ]
        ),
        settle=st.booleans(),
    )
    def command(self, line: str, settle: bool) -> None:
        self._say(line, settle=settle)

    @rule(hours=st.integers(1, 100))
    def extend(self, hours: int) -> None:
        self._say(f"/ivy extend {hours}h", settle=True)

    @rule(word=st.sampled_from(["approve", "reject"]), is_own=st.booleans(), settle=st.booleans())
    def decide(self, word: str, is_own: bool, settle: bool) -> None:
        """Beyond the cap somebody else has to say yes."""
        self._say(f"/ivy {word}", settle=settle, by=self.talk.by if is_own else self.here.ada)

    @rule(is_merged=st.booleans(), settle=st.booleans())
    def close(self, is_merged: bool, settle: bool) -> None:
        self.here.run(self.here.world.deliver("github", self.here.world.github.closes(self.talk.on, is_merged=is_merged), settle=settle))

    @precondition(lambda self: self.talk.on.state == "closed")
    @rule()
    def open_again(self) -> None:
        self.here.run(self.here.world.deliver("github", self.here.world.github.opens(self.talk.on, "reopened")))

    @rule(turns=st.integers(0, 40))
    def crash(self, turns: int) -> None:
        """The worker dies somewhere in what it is at; another one takes it up."""

        async def crash() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await self.here.world.worker_dies()
            await self.here.world.settle()

        self.here.run(crash())

    @rule(settle=st.booleans())
    def pin(self, settle: bool) -> None:
        sha = commit(self.talk.on.branch, "pinned")
        self.asked_for.add(sha)
        self._say(f"/ivy update --sha {sha}", settle=settle)

    @rule(line=st.sampled_from(["/ivy terminate", "/ivy update", "/ivy cancel"]))
    def stranger(self, line: str) -> None:
        self.here.run(self.here.world.settle())
        before = self._live()
        self._say(line, settle=True, by=self.here.eve)
        assert self._live() == before

    @rule(settle=st.booleans())
    def push(self, settle: bool) -> None:
        sha = commit(self.talk.on.branch, next(self.pushes))
        self.asked_for.add(sha)
        delivery = self.here.world.github.pushes(self.here.world.shop, self.talk.on.branch, sha)
        self.told.append(delivery)
        self.here.run(self.here.world.deliver("github", delivery, settle=settle))

    @precondition(lambda self: self.told)
    @rule(data=st.data(), times=st.integers(1, 3))
    def tell_again(self, data: st.DataObject, times: int) -> None:
        self.here.run(self.here.world.settle())
        delivery, before = data.draw(st.sampled_from(self.told)), self.here.run(self.here.world.command_states())
        for _ in range(times):
            self.here.run(self.here.world.deliver("github", delivery))
        assert self.here.run(self.here.world.command_states()) == before

    @rule(reason=st.sampled_from(["it does not start", "no memory"]))
    def engine_fails(self, reason: str) -> None:
        self.here.world.engine.fail_next(reason, "the log")

    @rule(times=st.integers(1, 12))
    def engine_is_away(self, times: int) -> None:
        self.here.world.engine.be_away(times)

    @rule(seconds=st.sampled_from([1.0, 10.0, 70.0, 3_600.0, 40_000.0, 180_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.here.run(self.here.world.pass_time(seconds=seconds))

    @rule(lost=st.sampled_from(["POST comment", "EDIT comment"]))
    def an_answer_is_lost(self, lost: str) -> None:
        self.here.world.github.lose_next(lost)

    @rule()
    def everything_disappears(self) -> None:
        self.here.run(self.here.world.settle())
        self.here.world.engine.running.clear()
        for _ in range(2):
            self.here.run(self.here.world.reconcile())

    # -- what always holds ---------------------------------------------------------------------------

    def _live(self) -> list[Environment]:
        branch = self.talk.on.branch
        return [each for each in self.here.run(self.here.world.environments()) if each.branch == branch]

    @invariant()
    def there_is_one_at_most(self) -> None:
        assert len(self._live()) <= 1

    @invariant()
    def nobody_lives_beyond_the_cap(self) -> None:
        for each in self._live():
            is_approved = any(event.data.get("asked_by") for event in self.here.run(self.here.events(each.id)))
            is_late_grace = (
                each.deadline_set_at > each.created_at + CAP_S - 4 * 3_600 and each.expires_at <= each.deadline_set_at + 4 * 3_600
            )
            assert each.is_kept or each.expires_at - each.created_at <= CAP_S + 1 or is_approved or is_late_grace

    @invariant()
    def what_runs_was_asked_for(self) -> None:
        for spec in self.here.world.engine.running.values():
            assert spec.source.sha in self.asked_for or spec.source.ref != f"refs/heads/{self.talk.on.branch}"

    @invariant()
    def nothing_runs_without_a_live_row(self) -> None:
        live = {each.id for each in self.here.run(self.here.world.environments())}
        assert set(self.here.world.engine.running) <= live

    def teardown(self) -> None:
        """In the end all is answered, and the row tells what runs."""
        here = self.here
        for _ in range(12 + len(here.world.engine.failures)):  # each that is still to come takes a try of its own
            here.run(here.world.pass_time(seconds=61))
        assert here.run(here.world.is_all_answered()), here.run(here.world.command_states())
        for each in self._live():
            assert each.state in ({State.PAUSED} if each.is_paused else {State.READY, State.FAILED})
            assert (each.running_generation > 0) == (each.id in here.world.engine.running)
            if each.running_generation:
                assert here.world.engine.running[each.id].source.sha == each.running_sha
        here.world.engine.failures.clear()
        self._say("/ivy terminate", settle=True)
        assert self._live() == []
        for _ in range(3):  # what was lost on its way is said again
            here.run(here.world.pass_time(seconds=61))
        assert self.here.run(self.here.problems(self.talk.on, self.said)) == []


@pytest.fixture
def here(tmp_path: Path) -> Iterator[_Here]:
    made = _Here(tmp_path)
    yield made
    made.close()


def test_whatever_happens_to_it_one_truth_is_kept(here: _Here) -> None:
    Life.here = here
    examples = settings(max_examples=max(5, EXAMPLES // 8), stateful_step_count=14, deadline=None)
    run_state_machine_as_test(Life, settings=examples)
