"""`/ivy extend`: more time, up to the cap on the whole life; and the end of time."""

from __future__ import annotations

from bot.domain.environment import State
from tests.conversations.talk import Talk, words

HOUR_S = 3600.0


async def _life_hours(shop: Talk) -> float:
    environment = await shop.world.environment()
    return (environment.expires_at - environment.created_at) / HOUR_S


async def test_a_day_more_when_nothing_is_said(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy extend") == words(
        """
        ✅ **demo-vn4gah** has 24 h more and goes 2026-12-03 12:00 UTC.

        It can be extended until 2026-12-04 12:00 UTC.
        """
    )
    assert shop.signs == ["eyes", "+1"]
    assert await _life_hours(shop) == 72
    assert "**goes** 2026-12-03 12:00 UTC" in shop.card


async def test_as_much_more_as_is_said(shop: Talk) -> None:
    await shop.makes()
    life = 48.0
    for more, hours in (("3h", 3), ("45m", 0.75), ("1d12h", 36), ("5h --reason the demo is late", 5), ("demo-vn4gah 1h", 1)):
        await shop.answer(f"/ivy extend {more}")
        life += hours
        assert await _life_hours(shop) == life


async def test_up_to_the_cap_it_is_given_and_beyond_somebody_else_is_asked(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy extend demo-vn4gah 48h")
    assert "would live longer than 96 h in all: 5 min more, until 2026-12-04 12:05 UTC" in await shop.answer("/ivy extend 5m")
    assert shop.signs == ["eyes"]
    assert await _life_hours(shop) == 96


async def test_the_cap_counts_from_the_beginning_of_its_life(shop: Talk) -> None:
    await shop.makes()
    await shop.after(hours=47)
    await shop.answer("/ivy extend 48h")
    assert (await shop.answer("/ivy extend 1h")).endswith("<sub>reason: `over_cap`</sub>")
    assert await _life_hours(shop) == 96


async def test_until_a_moment(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy extend --until 2026-12-03T18:00:00+02:00") == words(
        """
        ✅ **demo-vn4gah** has 28 h more and goes 2026-12-03 16:00 UTC.

        It can be extended until 2026-12-04 12:00 UTC.
        """
    )
    assert await _life_hours(shop) == 76


async def test_until_an_hour_of_a_weekday(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer('/ivy extend --until "thu 18:00"') == words(
        """
        ✅ **demo-vn4gah** has 30 h more and goes 2026-12-03 18:00 UTC.

        It can be extended until 2026-12-04 12:00 UTC.
        """
    )


async def test_until_too_early_or_too_late(shop: Talk) -> None:
    await shop.makes()
    assert await shop.answer("/ivy extend --until 2026-12-01T12:00:00Z") == words(
        """
        ❌ @dana **demo-vn4gah** goes 2026-12-02 12:00 UTC already, which is later than that. To have it gone before: `/ivy terminate demo-vn4gah`

        <sub>reason: `not_later`</sub>
        """
    )
    assert await shop.answer("/ivy extend --until 2027-12-01T12:00:00Z") == words(
        """
        ❌ @dana **demo-vn4gah** may not live longer than until 2026-12-14 12:00 UTC, whoever approves it. That long: `/ivy extend demo-vn4gah --until 2026-12-14T12:00Z`

        <sub>reason: `over_cap`</sub>
        """
    )
    assert await _life_hours(shop) == 48


async def test_when_its_time_is_over_it_goes_by_itself(shop: Talk) -> None:
    environment = await shop.makes()
    await shop.after(hours=47.9)
    assert await shop.after(hours=0.2) == [
        words(
            """
            @dana **demo-vn4gah** is gone: its time was over.

            Have it again: `/ivy restore demo-vn4gah`
            """
        ),
    ]
    assert shop.card == words(
        r"""
        ### **demo-vn4gah** · `demo` · gone: its time was over

        **commit** `782938f1`\
        **owner** dana\
        **gone** 2026-12-02 12:06 UTC
        """
    )
    assert (await shop.world.past(environment.id)).state is State.GONE
    assert shop.world.engine.running == {}


async def test_what_was_extended_lives_as_long(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy extend 2h")
    await shop.after(hours=49)
    assert len(await shop.world.environments()) == 1
    assert len(await shop.after(hours=1.1)) == 1
    assert await shop.world.environments() == []


async def test_what_failed_goes_by_itself_too(shop: Talk) -> None:
    shop.world.engine.fail_next("web exited with code 1 after 0.4 s")
    await shop.says("/ivy create")
    assert len(await shop.after(hours=48.1)) == 1
    assert await shop.world.environments() == []


async def test_what_is_being_made_goes_when_its_time_is_over(shop: Talk) -> None:
    await shop.begins("/ivy create --ttl 1h")
    said = await shop.after(hours=1.1)
    assert said == [
        words(
            """
            ⚠️ @dana **demo-vn4gah** was taken down before that was done: its time was over.

            <sub>reason: `cancelled`</sub>
            """
        ),
        words(
            """
            @dana **demo-vn4gah** is gone: its time was over.

            Have it again: `/ivy restore demo-vn4gah`
            """
        ),
    ]
    assert await shop.world.command_states() == ["cancelled"]
    assert shop.world.engine.running == {}


async def test_what_is_gone_is_not_extended(shop: Talk) -> None:
    await shop.makes()
    await shop.after(hours=48.1)
    assert await shop.answer("/ivy extend") == words(
        """
        ❌ @dana **demo-vn4gah** is gone: its time was over. Have it back: `/ivy restore demo-vn4gah` · a new one: `/ivy create shop:demo`

        <sub>reason: `gone`</sub>
        """
    )
