"""What waits to be said in a thread: cards, posts and signs, the head of the line first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.message import Thread
from bot.store.leases import is_free
from bot.store.rows import in_no_order
from bot.store.tables import cards, commands, messages, outbox, threads


@dataclass(frozen=True)
class WaitingPost:
    id: int
    thread: Thread
    kind: str
    body: str
    tries: int
    due_at: float
    fallback: Thread | None = None


@dataclass(frozen=True)
class WaitingCard:
    id: str
    thread: Thread
    subject: str
    wanted: int
    remote_id: str | None
    tries: int
    due_at: float


def opened_on(address: str) -> Select[tuple[str]]:
    """The thread that a slash command opened with the message that this Slack thread hangs on: one thread under two addresses."""
    return select(threads.c.address).where(threads.c.root == _message_of(address), threads.c.address != address)


def shown_on(address: str) -> Select[tuple[str]]:
    """The subjects of the cards that stand in a Slack thread, and of the card under which it hangs."""
    here = (cards.c.thread_address == address) | cards.c.thread_address.in_(opened_on(address))
    return select(cards.c.subject).where(here | (cards.c.remote_id == _message_of(address)))


def _message_of(address: str) -> str:
    """The message that a Slack thread hangs on, as `<channel>:<ts>`; "" for other threads."""
    return address.split(":", 2)[2] if address.startswith("slack:") and address.count(":") >= 3 else ""


async def root_of(connection: AsyncConnection, address: str) -> str | None:
    return (await connection.execute(select(threads.c.root).where(threads.c.address == address))).scalar_one_or_none()


async def keep_root(connection: AsyncConnection, address: str, root: str) -> None:
    if await root_of(connection, address) is None:
        await connection.execute(threads.insert().values(address=address, root=root))
    else:
        await connection.execute(update(threads).where(threads.c.address == address).values(root=root))


def is_next(now: float) -> ColumnElement[bool]:
    """A condition: no post before it in its thread was put off, which it must wait for."""
    before = outbox.alias()
    same_thread = (before.c.thread_address == outbox.c.thread_address, before.c.state == "waiting")
    return ~select(before.c.id).where(*same_thread, before.c.id < outbox.c.id, before.c.due_at > now).exists()


def due(now: float, limit: int) -> Sequence[Select[Any]]:
    """Threads in which a card is to be drawn or something to be said, and which nobody speaks in now: two questions."""
    found = []
    for table, condition in ((cards, true()), (outbox, is_next(now))):
        address = in_no_order(table.c.thread_address)
        is_due = (table.c.due_at <= now, is_free("thread:", table.c.thread_address, now), condition)
        found.append(select(address).where(*is_due).group_by(address).order_by(func.min(table.c.due_at)).limit(limit))
    return found


async def next_post(connection: AsyncConnection, address: str) -> WaitingPost | None:
    query = select(outbox).where(outbox.c.thread_address == address, outbox.c.state == "waiting").order_by(outbox.c.id).limit(1)
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    fallback = msgspec.convert(row.fallback, Thread) if row.fallback else None
    return WaitingPost(row.id, msgspec.convert(row.thread, Thread), row.kind, row.body, row.tries, row.due_at, fallback)


async def next_card(connection: AsyncConnection, address: str) -> WaitingCard | None:
    query = select(cards).where(cards.c.thread_address == address, cards.c.due_at.is_not(None), cards.c.is_dead.is_(False))
    row = (await connection.execute(query.order_by(cards.c.due_at).limit(1))).first()
    if row is None:
        return None
    return WaitingCard(row.id, msgspec.convert(row.thread, Thread), row.subject, row.wanted, row.remote_id, row.tries, row.due_at)


async def post_tried(connection: AsyncConnection, post: WaitingPost, due_at: float) -> None:
    await connection.execute(update(outbox).where(outbox.c.id == post.id).values(tries=post.tries + 1, due_at=due_at))


async def post_waits(connection: AsyncConnection, post: WaitingPost, due_at: float) -> None:
    """It was not taken because we say too much: that is no try, however often it happens."""
    await connection.execute(update(outbox).where(outbox.c.id == post.id).values(tries=post.tries, due_at=due_at))


async def card_waits(connection: AsyncConnection, card: WaitingCard, due_at: float) -> None:
    await connection.execute(update(cards).where(cards.c.id == card.id).values(tries=card.tries, due_at=due_at))


async def put_off(connection: AsyncConnection, waiting: WaitingPost | WaitingCard, due_at: float) -> None:
    """Leave it for later, untried."""
    table = outbox if isinstance(waiting, WaitingPost) else cards
    await connection.execute(update(table).where(table.c.id == waiting.id).values(due_at=due_at))


async def post_ended(connection: AsyncConnection, post: WaitingPost, state: str, remote_id: str | None, now: float) -> None:
    values = {"state": state, "remote_id": remote_id, "sent_at": now, "due_at": None}
    await connection.execute(update(outbox).where(outbox.c.id == post.id).values(values))


async def card_tried(connection: AsyncConnection, card: WaitingCard, due_at: float) -> None:
    await connection.execute(update(cards).where(cards.c.id == card.id).values(tries=card.tries + 1, due_at=due_at))


async def arrived_at(connection: AsyncConnection, card: WaitingCard) -> float | None:
    """When the message came that a card answers which has never been sent; None for all others."""
    asked = select(func.max(messages.c.received_at)).join(commands, commands.c.message_id == messages.c.id)
    is_first = select(cards.c.id).where(cards.c.id == card.id, cards.c.sent == 0).exists()
    found: float | None = (await connection.execute(asked.where(commands.c.environment_id == card.subject, is_first))).scalar_one_or_none()
    return found


async def card_sent(connection: AsyncConnection, card: WaitingCard, remote_id: str, again_at: float) -> None:
    """Record what was sent. No drawing goes out before `again_at`; one that is wanted already is due then."""
    due_at = case((cards.c.wanted > card.wanted, again_at), else_=None)
    values = {"sent": card.wanted, "remote_id": remote_id, "tries": 0, "not_before": again_at, "due_at": due_at}
    await connection.execute(update(cards).where(cards.c.id == card.id).values(values))


async def card_forgotten(connection: AsyncConnection, card: WaitingCard, now: float) -> None:
    """Its message was deleted by somebody: a new one is made."""
    await connection.execute(update(cards).where(cards.c.id == card.id).values(remote_id=None, tries=0, due_at=now))


async def card_dead(connection: AsyncConnection, card: WaitingCard) -> None:
    await connection.execute(update(cards).where(cards.c.id == card.id).values(is_dead=True, due_at=None))
