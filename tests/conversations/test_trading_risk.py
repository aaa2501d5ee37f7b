"""A trading environment tells how its book stands; it is halted at its drawdown until a person resumes it; a long test holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bot.domain.environment import State
from bot.domain.schedule import check
from tests.browser import signed_in
from tests.conversations.talk import Talk
from tests.conversations.test_trading import FILE, write
from tests.conversations.test_trading_feed import secrets_of
from tests.web.test_pages import words

if TYPE_CHECKING:
    import httpx

    from tests.world import World

HOUR = 3600
WELL = {"orders": 12, "refused": 3, "position_usd": "930.00", "equity_usd": "9990.00", "drawdown_pct": "0.10", "halted": "", "halts": 0}
DOWN = WELL | {"drawdown_pct": "5.20", "halted": "it is down by 5.20 % from its best, and 5 % is allowed", "halts": 1}


class Services:
    """What runs in an environment, as far as Trellis hears of it."""

    def __init__(self, world: World, slug: str, key: str) -> None:
        self._world, self._at = world, f"http://127.0.0.1:8700/api/v1/environments/{slug}"
        self._headers = {"authorization": f"Bearer {key}"}

    async def says(self, method: str, path: str, **body: Any) -> httpx.Response:
        answer = await self._world.web.request(method, self._at + path, json=body or None, headers=self._headers)
        await self._world.settle()
        return answer

    async def tell(self, how: dict[str, Any]) -> str:
        answer = await self.says("PUT", "/risk", **how)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["resume_by"])


async def services(shop: Talk) -> Services:
    write(shop)
    environment = await shop.makes()
    return Services(shop.world, environment.slug, secrets_of(shop)["TRADING_KEY"])


async def test_status_and_page_say_how_the_book_stands(shop: Talk) -> None:
    its = await services(shop)
    assert "orders:" not in await shop.answer("/ivy status")
    assert await its.tell(WELL) == ""
    told = "orders: 12 filled, 3 refused; positions USD 930.00, equity USD 9990.00, down by 0.10 %; told 20"
    assert told in await shop.answer("/ivy status")


async def test_halted_its_thread_hears_once_and_a_person_resumes_it(shop: Talk) -> None:
    its = await services(shop)
    heard = len(shop.heard)
    await its.tell(WELL)
    for _ in range(3):
        assert await its.tell(DOWN) == ""
    environment = await shop.world.environment()
    [told] = shop.heard[heard:]
    assert f"@dana **{environment.slug}** is halted: it is down by 5.20 % from its best, and 5 % is allowed." in told
    assert f"`/ivy resume {environment.slug}`" in told
    status = await shop.answer("/ivy status")
    assert "**halted** since 20" in status

    vera = shop.world.github.user("vera", id=8, right="read")
    assert "❌" in await shop.answer("/ivy resume", by=vera)
    assert await its.tell(DOWN) == ""
    assert "takes orders again within seconds" in await shop.answer("/ivy resume")
    assert "dana wants it resumed" in await shop.answer("/ivy status")
    assert await its.tell(DOWN) == "dana"
    assert await its.tell(DOWN | {"halts": 2}) == "", "another halt is another question"
    await its.tell(WELL | {"halts": 2})
    assert "halted" not in await shop.answer("/ivy status")
    assert "is not paused" in await shop.answer("/ivy resume")
    why = await shop.answer("/ivy why")
    assert "halted: it is down by 5.20 %" in why
    assert "takes orders again" in why


async def test_the_page_resumes_by_a_press(world: World) -> None:
    world.repositories.files[world.lab["demo"]] = {".dev-env.yaml": FILE.encode()}
    await world.types("/ivy create demo --project lab")
    it, [spec] = await world.environment(), world.engine.running.values()
    its = Services(world, it.slug, dict(spec.secrets)["TRADING_KEY"])
    await its.tell(DOWN)
    async with signed_in(world, "dana") as web:
        page = await web.get(f"/environments/{it.slug}")
        assert "halted since 20" in words(page)
        assert f'value="/ivy resume {it.slug}">Resume trading' in page.text
        await web.sends("/say", line=f"/ivy resume {it.slug}", back="/")
        await world.settle()
        assert "dana wants it resumed" in words(await web.get(f"/environments/{it.slug}"))
    assert await its.tell(DOWN) == "dana"


async def test_a_test_holds_it_until_it_ends_and_the_warnings_are_not_said_anew(shop: Talk) -> None:
    its = await services(shop)
    warnings = len(await shop.after(hours=47.9))
    assert warnings == 1
    before = await shop.world.environment()
    for _ in range(12):
        held = await its.says("POST", "/hold", seconds=900, reason="the long test")
        assert held.status_code == 200, held.text
        assert await shop.after(seconds=600) == []
    after = await shop.world.environment()
    assert after.expires_at == pytest.approx(before.expires_at + 2 * HOUR, abs=900)
    assert "held by the long test until 20" in await shop.answer("/ivy status")
    assert (await its.says("DELETE", "/hold")).status_code == 204
    assert "held by" not in await shop.answer("/ivy status")
    assert (await shop.answer("/ivy why")).count("held by the long test") == 1
    await shop.after(seconds=901)
    assert (await shop.world.past(before.id)).state == State.GONE


async def test_held_it_is_neither_quiet_nor_asleep(shop: Talk) -> None:
    """It is noon; nights begin at 20:00."""
    its = await services(shop)
    environment = await shop.world.environment()
    async with shop.world.store.transaction() as transaction:
        await transaction.edit(msgspec.structs.replace(environment, idle_s=2.0 * HOUR, schedule=check("nights", "UTC")))
    for hours in (1.9, 1.9, 1.9, 1.9, 0.3, 0.2):
        assert await shop.after(hours=hours) == []
        assert (await its.says("POST", "/hold", seconds=900, reason="the long test")).status_code == 200
    assert (await shop.world.environment()).state == State.READY
    await shop.after(hours=5)
    await shop.after(hours=2.1)
    assert (await shop.world.environment()).is_paused


async def test_nothing_holds_it_past_the_cap(shop: Talk) -> None:
    its = await services(shop)
    environment = await shop.world.environment()
    await shop.says("/ivy extend 48h")
    await shop.after(hours=95.9)
    held = await its.says("POST", "/hold", seconds=900)
    assert held.status_code == 200
    assert (await shop.world.environment()).expires_at == environment.created_at + 96 * HOUR
    await shop.after(hours=0.2)
    assert (await shop.world.past(environment.id)).state == State.GONE
    assert (await its.says("POST", "/hold", seconds=900)).status_code == 401


async def test_only_its_own_key_speaks_for_it(shop: Talk) -> None:
    its = await services(shop)
    environment = await shop.world.environment()
    await shop.says("/ivy create --name second")
    for slug, key in (
        ("demo-nobody", secrets_first(shop)),
        (next(each.slug for each in await shop.world.environments() if each.id != environment.id), secrets_first(shop)),
        (environment.slug, "trl_key_" + "x" * 43),
        (environment.slug, ""),
    ):
        answer = await Services(shop.world, slug, key).says("PUT", "/risk", **WELL)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token"), slug
    assert (await its.says("PUT", "/risk", **(WELL | {"position_usd": "1e9"}))).status_code == 422
    assert (await its.says("PUT", "/risk", **(WELL | {"halted": "x\n/ivy terminate"}))).status_code == 422
    assert (await its.says("POST", "/hold", seconds=90_000)).status_code == 422
    assert (await shop.world.web.get("/api/v1/environments", headers=its._headers)).status_code == 401


def secrets_first(shop: Talk) -> str:
    return dict(next(iter(shop.world.engine.running.values())).secrets)["TRADING_KEY"]
