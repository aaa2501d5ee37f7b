"""keep and unkeep: opting out of the automatic end, and back in."""

from __future__ import annotations

from tests.conversations.talk import Talk, words

HOUR_S = 3600.0


async def test_what_is_kept_outlives_its_time(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy keep") == words(
        """
        ✅ **demo-vn4gah** is kept: it goes 2026-12-14 12:00 UTC at the latest.

        Let it go in its time after all: `/ivy unkeep demo-vn4gah`
        """
    )
    assert "**goes** 2026-12-14 12:00 UTC (kept)" in shop.card
    assert await shop.after(hours=14 * 24 - 5) == []
    [warning] = await shop.after(hours=2)
    assert "its 336 h will be over, the longest that one may be kept" in warning
    assert "`/ivy keep" not in warning
    assert "/ivy extend" not in warning, "nobody can give it more"


async def test_kept_no_more_it_goes_in_its_time_but_not_at_once(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy keep")
    await shop.after(hours=60)
    assert await shop.answer("/ivy unkeep") == words(
        """
        ✅ **demo-vn4gah** is kept no more: it goes 2026-12-03 04:00 UTC.

        More time: `/ivy extend demo-vn4gah`
        """
    )
    assert await shop.answer("/ivy unkeep") == "**demo-vn4gah** is not kept: it goes 2026-12-03 04:00 UTC."
    await shop.after(hours=4.1)
    assert await shop.world.environments() == []


async def test_nobody_keeps_more_than_a_few(shop: Talk) -> None:
    for name in ("one", "two", "three"):
        await shop.says(f"/ivy create --name {name}")
    slugs = {each.name: each.slug for each in await shop.world.environments()}
    await shop.answer(f"/ivy keep {slugs['one']}")
    await shop.answer(f"/ivy keep {slugs['two']}")
    assert await shop.answer(f"/ivy keep {slugs['three']}") == words(
        f"""
        ❌ @dana dana keeps 2 environments already, which is all that anybody may. Let one go in its time:

        - `/ivy unkeep {slugs["one"]}`
        - `/ivy unkeep {slugs["two"]}`

        <sub>reason: `over_quota`</sub>
        """
    )
    await shop.answer(f"/ivy unkeep {slugs['one']}")
    assert "is kept" in await shop.answer(f"/ivy keep {slugs['three']}")


async def test_made_to_be_kept(shop: Talk) -> None:
    await shop.says("/ivy create --keep")
    environment = await shop.world.environment()
    assert environment.is_kept
    assert (environment.expires_at - environment.created_at) / HOUR_S == 14 * 24


async def test_kept_no_more_it_goes_when_it_was_to_go(shop: Talk) -> None:
    await shop.says("/ivy create --ttl 90h")
    before = (await shop.world.environment()).expires_at
    await shop.answer("/ivy keep")
    await shop.answer("/ivy unkeep")
    assert (await shop.world.environment()).expires_at == before


async def test_the_files_time_does_not_shorten_what_is_kept(shop: Talk) -> None:
    sha = shop.world.shop.heads["demo"]
    shop.world.repositories.files[sha] = {".dev-env.yaml": b"version: 1\nttl: 24h\nservices:\n  web:\n    run: python3 app.py\n"}
    await shop.says("/ivy create --keep")
    row = await shop.world.environment()
    assert row.expires_at - row.created_at == 14 * 24 * HOUR_S
    await shop.answer("/ivy unkeep")
    row = await shop.world.environment()
    assert row.expires_at - row.created_at == 24 * HOUR_S
