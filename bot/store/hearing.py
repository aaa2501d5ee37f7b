"""Messages that wait to be heard: lane by lane, each lane in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.message import Edited, Incoming, Said
from bot.store.leases import is_free
from bot.store.tables import messages

_MOST_PRESSES = 50  # of one lane: what lies before that was no double click
_decode = msgspec.json.Decoder(Incoming)


@dataclass(frozen=True)
class Waiting:
    id: int
    lane: str
    incoming: Incoming
    received_at: float
    troubles: int
    due_at: float


def _waiting_of(row: object) -> Waiting:
    return Waiting(row.id, row.lane, _decode.decode(row.body), row.received_at, row.troubles, row.due_at)  # type: ignore[attr-defined]


async def lane_of(connection: AsyncConnection, message_id: int) -> str | None:
    return (await connection.execute(select(messages.c.lane).where(messages.c.id == message_id))).scalar_one_or_none()


async def next_in(connection: AsyncConnection, lane: str) -> Waiting | None:
    """The oldest message of the lane that has not been heard, whether or not its time has come."""
    query = (
        select(messages)
        .where(messages.c.lane == lane, messages.c.state == "new", messages.c.due_at.is_not(None))
        .order_by(messages.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return _waiting_of(row) if row else None


async def by_key(connection: AsyncConnection, key: str) -> tuple[Waiting, str] | None:
    """A message by its content's key, with its state."""
    row = (await connection.execute(select(messages).where(messages.c.key == key))).first()
    return (_waiting_of(row), row.state) if row else None


def is_next(now: float) -> ColumnElement[bool]:
    """A condition: no message before it in its lane was put off, which it must wait for."""
    before = messages.alias()
    put_off = select(before.c.id).where(before.c.lane == messages.c.lane, before.c.id < messages.c.id, before.c.due_at > now)
    return ~put_off.exists()


def due(now: float, limit: int) -> Select[Any]:
    """Messages whose time has come, in lanes that nobody hears now, oldest first."""
    query = select(messages.c.id).where(messages.c.due_at <= now, is_free("lane:", messages.c.lane, now), is_next(now))
    # By a sum, so that no database walks through all the messages there ever were because they are in that order.
    return query.order_by(messages.c.id + 0).limit(limit)


async def any_due(connection: AsyncConnection, now: float) -> int | None:
    """The oldest message whose time has come, in a lane that nobody hears now."""
    found: int | None = (await connection.execute(due(now, 1))).scalar_one_or_none()
    return found


async def edit_of(connection: AsyncConnection, waiting: Waiting) -> Waiting | None:
    """An edit of this message that is already here and has not been heard."""
    query = select(messages).where(messages.c.lane == waiting.lane, messages.c.state == "new", messages.c.id > waiting.id)
    for row in await connection.execute(query.order_by(messages.c.id)):
        later = _waiting_of(row)
        if isinstance(later.incoming, Edited) and later.incoming.said_key == waiting.incoming.key:
            return later
    return None


async def was_pressed(connection: AsyncConnection, waiting: Waiting, said: Said, within_s: float) -> bool:
    """Whether the same button was pressed by the same person moments before: a double click, or a press that was sent again."""
    if said.pressed is None or said.said_at is None:
        return False
    query = select(messages.c.body).where(messages.c.lane == waiting.lane, messages.c.id < waiting.id, messages.c.state != "repeated")
    rows = (await connection.execute(query.order_by(messages.c.id.desc()).limit(_MOST_PRESSES))).scalars()
    before = (_decode.decode(body) for body in rows)
    return any(
        isinstance(each, Said) and each.pressed == said.pressed and abs((each.said_at or 0.0) - said.said_at) < within_s for each in before
    )


async def heard(connection: AsyncConnection, message_id: int, now: float, state: str = "heard") -> None:
    await connection.execute(update(messages).where(messages.c.id == message_id).values(state=state, heard_at=now, due_at=None))


async def wait(connection: AsyncConnection, waiting: Waiting, until: float) -> None:
    """Hear it again later, and count no trouble."""
    await connection.execute(update(messages).where(messages.c.id == waiting.id).values(due_at=until))


async def put_off(connection: AsyncConnection, waiting: Waiting, until: float) -> None:
    """Hear it again later: the trouble was ours."""
    values = {"troubles": waiting.troubles + 1, "due_at": until}
    await connection.execute(update(messages).where(messages.c.id == waiting.id).values(values))
