"""Who has been here, on the platforms that cannot be asked for their people: terminals and sign-ins."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.message import Person, Platform
from bot.store.tables import commands
from bot.store.web_tables import web_people, web_sessions


async def known(connection: AsyncConnection, platform: Platform, name: str) -> Person | None:
    """The only one of that name who spoke or signed in there; of sign-ins also by what stands before the @ of their e-mail address."""
    return await (_signed_in if platform is Platform.WEB else _heard)(connection, name.lower())


async def _heard(connection: AsyncConnection, name: str) -> Person | None:
    for column in (commands.c.person, web_sessions.c.person):
        is_theirs = (column["platform"].as_string() == Platform.CONSOLE, column["id"].as_string() == name)
        if found := (await connection.execute(select(column).where(*is_theirs).limit(1))).scalar_one_or_none():
            return msgspec.convert(found, Person)
    return None


async def _signed_in(connection: AsyncConnection, name: str) -> Person | None:
    columns = web_people.c
    is_id = (func.lower(columns.id) == name) | (func.lower(columns.name) == name)
    is_called = is_id | func.lower(columns.email).startswith(f"{name}@", autoescape=True)
    found = (await connection.execute(select(columns.id, columns.name).where(is_called).limit(2))).all()
    return Person(Platform.WEB, found[0].id, found[0].name) if len(found) == 1 else None
