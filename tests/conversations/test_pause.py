"""pause and resume: nothing runs, nothing is lost; and sleep by schedule."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bot.domain.environment import State
from bot.domain.schedule import check
from tests.conversations.talk import Talk, words
from tests.world import LOCAL, SHOP, TOOLS, a_world


async def test_paused_nothing_of_it_runs_and_its_card_says_how_to_have_it_back(shop: Talk) -> None:
    environment = await shop.makes()
    assert await shop.answer("/ivy pause") == words(
        """
        @dana **demo-vn4gah** is paused: as asked.

        Its code stays, its address answers again after: `/ivy resume demo-vn4gah`
        """
    )
    assert shop.signs == ["eyes", "+1"]
    assert shop.world.engine.running == {}
    assert shop.world.engine.paused == [environment.id]
    assert shop.card.endswith("Next: `/ivy resume demo-vn4gah` · `/ivy terminate demo-vn4gah`")
    assert await shop.answer("/ivy pause") == "**demo-vn4gah** is paused already. Have it back: `/ivy resume demo-vn4gah`"


async def test_resumed_it_runs_again(shop: Talk) -> None:
    environment = await shop.makes()
    await shop.answer("/ivy pause")
    await shop.after(hours=3)
    answer = await shop.answer("/ivy resume")
    assert answer.startswith("✅ @dana **demo-vn4gah** is ready")
    row = await shop.world.environment()
    assert (row.id, row.state, row.paused_at, row.paused_s) == (environment.id, State.READY, None, 3 * 3600)
    assert list(shop.world.engine.running) == [environment.id]


async def test_what_runs_is_not_resumed_and_what_is_paused_not_changed(shop: Talk) -> None:
    await shop.makes()
    assert "`not_paused`" in await shop.answer("/ivy resume")
    await shop.answer("/ivy pause")
    for line in ("/ivy restart", "/ivy update", "/ivy retry"):
        assert await shop.answer(line) == words(
            """
            ❌ @dana **demo-vn4gah** is paused. First: `/ivy resume demo-vn4gah`

            <sub>reason: `paused`</sub>
            """
        )


async def test_a_push_to_what_was_paused_waits_for_it(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy pause")
    await shop.pushes("c" * 40)
    assert (await shop.world.environment()).state is State.PAUSED
    await shop.answer("/ivy resume")
    assert (await shop.world.environment()).running_sha == "c" * 40


async def test_its_time_goes_on_while_it_is_paused(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy pause")
    assert len(await shop.after(hours=44.1)) == 1
    await shop.after(hours=4)
    assert await shop.world.environments() == []


async def test_the_pause_of_an_engine_that_is_away_is_made_later(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(2)
    await shop.says("/ivy pause")
    assert (await shop.world.environment()).state is State.READY
    await shop.after(seconds=1)
    await shop.after(seconds=2)
    assert (await shop.world.environment()).state is State.PAUSED


async def test_resumed_before_the_pause_was_made_it_goes_on(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(1)
    await shop.says("/ivy pause")
    await shop.says("/ivy resume")
    await shop.after(seconds=5)
    assert (await shop.world.environment()).state is State.READY
    assert await shop.world.is_all_answered()


async def test_it_sleeps_at_night_and_is_there_in_the_morning(shop: Talk) -> None:
    """It is noon; nights begin at 20:00."""
    environment = await shop.makes()
    async with shop.world.store.transaction() as transaction:
        await transaction.edit(msgspec.structs.replace(environment, schedule=check("nights", "UTC")))
    assert await shop.after(hours=7.9) == []
    assert (await shop.world.environment()).state is State.READY
    await shop.after(hours=0.2)
    assert (await shop.world.environment()).state is State.PAUSED
    await shop.after(hours=10.8)
    assert (await shop.world.environment()).state is State.PAUSED
    await shop.after(hours=0.2)
    assert (await shop.world.environment()).state is State.READY


async def test_a_projects_environments_sleep_as_it_says(tmp_path: Path, database_url: str) -> None:
    projects = {
        "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP},
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS},
        "lab": {"forge": "local", "clone_url": LOCAL, "sleeps": "nights"},
    }
    async with a_world(tmp_path, database_url=database_url, projects=projects) as world:
        await world.types("/ivy create lab:demo")
        assert (await world.environment()).schedule == "UTC|nights"
        await world.pass_time(hours=8.1)
        assert (await world.environment()).state is State.PAUSED


async def test_woken_in_the_night_it_stays_awake_until_the_next(shop: Talk) -> None:
    environment = await shop.makes()
    async with shop.world.store.transaction() as transaction:
        await transaction.edit(
            msgspec.structs.replace(environment, schedule=check("nights", "UTC"), expires_at=environment.expires_at + 1e6)
        )
    await shop.after(hours=9)
    await shop.answer("/ivy resume")
    await shop.after(hours=1)
    assert (await shop.world.environment()).state is State.READY
    await shop.after(hours=23)
    assert (await shop.world.environment()).state is State.PAUSED


def _sleeping_at_noon() -> dict[str, dict[str, str]]:
    return {"lab": {"forge": "local", "clone_url": LOCAL, "sleeps": "daily 11:00-20:00"}}


async def test_what_is_asked_for_in_sleeping_hours_is_awake_until_the_next(tmp_path: Path, database_url: str) -> None:
    async with a_world(tmp_path, database_url=database_url, projects=_sleeping_at_noon()) as world:
        await world.types("create lab:demo")
        row = await world.environment()
        assert row.state is State.READY
        await world.types(f"terminate {row.slug}")
        await world.types(f"restore {row.slug}")
        assert (await world.environment()).state is State.READY
        await world.pass_time(hours=23.5)
        assert (await world.environment()).state is State.PAUSED


async def test_what_is_kept_in_its_sleep_wakes(tmp_path: Path, database_url: str) -> None:
    projects = {"lab": {"forge": "local", "clone_url": LOCAL, "sleeps": "daily 20:00-07:00"}}
    async with a_world(tmp_path, database_url=database_url, projects=projects) as world:
        await world.types("create lab:demo")
        slug = (await world.environment()).slug
        await world.pass_time(hours=9)
        assert (await world.environment()).state is State.PAUSED
        await world.types(f"keep {slug}")
        assert (await world.environment()).state is State.READY
        await world.pass_time(hours=24)
        assert (await world.environment()).state is State.READY


async def test_what_has_failed_is_not_paused(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1")
    await shop.says("/ivy create")
    assert await shop.answer("/ivy pause") == words(
        """
        ❌ @dana **demo-vn4gah** has failed, so there is nothing to pause. Try: `/ivy retry demo-vn4gah`

        <sub>reason: `not_ready`</sub>
        """
    )
