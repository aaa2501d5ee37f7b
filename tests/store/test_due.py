"""What is due is found by indices alone: whatever is done with, or has its time to come, costs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from bench.crowd import DUE, fill
from bot.store import hearing

if TYPE_CHECKING:
    from bot.store.store import Store


async def _plans(store: Store) -> list[str]:
    """What the database does for each of the sweep's questions, and for the one of a worker that looks for more."""
    asked: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    engine = store.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    await store.due()
    async with store.look() as look:
        await hearing.any_due(look.connection, look.now)
        await hearing.next_in(look.connection, "lane")
    event.remove(engine, "before_cursor_execute", keep)
    explain = "EXPLAIN QUERY PLAN " if store.database.is_sqlite else "EXPLAIN "
    found = []
    async with store.database.read() as connection:
        for statement, parameters in asked:
            if "due_at" in statement:
                rows = await connection.exec_driver_sql(explain + statement, parameters)
                found.append("\n".join(str(row[-1]) for row in rows))
    return found


async def test_no_table_is_read_to_its_end(store: Store) -> None:
    await fill(store, 16_000)
    plans = await _plans(store)
    assert len(plans) == 9
    for plan in plans:
        assert not re.search(r"^SCAN |Seq Scan on (?!leases)", plan, re.MULTILINE), plan


@pytest.mark.parametrize("count", [800])
async def test_all_that_is_due_is_found_in_order(store: Store, count: int) -> None:
    await fill(store, count)
    found = await store.due()
    kinds = [kind for kind, _ in found]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"create": DUE, "hear": DUE, "say": 2 * DUE, "record": DUE}
    heard = [int(id_) for kind, id_ in found if kind == "hear"]
    assert heard == sorted(heard)
