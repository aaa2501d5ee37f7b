"""A desk works on each row once at a time, on so many at once, and looks again at what was rung for meanwhile."""

from __future__ import annotations

import asyncio

from bot.domain.errors import LeaseLost
from bot.worker.desk import Desk


class Work:
    """Begun and ended ids; each ends when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}

    def gate(self, id_: str) -> asyncio.Event:
        return self._gates.setdefault(id_, asyncio.Event())

    async def __call__(self, id_: str) -> None:
        self.begun.append(id_)
        await self.gate(id_).wait()
        self.ended.append(id_)


async def _soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_so_many_at_once_and_no_more() -> None:
    work = Work()
    desk = Desk("create", work, 2)
    assert [desk.take(each) for each in "abc"] == [True, True, False]
    assert not desk.has_room
    await _soon()
    assert work.begun == ["a", "b"]
    work.gate("a").set()
    async with asyncio.timeout(60):
        await desk.room()
    assert desk.take("c")
    work.gate("b").set()
    work.gate("c").set()
    await desk.idle()
    assert sorted(work.ended) == ["a", "b", "c"]


async def test_a_row_in_hand_is_worked_on_by_one_and_then_once_more() -> None:
    work = Work()
    nudged: list[str] = []
    desk = Desk("create", work, 5, nudged.append)
    assert [desk.take("a") for _ in range(4)] == [True] * 4
    await _soon()
    assert (work.begun, nudged) == (["a"], ["a", "a", "a"])
    work.gate("a").set()
    await desk.idle()
    assert work.ended == ["a", "a"]


async def test_on_a_full_desk_a_ring_for_what_is_in_hand_is_kept() -> None:
    work = Work()
    desk = Desk("create", work, 1)
    desk.take("a")
    assert desk.take("a")
    assert not desk.take("b")
    work.gate("a").set()
    await desk.idle()
    assert work.ended == ["a", "a"]


async def test_work_that_breaks_leaves_the_desk_whole() -> None:
    tried: list[str] = []

    async def work(id_: str) -> None:
        tried.append(id_)
        raise (LeaseLost if id_ == "lost" else RuntimeError)(id_)

    desk = Desk("hear", work, 1)
    for each in ("lost", "broken", "lost"):
        assert desk.take(each)
        await desk.idle()
        assert desk.has_room
    assert tried == ["lost", "broken", "lost"]


async def test_closing_lets_go_of_everything_and_takes_nothing_more() -> None:
    work = Work()
    desk = Desk("say", work, 5)
    desk.take("a")
    desk.take("a")
    desk.take("b")
    await _soon()
    async with asyncio.timeout(60):
        await desk.close()
    assert work.ended == []
    assert not desk.has_room
    assert not desk.take("c")
    await desk.idle()


async def test_closed_before_it_could_begin_it_holds_nothing() -> None:
    desk = Desk("create", Work(), 5)
    desk.take("a")
    await desk.close()
    async with asyncio.timeout(60):
        await desk.idle()
