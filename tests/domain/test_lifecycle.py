"""What to do next with an environment, as a table."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.datasets import Seeds
from bot.domain.environment import MOVES, Environment, State, slug_of
from bot.domain.errors import WrongMove
from bot.domain.lifecycle import Step, backoff_s, due, next_step
from bot.domain.message import Person, Platform, Thread

DANA = Person(Platform.GITHUB, "7", "dana")
BASE = Environment(
    id="e1",
    slug="demo-abc123",
    project="shop",
    source_id="42",
    ref="refs/heads/demo",
    name="",
    owner=DANA,
    thread=Thread(Platform.GITHUB, "github:shop:12"),
    created_at=0,
    expires_at=1000,
    sha="a" * 40,
)
READY = msgspec.structs.replace(BASE, state=State.READY, settled_generation=1, running_generation=1)


@pytest.mark.parametrize(
    ("changes", "now", "step"),
    [
        ({}, 0, Step.APPLY),
        ({"state": State.STARTING}, 10, Step.APPLY),
        ({"cancelled_generation": 1}, 0, Step.CANCEL),
        ({"is_wanted": False}, 0, Step.DESTROY),
        ({"retry_at": 50.0}, 49, None),
        ({"retry_at": 50.0}, 50, Step.APPLY),
        ({"retry_at": 2000.0}, 1000, Step.EXPIRE),
        ({}, 1000, Step.EXPIRE),
        ({"is_wanted": False}, 2000, Step.DESTROY),
        ({"state": State.GONE, "is_wanted": False}, 2000, None),
    ],
)
def test_the_next_step_of_one_that_is_being_made(changes: dict[str, object], now: float, step: Step | None) -> None:
    assert next_step(msgspec.structs.replace(BASE, **changes), now) is step


@pytest.mark.parametrize(
    ("changes", "now", "step"),
    [
        ({}, 0, None),
        ({"generation": 2}, 0, Step.APPLY),
        ({"restart_count": 1}, 0, Step.RESTART),
        ({"restart_count": 1, "restarted_count": 1}, 0, None),
        ({"seeds": Seeds().asking("orders")}, 0, Step.SEED),
        ({"seeds": Seeds().asking("orders").after(1, is_loaded=True)}, 0, None),
        ({"seeds": Seeds().asking("orders"), "restart_count": 1}, 0, Step.RESTART),
        ({"seeds": Seeds().asking("orders"), "is_paused": True}, 0, Step.PAUSE),
        ({"is_wanted": False, "restart_count": 1}, 0, Step.DESTROY),
        ({"restart_count": 1, "generation": 2}, 0, Step.APPLY),
        ({}, 1000, Step.EXPIRE),
    ],
)
def test_the_next_step_of_one_that_is_ready(changes: dict[str, object], now: float, step: Step | None) -> None:
    assert next_step(msgspec.structs.replace(READY, **changes), now) is step


@given(
    now=st.floats(0, 3000),
    state=st.sampled_from(State),
    is_wanted=st.booleans(),
    generation=st.integers(1, 3),
    settled=st.integers(0, 3),
    retry_at=st.none() | st.floats(0, 3000),
)
def test_whatever_needs_work_is_due_and_nothing_live_is_forgotten(
    now: float, state: State, is_wanted: bool, generation: int, settled: int, retry_at: float | None
) -> None:
    row = msgspec.structs.replace(
        BASE, state=state, is_wanted=is_wanted, generation=generation, settled_generation=settled, retry_at=retry_at
    )
    at = due(row, now)
    assert (next_step(row, now) is not None) == (at is not None and at <= now)
    assert (at is None) == (state is State.GONE)


def test_only_moves_of_the_table_are_made() -> None:
    for state, following in MOVES.items():
        row = msgspec.structs.replace(BASE, state=state)
        for other in State:
            if other in following or other is state:
                assert row.move(other).state is other
            else:
                with pytest.raises(WrongMove):
                    row.move(other)


def test_gone_is_final_and_every_state_leads_there() -> None:
    assert MOVES[State.GONE] == frozenset()
    for state in State:
        reached, todo = {state}, [state]
        while todo:
            todo += [new for new in MOVES[todo.pop()] if not (new in reached or reached.add(new))]  # type: ignore[func-returns-value]
        assert State.GONE in reached


@given(st.text(min_size=1, max_size=250), st.text(max_size=30))
def test_a_slug_is_a_host_name_and_the_same_each_time(branch: str, name: str) -> None:
    slug = slug_of("shop:42", "42", f"refs/heads/{branch}", name)
    assert slug == slug_of("shop:42", "42", f"refs/heads/{branch}", name)
    assert 8 <= len(slug) <= 40
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert "--" not in slug
    assert slug[0] != "-"
    assert slug[-1] != "-"


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=5)), min_size=2, max_size=40, unique=True))
def test_other_identities_have_other_slugs(identities: list[tuple[str, str]]) -> None:
    slugs = {slug_of("shop:42", "42", f"refs/heads/{branch}", name) for branch, name in identities}
    assert len(slugs) == len(identities)


def test_waiting_grows_to_a_minute() -> None:
    assert [backoff_s(count) for count in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
