"""Which message something goes back to: its key names the trace."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import commands, messages


async def key_of_environment(connection: AsyncConnection, environment_id: str) -> str:
    """That of the newest command about it; its own id where there was none."""
    said = select(messages.c.key).join(commands, commands.c.message_id == messages.c.id)
    newest = said.where(commands.c.environment_id == environment_id).order_by(commands.c.created_at.desc()).limit(1)
    return (await connection.execute(newest)).scalar_one_or_none() or environment_id


async def key_of_thread(connection: AsyncConnection, address: str) -> str:
    """That of the newest message in it; its address where nobody said anything."""
    newest = select(messages.c.key).where(messages.c.lane == address).order_by(messages.c.id.desc()).limit(1)
    return (await connection.execute(newest)).scalar_one_or_none() or address
