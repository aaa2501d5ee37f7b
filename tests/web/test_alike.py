"""Chat, the console, the web page and the API are heard by one bus: the same person is told the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.domain.message import Person, Platform
from bot.store.tables import commands
from bot.store.web_people import WebPeople, WebPerson
from tests.api import api_of
from tests.browser import signed_in
from tests.world import a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World

pytestmark = pytest.mark.long

ROLES = ("viewer", "developer", "admin")

LINES = (
    "/ivy create lab:demo",
    "/ivy create lab:demo --name second --ttl 900h",
    "/ivy create lab:nowhere",
    "/ivy create nowhere:demo",
    "/ivy create --tll 4h",
    "/ivy list",
    "/ivy status demo-cd7qqd",
    "/ivy extend demo-cd7qqd 2h",
    "/ivy extend demo-cd7qqd 900h",
    "/ivy extend nothing-abc123",
    "/ivy restart demo-cd7qqd nope",
    "/ivy logs demo-cd7qqd",
    "/ivy dance",
    "/ivy terminate demo-cd7qqd",
    "/ivy extend demo-cd7qqd",
    "/ivy whoami",
)


@pytest.fixture(params=ROLES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world in which whoever is at this machine and whoever signed in with a provider have the same role."""
    role = request.param
    async with a_world(tmp_path, console_role=role) as world:
        await WebPeople(world.store).signed_in(WebPerson("oidc~dana", "https://id.example", "1", "dana", "", role))
        yield world


async def _decided(world: World) -> list[tuple[str, str, str]]:
    """What was decided, in order: the command, its state and its reason."""
    async with world.store.look() as look:
        rows = (await look.connection.execute(select(commands).order_by(commands.c.message_id, commands.c.position))).mappings()
        return [(row["words"], row["state"], row["code"]) for row in rows]


async def _by_console(world: World) -> None:
    for text in LINES:
        await world.types(text)


async def _by_page(world: World) -> None:
    async with signed_in(world, "dana") as web:
        for text in LINES:
            assert (await web.sends("/say", line=text, back="/chat", wait="no")).status_code == 303
            await world.settle()


async def _by_token(world: World) -> None:
    api = await api_of(world)
    for text in LINES:
        await api.says(text)


async def _by_token_of_somebody_signed_in(world: World) -> None:
    api = await api_of(world, Person(Platform.WEB, "oidc~dana", "dana"))
    for text in LINES:
        await api.says(text)


async def test_it_is_decided_alike_wherever_it_is_said(house: World) -> None:
    seen: dict[str, list[tuple[str, str, str]]] = {}
    before = 0
    for say in (_by_console, _by_page, _by_token, _by_token_of_somebody_signed_in):
        await say(house)
        decided = await _decided(house)
        seen[say.__name__] = decided[before:]
        before = len(decided)
    assert all(len(each) == len(LINES) for each in seen.values()), {name: len(each) for name, each in seen.items()}
    first = seen["_by_console"]
    assert {state for _, state, _ in first} >= {"done", "refused"}
    for name, decided in seen.items():
        assert decided == first, name


async def test_the_words_of_a_refusal_are_the_same_too(house: World) -> None:
    typed = await house.types("/ivy extend nothing-abc123")
    said = await (await api_of(house)).says("/ivy extend nothing-abc123")
    assert [each["text"] for each in said["replies"]] == typed
