"""The key of a trading environment: shown once behind the sign-in, to whoever may change it; chat says only where."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from bot.domain.environment import State
from bot.store.sessions import hash_of
from tests.browser import browser, signed_in, signed_in_elsewhere
from tests.conversations.test_trading import FILE
from tests.conversations.test_trading_feed import stored_rows
from tests.web.test_pages import words

if TYPE_CHECKING:
    from bot.domain.environment import Environment
    from tests.world import World


async def made(world: World) -> tuple[Environment, str, str]:
    """A trading environment, its key, and what was said when it was ready."""
    world.repositories.files[world.lab["demo"]] = {".dev-env.yaml": FILE.encode()}
    said = await world.types("/ivy create demo --project lab")
    [spec] = world.engine.running.values()
    return await world.environment(), dict(spec.secrets)["TRADING_KEY"], "\n".join(said)


async def test_chat_says_where_and_the_page_shows_it_once(world: World) -> None:
    it, key, said = await made(world)
    told = f"Its API key is shown once, on its page (http://trellis.localhost:8700/environments/{it.slug}) behind the sign-in."
    assert told in " ".join(said.split())
    [status] = await world.types("/ivy status")
    assert "API key: nobody has seen it; it is shown once, on its page in the dashboard" in status
    async with signed_in(world, "dana") as web:
        page = await web.get(f"/environments/{it.slug}")
        assert "Show it, once" in page.text
        shown = await web.sends(f"/environments/{it.slug}/key")
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
        assert key in shown.text
        again = await web.sends(f"/environments/{it.slug}/key")
        assert (again.status_code, key in again.text) == (409, False)
        page = await web.get(f"/environments/{it.slug}")
        assert "API key: shown to dana 20" in words(page)
        assert "its API key was shown console:dana" in words(page)
        assert "Show it, once" not in page.text
        assert key not in page.text
    [status] = await world.types("/ivy status")
    assert "API key: shown to dana 20" in status
    assert "Its API key is shown once" not in "\n".join(await world.types("/ivy update --sha " + it.sha))


async def test_of_two_who_press_at_once_one_sees_it(world: World) -> None:
    it, key, _ = await made(world)
    async with signed_in(world, "dana") as one, signed_in(world, "erin") as two:
        answers = await asyncio.gather(*(web.sends(f"/environments/{it.slug}/key") for web in (one, two)))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert sum(key in each.text for each in answers) == 1


async def test_only_whoever_may_change_it_and_is_signed_in_and_by_our_own_page(world: World) -> None:
    it, key, _ = await made(world)
    path = f"/environments/{it.slug}/key"
    async with signed_in_elsewhere(world, "vera", "viewer") as web:
        assert "Show it, once" not in (await web.get(f"/environments/{it.slug}")).text
        assert (await web.sends(path)).status_code in {403, 404}
    async with browser(world) as web:
        assert (await web.post(path)).status_code == 401
        assert (await web.get(path)).headers["location"].startswith("/login")
    async with signed_in(world, "dana") as web:
        assert (await web.post(path, data={"csrf": "wrong"}, headers={"origin": "https://evil.example"})).status_code == 403
        assert (await web.sends("/environments/nobodys/key")).status_code == 404
        assert (await web.get(path)).headers["location"] == f"/environments/{it.slug}"
        assert key in (await web.sends(path)).text


async def test_while_the_wall_does_not_hold_nobody_sees_it_and_it_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    it, key, _ = await made(world)

    async def is_refused(_: object, path: str) -> bool:
        return not path.startswith("/prod/")

    async with signed_in(world, "dana") as web:
        with monkeypatch.context() as open_:
            open_.setattr("bot.vault.locked.LockedFiles.is_refused", is_refused)
            refused = await web.sends(f"/environments/{it.slug}/key")
        assert (refused.status_code, key in refused.text) == (503, False)
        assert key in (await web.sends(f"/environments/{it.slug}/key")).text


async def test_gone_it_is_revoked_and_never_shown(world: World) -> None:
    it, key, _ = await made(world)
    async with world.store.look() as look:
        assert await look.trading.opens(hash_of(key)) == it.id
    await world.types("/ivy terminate")
    assert (await world.past(it.id)).state == State.GONE
    async with world.store.look() as look:
        assert await look.trading.opens(hash_of(key)) is None
    async with signed_in(world, "dana") as web:
        page = await web.get(f"/environments/{it.slug}?id={it.id}")
        assert "API key: revoked 20" in words(page)
        assert "Show it, once" not in page.text
        refused = await web.sends(f"/environments/{it.slug}/key?id={it.id}")
        assert (refused.status_code, key in refused.text) == (503, False)


async def test_one_that_is_lost_is_revoked_at_once_and_made_anew_by_its_page(world: World) -> None:
    it, lost, _ = await made(world)
    heard_with = world.market.hearing[it.id].password
    async with signed_in(world, "dana") as web:
        assert lost in (await web.sends(f"/environments/{it.slug}/key")).text
        assert "Make another…" in (await web.get(f"/environments/{it.slug}")).text
        await web.sends("/say", line=f"/ivy restart {it.slug} --new-key", back=f"/environments/{it.slug}")
        await world.settle()
        [spec] = world.engine.running.values()
        key, password = dict(spec.secrets)["TRADING_KEY"], dict(spec.secrets)["FEED_PASSWORD"]
        assert (key != lost, spec.generation) == (True, 2)
        assert (password != heard_with, world.market.hearing[it.id].password) == (True, password)
        async with world.store.look() as look:
            assert (await look.trading.opens(hash_of(lost)), await look.trading.opens(hash_of(key))) == (None, it.id)
        page = await web.get(f"/environments/{it.slug}")
        assert "API key: nobody has seen it" in words(page)
        assert "its API key opens nothing any more: another was asked for dana" in words(page).replace("console:", "")
        shown = await web.sends(f"/environments/{it.slug}/key")
        assert (shown.status_code, key in shown.text, lost in shown.text) == (200, True, False)
    await world.types("/ivy terminate")
    async with world.store.look() as look:
        assert await look.trading.opens(hash_of(key)) is None


async def test_revoked_it_opens_nothing_while_the_next_is_not_made(world: World) -> None:
    it, lost, _ = await made(world)
    world.market.is_down = True
    assert await world.types("/ivy restart --new-key") == []
    async with world.store.look() as look:
        assert await look.trading.opens(hash_of(lost)) is None
    async with signed_in(world, "dana") as web:
        assert lost not in (await web.sends(f"/environments/{it.slug}/key")).text


async def test_paused_its_key_is_revoked_and_the_next_comes_when_it_runs_again(world: World) -> None:
    it, lost, _ = await made(world)
    await world.types("/ivy pause")
    [said] = await world.types("/ivy restart --new-key")
    assert f"The API key of {it.slug} opens nothing any more." in said
    assert f"It gets another when it runs again: /ivy resume {it.slug}" in said
    await world.types("/ivy resume")
    [spec] = world.engine.running.values()
    async with world.store.look() as look:
        assert await look.trading.opens(hash_of(lost)) is None
        assert await look.trading.opens(hash_of(dict(spec.secrets)["TRADING_KEY"])) == it.id


async def test_of_what_has_no_key_none_is_made(world: World) -> None:
    await world.types("/ivy create demo --project lab")
    [said] = await world.types("/ivy restart --new-key")
    assert "has no API key: trading environments have one" in " ".join(said.split())
    [said] = await world.types("/ivy restart --service web --new-key")
    assert "reason: conflicting_options" in said


async def test_a_worker_that_is_late_does_not_bring_a_lost_key_back(world: World) -> None:
    it, lost, _ = await made(world)
    async with world.store.transaction() as transaction:
        await transaction.trading.make_anew(it.id)
        assert not await transaction.trading.minted(it.id, hash_of(lost), 0)
        assert await transaction.trading.opens(hash_of(lost)) is None
        assert await transaction.trading.minted(it.id, hash_of("next"), 1)
        assert not await transaction.trading.minted(it.id, hash_of(lost), 0)
        assert await transaction.trading.opens(hash_of(lost)) is None
        assert await transaction.trading.opens(hash_of("next")) == it.id


async def test_no_row_no_line_of_log_and_no_page_carries_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with structlog.testing.capture_logs() as logged:
        it, key, said = await made(world)
        async with signed_in(world, "dana") as web:
            await web.sends(f"/environments/{it.slug}/key")
            paths = [f"/environments/{it.slug}", f"/environments/{it.slug}/logs", "/", "/audit", "/system", "/chat"]
            pages = [(await web.get(path)).text for path in paths]
        for line in ("/ivy status", "/ivy why", "/ivy history", "/ivy config", "/ivy terminate"):
            said += "\n".join(await world.types(line))
    written = capsys.readouterr()
    told = [said, *pages, await stored_rows(world), repr(logged), written.out, written.err, await world.card()]
    assert it.slug in told[0]
    assert all(key not in each for each in told)
