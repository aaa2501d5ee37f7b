"""Many rows that are not due, and a few that are, put into a database by itself: a million in less than a minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, String, Table, cast, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deployment import Deployment, DeploymentState
from bot.domain.environment import Environment
from bot.domain.message import Person, Platform, Thread
from bot.store.deploy_tables import deployments
from bot.store.record_tables import records
from bot.store.store import Store
from bot.store.tables import cards, environments, messages, outbox

DUE = 50
"""So many of each kind are due."""

_LONG_AGO, _LONG_AFTER = 1.0, 9e9
_THREADS = 100
_DANA = Person(Platform.CONSOLE, "dana", "dana")
Change = Callable[[Any], Mapping[str, Any]]


async def fill(store: Store, count: int) -> None:
    """`count` rows that are not due: half of them environments with a time to come, the others all that was done with."""
    others = count // 8
    async with store.database.write() as connection:
        if store.database.is_sqlite:
            await connection.execute(text("PRAGMA cache_size = -200000"))
        await _copies(connection, environments, _environment(), count // 2, lambda n: _named(n, _LONG_AFTER))
        await _copies(connection, messages, _message(), others, lambda n: {"id": n, "key": _text(n), "lane": _one_of_few(n)})
        await _copies(connection, cards, _card(), others, lambda n: {"id": _text(n), "thread_address": _text(n)})
        await _copies(connection, outbox, _post(), others, lambda n: {"id": n, "thread_address": _one_of_few(n)})
        await _copies(connection, records, _record(), others, lambda n: {"id": _text(n), "environment_id": _text(n)})
        await _copies(connection, deployments, _deployment(), others, lambda n: {"id": _text(n), "number": n, "rollout_id": _text(n)})
        await _due(connection, others)
    if store.database.is_sqlite:
        await store.database.engine.dispose()  # with the last connection its log goes into the file
    else:  # what its own housekeeping does within a minute
        async with store.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("ANALYZE"))


async def _due(connection: AsyncConnection, after: int) -> None:
    now: dict[str, Any] = {"due_at": _LONG_AGO}
    said: dict[str, Any] = {**now, "state": "new"}
    post: dict[str, Any] = {**now, "state": "waiting"}
    await _copies(connection, environments, _environment(), DUE, lambda n: _named(n, _LONG_AGO, "due"))
    for table, row, change in (
        (messages, _message(), lambda n: {**said, "id": n + after, "key": _text(n, "due"), "lane": _one_of_few(n)}),
        (cards, _card(), lambda n: {**now, "id": _text(n, "due"), "thread_address": _text(n, "due")}),
        (outbox, _post(), lambda n: {**post, "id": n + after, "thread_address": _one_of_few(n)}),
        (records, _record(), lambda n: {**now, "id": _text(n, "due"), "environment_id": _text(n, "due")}),
    ):
        await _copies(connection, table, row, DUE, change)


async def _copies(connection: AsyncConnection, table: Table, row: Mapping[str, Any], count: int, change: Change) -> None:
    """Copies of a row, numbered from 1; what `change` makes of the number is different in each."""
    if count < 1:
        return
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    changed = change(numbers.c.n)
    values = [changed[each.name] if each.name in changed else literal(row.get(each.name), each.type) for each in table.columns]
    named = [_labelled(value, each) for value, each in zip(values, table.columns, strict=True)]
    await connection.execute(insert(table).from_select([each.name for each in table.columns], select(*named).select_from(numbers)))


def _labelled(value: Any, of: Column[Any]) -> Any:
    return (value if hasattr(value, "label") else literal(value, of.type)).label(of.name)


def _text(n: Any, prefix: str = "row") -> Any:
    return literal(prefix).concat(cast(n, String))


def _one_of_few(n: Any) -> Any:
    return _text(cast(n, Integer) % _THREADS)


def _named(n: Any, due_at: float, prefix: str = "row") -> Mapping[str, Any]:
    name = _text(n, prefix)
    return {"id": name, "slug": name, "ref": name, "due_at": due_at}


def _environment() -> Mapping[str, Any]:
    thread = Thread(Platform.CONSOLE, "console:dana")
    it = Environment(
        id="", slug="", project="lab", source_id="", ref="", name="", owner=_DANA, thread=thread, created_at=0, expires_at=9e9, sha="a" * 40
    )
    row: dict[str, Any] = msgspec.to_builtins(it)
    return row


def _message() -> Mapping[str, Any]:
    return {"body": "{}", "state": "heard", "received_at": 0.0, "heard_at": 1.0, "troubles": 0}


def _card() -> Mapping[str, Any]:
    return {"thread": {}, "subject": "it", "wanted": 1, "sent": 1, "tries": 0, "is_dead": False, "not_before": 0.0}


def _post() -> Mapping[str, Any]:
    return {"thread": {}, "kind": "post", "body": "{}", "state": "sent", "tries": 0, "created_at": 0.0, "sent_at": 1.0}


def _deployment() -> Mapping[str, Any]:
    it = Deployment(id="", rollout_id="", service="pay", environment="dev", artifact_id="a", created_at=0, state=DeploymentState.SUCCEEDED)
    row: dict[str, Any] = msgspec.to_builtins(it)
    return row


def _record() -> Mapping[str, Any]:
    return {"kind": "status", "wanted": 1, "tries": 0, "is_dead": False}
