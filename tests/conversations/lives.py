"""What happened on one request, as the judge of histories wants it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.store.tables import cards, commands, environments, events, messages, outbox
from tests.recorded import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Select

    from bot.store.store import Store
    from tests.fakes.forge import Request
    from tests.fakes.github import FakeGitHub
    from tests.recorded import Row


def words_of(text: str) -> tuple[str, ...]:
    """Product and verb of each line."""
    return tuple(" ".join(line.removeprefix("/").split()[:2]) for line in text.splitlines())


def remarks_of(github: FakeGitHub, on: Request) -> Iterator[Remark]:
    for comment in github.comments(on):
        signs = tuple(sign for login, sign in comment.reactions if login == github.bot.login)
        is_ours = comment.author is github.bot
        yield Remark(f"issue:{comment.id}", f"github:shop:{on.number}", comment.body, is_the_bots=is_ours, signs=signs)


async def rows_of(store: Store, ref: str, thread: str) -> dict[str, list[Row]]:
    mine = select(environments.c.id).where(environments.c.ref == ref)
    queries: dict[str, Select[Any]] = {
        "environments": select(environments).where(environments.c.ref == ref),
        "events": select(events).where(events.c.environment_id.in_(mine)),
        "messages": select(messages).where(messages.c.lane == thread),
        "commands": select(commands).where(commands.c.thread["address"].as_string() == thread, commands.c.words != ""),
        "cards": select(cards).where(cards.c.thread_address == thread),
        "outbox": select(outbox).where(outbox.c.thread_address == thread),
    }
    async with store.look() as look:
        return {name: [_plain(row) for row in (await look.connection.execute(query)).mappings()] for name, query in queries.items()}


def _plain(row: Any) -> Row:
    found = dict(row)
    if isinstance(found.get("body"), str):
        found["body"] = json.loads(found["body"])
    return found
