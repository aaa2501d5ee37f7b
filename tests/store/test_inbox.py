"""Deliveries are durable before they are acknowledged, once each, however they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.message import Dialect, Incoming, Person, Platform, Pushed, Said, Thread
from bot.store import hearing
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.store.tables import messages
from bot.store.transaction import Ring


def said(key: str, text: str = "/ivy create") -> Said:
    person = Person(Platform.GITHUB, "7", "dana")
    return Said(key, person, Thread(Platform.GITHUB, "github:shop:12"), text, "issue:1", Dialect.MARKDOWN, "shop", 12)


@pytest.fixture
async def inbox(store: Store) -> AsyncIterator[Inbox]:
    made = Inbox(store)
    made.start()
    yield made
    await made.stop()


async def count(store: Store) -> int:
    async with store.look() as look:
        return int((await look.connection.execute(select(func.count()).select_from(messages))).scalar_one())


async def test_what_was_taken_is_there(store: Store, inbox: Inbox) -> None:
    await inbox.take("github", "d1", "issue_comment", (said("github:42:comment:1"),))
    assert await count(store) == 1


async def test_the_same_words_are_taken_once_whatever_the_delivery_calls_itself(store: Store, inbox: Inbox) -> None:
    takes = [inbox.take("github", f"d{number % 3}", "issue_comment", (said("github:42:comment:1"),)) for number in range(20)]
    await asyncio.gather(*takes)
    assert await count(store) == 1


async def test_a_branch_that_comes_back_to_a_commit_rings_again(store: Store, inbox: Inbox) -> None:
    push: Incoming = Pushed("github:42:push:refs/heads/demo:aaa", "shop", "refs/heads/demo", "a" * 40)
    await inbox.take("github", "d1", "push", (push,))
    await inbox.take("github", "d2", "push", (push,))
    assert await count(store) == 2


async def test_a_thousand_at_once_are_all_there(store: Store, inbox: Inbox) -> None:
    await asyncio.gather(*(inbox.take("github", f"d{n}", "issue_comment", (said(f"github:42:comment:{n}"),)) for n in range(1000)))
    assert await count(store) == 1000


async def test_a_bell_that_cannot_be_rung_loses_nothing(store: Store, inbox: Inbox) -> None:
    rung: list[Ring] = []

    async def ring(rings: Iterable[Ring]) -> None:
        rung.extend(rings)

    store.ringer = ring
    await inbox.take("github", "d1", "issue_comment", (said("github:42:comment:1"),))
    await asyncio.sleep(0)
    [due] = await store.due()
    assert due[0] == "hear"
    assert rung == [due]


async def test_each_lane_of_a_group_is_rung_once(store: Store, inbox: Inbox) -> None:
    rung: list[Ring] = []

    async def ring(rings: Iterable[Ring]) -> None:
        rung.extend(rings)

    store.ringer = ring
    together = [Thread(Platform.GITHUB, f"github:shop:{number % 3}") for number in range(9)]
    words = [msgspec.structs.replace(said(f"github:42:comment:{n}"), thread=thread) for n, thread in enumerate(together)]
    await inbox.take("github", "d1", "issue_comment", words)
    await asyncio.sleep(0)
    assert {kind for kind, _ in rung} == {"hear"}
    async with store.look() as look:
        lanes = [await hearing.lane_of(look.connection, int(id_)) for _, id_ in rung]
    assert sorted(str(lane) for lane in lanes) == ["github:shop:0", "github:shop:1", "github:shop:2"]


async def test_a_database_that_fails_is_told_to_the_sender(store: Store, inbox: Inbox) -> None:
    async with store.database.write() as connection:
        await connection.run_sync(messages.drop)
    with pytest.raises(SQLAlchemyError):
        await inbox.take("github", "d1", "issue_comment", (said("github:42:comment:1"),))
