"""Lists of many environments: filtered, a page at a time, counted; the audit trail; how the queues are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import Event
from bot.domain.environment import Environment, State
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Reply, Tone, line
from bot.settings import Settings
from bot.store import audit, health, overview, saying
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.overview import Wanted
from bot.store.store import Store
from tests.fakes.clock import ManualClock

if TYPE_CHECKING:
    from bot.store.transaction import Transaction

DANA, GINA = Person(Platform.GITHUB, "7", "dana"), Person(Platform.GITLAB, "7", "gina")
THREAD = Thread(Platform.CONSOLE, "console:dana")
BOTH = frozenset({"shop", "tools"})
HOUR = 3600.0
NOON = 1_000_000.0


def one(number: int, **more: Any) -> Environment:
    usual: dict[str, Any] = {
        "id": f"e{number:05}",
        "slug": f"branch-{number}-abcdef",
        "project": "shop",
        "source_id": "42",
        "ref": f"refs/heads/branch-{number}",
        "name": "",
        "owner": DANA,
        "thread": THREAD,
        "created_at": NOON - number,
        "expires_at": NOON + HOUR,
        "sha": "a" * 40,
        "state": State.READY,
    }
    return Environment(**{**usual, **more})


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    database = Database(Settings(database_url=database_url).sql_url, ManualClock(NOON))
    await migrate(database)
    yield Store(database)
    await database.close()


async def put(store: Store, *environments: Environment) -> None:
    async with store.transaction() as transaction:
        for each in environments:
            assert await transaction.environments.add(each)


async def slugs(store: Store, **wanted: Any) -> list[int]:
    async with store.look() as look:
        page = await overview.page(look.connection, Wanted(**{"projects": BOTH, **wanted}))
    return [int(each.slug.split("-")[1]) for each in page.environments]


async def test_each_filter_leaves_what_it_says(store: Store) -> None:
    await put(
        store,
        one(1),
        one(2, project="tools", owner=GINA, state=State.FAILED),
        one(3, project="secret"),
        one(4, state=State.GONE, gone_at=NOON, gone_reason="dana asked"),
        one(5, ref="refs/heads/Feature/100%_sure"),
    )
    assert await slugs(store) == [1, 2, 5]
    assert await slugs(store, is_past=True) == [4]
    assert await slugs(store, owners=[("github", "7")]) == [1, 5]
    assert await slugs(store, owners=[("gitlab", "7"), ("slack", "U7")]) == [2]
    assert await slugs(store, owners=[]) == []
    assert await slugs(store, project="tools") == [2]
    assert await slugs(store, project="secret") == []
    assert await slugs(store, owner="gina") == [2]
    assert await slugs(store, state="failed") == [2]
    assert await slugs(store, text="feature/100%_") == [5]
    assert await slugs(store, text="BRANCH-2") == [2]
    assert await slugs(store, text="%") == [5]
    assert await slugs(store, projects=frozenset()) == []
    async with store.look() as look:
        assert await overview.states(look.connection, BOTH) == {"ready": 2, "failed": 1}
        assert await overview.owners(look.connection, BOTH) == ["dana", "gina"]


async def test_pages_follow_each_other_and_none_is_missed_or_twice(store: Store) -> None:
    await put(store, *(one(number, created_at=NOON - number // 3) for number in range(1, 26)))
    seen: list[str] = []
    cursor = ""
    while True:
        async with store.look() as look:
            page = await overview.page(look.connection, Wanted(BOTH, after=cursor, limit=4))
        seen += [each.id for each in page.environments]
        cursor = page.next
        if not cursor:
            break
    assert sorted(seen) == sorted(set(seen)) == [one(number).id for number in range(1, 26)]


@given(st.text(max_size=30))
async def test_a_cursor_of_somebody_else_is_the_beginning(cursor: str) -> None:
    assert overview._after(cursor) == [] or cursor.partition("_")[0].strip()


async def test_the_distribution_of_uptimes_over_the_last_month(store: Store) -> None:
    async with store.look() as look:
        assert (await overview.uptimes(look.connection, BOTH, NOON)).total == 0
    lived_h = [0.5, 0.9, 1, 5, 30, 30, 200]
    gone = [one(index, state=State.GONE, created_at=NOON - hours * HOUR, gone_at=NOON) for index, hours in enumerate(lived_h)]
    long_ago = one(50, state=State.GONE, created_at=NOON - 50 * 24 * HOUR, gone_at=NOON - 31 * 24 * HOUR)
    await put(store, *gone, long_ago, one(51, project="secret", state=State.GONE, gone_at=NOON), one(52))
    async with store.look() as look:
        found = await overview.uptimes(look.connection, BOTH, NOON)
    assert found.counts == (2, 1, 0, 1, 0, 2, 0, 1)
    assert found.median_s == 5 * HOUR


async def test_the_trail_shows_what_one_may_see_newest_first(store: Store) -> None:
    await put(store, one(1), one(2, project="secret"))
    async with store.transaction() as transaction:
        for kind, id_, project in (("created", one(1).id, "shop"), ("created", one(2).id, "secret"), ("refused", None, "")):
            await transaction.note(Event(at=NOON, kind=kind, environment_id=id_, project=project, actor="github:dana"))
        await transaction.note(Event(at=NOON, kind="refused", environment_id=one(1).id, actor="github:vera"))
        await transaction.note(Event(at=NOON, kind="stage_ended:starting", environment_id=one(1).id, project="shop"))

    async def kinds(**asked: Any) -> list[tuple[str, str]]:
        async with store.look() as look:
            found = await audit.trail(look.connection, audit.Asked(**{"projects": BOTH, **asked}))
        return [(each.event.kind, each.slug) for each in found.entries]

    slug = one(1).slug
    assert await kinds() == [("stage_ended:starting", slug), ("refused", slug), ("created", slug)]
    assert ("refused", "") in await kinds(is_all=True)
    assert await kinds(kind="stage_ended") == [("stage_ended:starting", slug)]
    assert await kinds(actor="vera") == [("refused", slug)]
    assert await kinds(environment_id=one(2).id) == []
    async with store.look() as look:
        first = await audit.trail(look.connection, audit.Asked(BOTH, limit=2))
        rest = await audit.trail(look.connection, audit.Asked(BOTH, limit=2, before=first.next))
    assert [len(first.entries), len(rest.entries), rest.next] == [2, 1, 0]


async def test_health_says_what_waits_what_is_dead_and_who_works(store: Store) -> None:
    async with store.transaction() as transaction:
        await _post(transaction)
    await store.beat("worker:here:1", "here:1", 10)
    assert await store.claim("environment:e1", "here:1", 30) is not None
    async with store.look() as look:
        found = await health.health(look.connection, NOON + 5)
    posts = next(each for each in found.queues if each.name == "posts")
    assert (posts.waiting, posts.due, posts.late_s, posts.dead) == (1, 1, 5.0, 0)
    assert [(each.name, each.left_s) for each in found.workers] == [("worker:here:1", 5.0)]
    assert [(each.name, each.fence) for each in found.held] == [("environment:e1", 1)]
    async with store.transaction() as transaction:
        waiting = await saying.next_post(transaction.connection, THREAD.address)
        assert waiting is not None
        await saying.post_ended(transaction.connection, waiting, "dead", None, NOON)
    async with store.look() as look:
        found = await health.health(look.connection, NOON + 5)
    assert [(each.thread, each.created_at) for each in found.dead_posts] == [(THREAD.address, NOON)]
    assert next(each for each in found.queues if each.name == "posts").dead == 1


async def _post(transaction: Transaction) -> None:
    await transaction.post(THREAD, Reply(Tone.GOOD, (line("hello"),)))


async def test_what_happened_since(store: Store) -> None:
    await put(store, one(1))
    async with store.look() as look:
        before = await overview.newest_change(look.connection)
    async with store.transaction() as transaction:
        await transaction.note(Event(at=NOON, kind="ready", environment_id=one(1).id, project="shop"))
        await transaction.note(Event(at=NOON, kind="refused"))
    async with store.look() as look:
        found = await audit.after(look.connection, before)
    assert [(each.event.environment_id, each.event.project, each.slug) for each in found] == [
        (one(1).id, "shop", one(1).slug),
        (None, "", ""),
    ]
