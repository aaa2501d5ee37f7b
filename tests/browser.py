"""A browser without a screen: keeps cookies, follows where it is led, and sends what our pages would send."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from bot.domain.message import Person, Platform
from bot.open import whoami
from bot.store.sessions import Sessions
from bot.store.web_people import WebPeople, WebPerson
from bot.web.session import cookie_name, csrf_of
from bot.web.site import base_of

if TYPE_CHECKING:
    from tests.world import World


class Browser(httpx.AsyncClient):
    """`csrf` is what the pages of this session bear."""

    @property
    def csrf(self) -> str:
        return csrf_of(self.cookies.get(cookie_name(base_of(str(self.base_url)))) or "")

    async def sends(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of ours."""
        return await self.post(path, data={"csrf": self.csrf, **fields}, headers={"origin": str(self.base_url).rstrip("/")})


@asynccontextmanager
async def browser(world: World, *, base_url: str = "http://trellis.localhost") -> AsyncIterator[Browser]:
    """Nobody is signed in."""
    async with Browser(transport=world.web._transport, base_url=base_url) as made:
        yield made


async def link_for(world: World, name: str) -> str:
    """The path of a one-time link, as `trellis login --as NAME` gets it."""
    token = (world.settings.data_dir / "console.token").read_text()
    answer = await world.web.post("/console/sign-in", json={"person": name}, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    return re.sub(r"^http://trellis.localhost:\d+", "", answer.json()["url"])


@asynccontextmanager
async def signed_in_elsewhere(world: World, name: str, role: str) -> AsyncIterator[Browser]:
    """Somebody whom a provider of sign-ins tells of."""
    await WebPeople(world.store).signed_in(WebPerson(name, "https://id.example", name, name, f"{name}@id.example", role))
    async with browser(world) as made:
        secret = await Sessions(world.store).begin(Person(Platform.WEB, name, name), "acme", 3600)
        made.cookies.set(cookie_name(base_of(str(made.base_url))), secret)
        yield made


@asynccontextmanager
async def signed_in(world: World, name: str = whoami()) -> AsyncIterator[Browser]:
    """Somebody of this machine, signed in by a one-time link."""
    async with browser(world) as made:
        assert (await made.get(await link_for(world, name))).status_code == 303
        yield made
