"""What streams are told: everything once, also what is committed late, and only what one may see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import Event
from bot.domain.message import Person, Platform
from bot.store.overview import Change
from bot.web.pages.live import _said
from bot.web.pages.saying import thread_of
from bot.web.pages.sight import Sight, View
from bot.web.session import SignedIn
from bot.web.watch import Mark, News, Watch, Watcher, next_news

if TYPE_CHECKING:
    from tests.world import World

DANA = Person(Platform.CONSOLE, "dana", "dana")
USER = SignedIn(DANA, "token", "local", 0.0)


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_whatever_is_numbered_is_new_once_in_whatever_order_it_is_committed(order: list[int], cuts: list[int]) -> None:
    mark: Mark[str] = Mark(0)
    told: list[str] = []
    for cut in [*sorted(cuts), 30]:
        committed = sorted(order[:cut])
        told += mark.fresh([(number, f"row {number}") for number in committed if number > mark.after])
    assert sorted(told) == sorted(f"row {number}" for number in order)


def test_what_was_there_before_is_not_news() -> None:
    mark: Mark[str] = Mark(100)
    assert mark.after == 100
    assert mark.fresh([(101, "a")]) == ["a"]
    assert mark.fresh([(101, "a"), (102, "b")]) == ["b"]


class Judge:
    def __init__(self, *projects: str) -> None:
        self._projects = frozenset(projects)

    async def view(self, person: Person) -> View:
        return View(self._projects, is_operator=False)


def _sight(*projects: str) -> Sight:
    sight = Sight(None)  # type: ignore[arg-type]
    sight.of = Judge(*projects).view  # type: ignore[method-assign]
    return sight


async def test_a_stream_tells_only_of_what_may_be_seen() -> None:
    news = News((Change(7, "e1", "shop"), Change(8, "e2", "secret")), frozenset({thread_of(DANA).address, "web:console:gina"}))
    assert await _said(news, USER, _sight("shop")) == 'id: 7\nevent: changed\ndata: ["e1"]\n\nevent: heard\ndata: {}\n\n'
    assert await _said(news, USER, _sight()) == "event: heard\ndata: {}\n\n"
    assert await _said(News((Change(8, "e2", "secret"),)), USER, _sight("shop")) == ""


async def test_one_look_serves_all_and_ends_with_the_last(world: World) -> None:
    watch = Watch(world.store, pace_s=0.01)
    async with watch.watching() as one, watch.watching() as other:
        await asyncio.sleep(0.05)
        async with world.store.transaction() as transaction:
            await transaction.note(Event(at=1.0, kind="ready", environment_id="e1", project="shop"))
        for each in (one, other):
            news = await next_news(each, 10)
            assert news is not None
            assert [change.environment_id for change in news.changes] == ["e1"]
        assert await next_news(one, 0.0) == News()
    assert watch._task is None


async def test_everybody_is_let_go_when_we_stop(world: World) -> None:
    watch = Watch(world.store, pace_s=0.01)
    async with watch.watching() as watcher:
        watch.close()
        assert await next_news(watcher, 10) is None
    async with watch.watching() as late:
        assert await next_news(late, 10) is None


async def test_a_stream_that_nobody_reads_is_ended() -> None:
    watcher = Watcher()
    for number in range(1_000):
        watcher.tell(News((Change(number, "e1", "shop"),)))
    told = []
    while not watcher.news.empty():
        told.append(watcher.news.get_nowait())
    assert None in told
    assert len(told) <= 200
