"""What is pressed on a page, against what is typed there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.browser import signed_in
from tests.web.test_pages import create, words

if TYPE_CHECKING:
    from tests.world import World


async def test_a_double_click_is_one_press(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        it = await world.environment()
        press = {"line": f"/ivy extend {it.slug} 4h", "back": f"/environments/{it.slug}"}
        await asyncio.gather(*(web.sends("/say", **press) for _ in range(2)))
        await world.settle()
        assert (await world.environment()).expires_at == it.expires_at + 4 * 3600
        world.clock.advance(seconds=10)
        await web.sends("/say", **press)
        await world.settle()
        assert (await world.environment()).expires_at == it.expires_at + 8 * 3600


async def test_what_is_typed_twice_is_meant_twice(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        it = await world.environment()
        for _ in range(2):
            await web.sends("/say", line=f"/ivy extend {it.slug} 4h", back="/chat", typed="yes", wait="no")
        await world.settle()
        assert (await world.environment()).expires_at == it.expires_at + 8 * 3600
        assert 'name="typed"' in (await web.get("/chat")).text


async def test_after_a_press_a_page_shows_its_answer_and_not_what_was_said_later(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        it = await world.environment()
        back = (await web.sends("/say", line=f"/ivy extend {it.slug} 4h", back=f"/environments/{it.slug}")).headers["location"]
        await world.settle()
        await web.sends("/say", line="/ivy whoami", back="/chat", typed="yes", wait="no")
        await world.settle()
        page = words(await web.get(back))
        assert "has 4 h more" in page
        assert "You are dana" not in page
