"""What is pressed on a page, against what is typed there."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tests.browser import signed_in, signed_in_elsewhere
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


async def test_data_is_loaded_by_its_button_and_the_page_says_so(world: World) -> None:
    file = b"version: 1\nservices: {web: {run: python3 app.py}}\nseeds: {orders: {run: ./seed.sh, description: 300 orders}, none: {run: ./seed.sh 0}}\n"
    world.repositories.files["b" * 40] = {".dev-env.yaml": file}
    async with signed_in(world, "dana") as web:
        await create(web)
        await world.settle()
        here = f"/environments/{(await world.environment()).slug}"
        page = (await web.get(here)).text
        lines = re.findall(r'<button name="line" value="([^"]+ --seed [^"]+)">([^<]+)</button>', page)
        assert [label for _, label in lines] == ["Load orders", "Load none"]
        assert "300 orders" in words(await web.get(here))
        answered = await web.sends("/say", line=lines[0][0], back=here)
        await world.settle()
        assert [dataset.name for _, dataset in world.engine.seeded] == ["orders"]
        page = words(await web.get(answered.headers["location"]))
        assert "is ready and has the data orders" in page
        assert "Load again: orders" in page

    async with signed_in_elsewhere(world, "gina", "viewer") as web:
        assert "--seed orders" not in (await web.get(here)).text
