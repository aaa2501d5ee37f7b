"""What time does: warnings before the end, each once; quiet ones are warned, paused, taken down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.domain.environment import State
from bot.domain.message import Person, Platform
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.world import World, a_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def priced(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """A world where things cost and quiet ones go."""
    prices = {"small": 0.25, "medium": 0.5, "large": 1.0}
    async with a_world(tmp_path, database_url=database_url, prices=prices, limits={"idle_hours": 10}) as made:
        yield made


@pytest.fixture
def paid(priced: World) -> Talk:
    dana = priced.github.user("dana", id=7, right="write")
    return Talk(priced, dana, priced.github.pull_request("acme/shop", number=12, branch="demo", author=dana))


async def test_the_owner_is_warned_twice_and_once_each(shop: Talk) -> None:
    await shop.makes()
    assert await shop.after(hours=43.9) == []
    assert await shop.after(hours=0.2) == [
        words(
            r"""
            ⚠️ @dana **demo-vn4gah** goes in 3.9 h, 2026-12-02 12:00 UTC: its 48 h will be over.

            It is `demo` of shop.

            <http://demo-vn4gah.localhost:8780>

            - \+4 h: `/ivy extend demo-vn4gah 4h`
            - \+24 h: `/ivy extend demo-vn4gah 24h`
            - keep: `/ivy keep demo-vn4gah`
            - terminate: `/ivy terminate demo-vn4gah`
            """
        )
    ]
    assert await shop.after(hours=2.8) == []
    [second] = await shop.after(hours=0.2)
    assert second.startswith("⚠️ @dana **demo-vn4gah** goes in 54 min, 2026-12-02 12:00 UTC")
    assert await shop.after(hours=0.8) == []


async def test_after_an_extension_the_warnings_are_owed_anew(shop: Talk) -> None:
    await shop.makes()
    assert len(await shop.after(hours=44.1)) == 1
    await shop.answer("/ivy extend 6h")
    assert await shop.after(hours=5.8) == [], "none of the old deadline"
    assert len(await shop.after(hours=0.2)) == 1
    assert len(await shop.after(hours=3)) == 1


async def test_a_late_start_gives_only_the_warning_that_is_still_true(shop: Talk) -> None:
    await shop.makes()
    [only] = await shop.after(hours=47.5)
    assert "goes in 30 min" in only
    assert await shop.after(hours=0.4) == []


async def test_no_warning_for_a_time_before_it_was_asked_for(shop: Talk) -> None:
    await shop.says("/ivy create --ttl 2h")
    assert await shop.after(hours=0.9) == []
    assert len(await shop.after(hours=0.2)) == 1


async def test_none_after_it_is_gone(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy terminate")
    assert await shop.after(hours=50) == []


async def test_in_slack_it_is_a_direct_message(slack: Slack) -> None:
    await slack.slash("create demo")
    before = len(slack.said)
    await slack.world.pass_time(hours=44.1)
    [warning] = slack.said[before:]
    assert warning.channel.startswith("D")
    assert "goes in 3.9 h" in shown([warning])[0]
    assert "[+4 h] [+24 h] [keep] [terminate]" in shown([warning])[0]
    [answer] = await slack.press("+24 h", warning)
    assert "has 24 h more" in answer.shown


async def test_who_has_joined_a_slack_account_is_told_there(shop: Talk) -> None:
    slack = Slack(shop.world)
    await shop.makes()
    async with shop.world.store.transaction() as transaction:
        await transaction.people.join((await shop.world.environment()).owner, Person(Platform.SLACK, "U0DANA", "dana"))
    assert await shop.after(hours=44.1) == []
    assert "goes in 3.9 h" in shown(slack.said)[-1]
    assert slack.said[-1].channel.startswith("D")


async def test_where_the_direct_message_fails_it_is_said_in_the_thread(slack: Slack) -> None:
    await slack.slash("create demo")
    slack.world.slack.users["U0DANA"].unwritable = "user_disabled"
    before = len(slack.said)
    await slack.world.pass_time(hours=44.1)
    [warning] = slack.said[before:]
    assert warning.channel == "C0LAB"
    assert "goes in 3.9 h" in shown([warning])[0]


async def test_the_buttons_bear_the_price(paid: Talk) -> None:
    await paid.makes()
    await paid.world.pass_time(hours=9)
    await paid.pushes("c" * 40)  # it is not quiet
    for number in range(3):
        await paid.world.pass_time(hours=9)
        await paid.pushes(f"{number}" * 40)
    [warning] = await paid.after(hours=8.1)
    assert r"\+4 h (€1.00): `/ivy extend demo-vn4gah 4h`" in warning
    assert r"\+24 h (€6.00): `/ivy extend demo-vn4gah 24h`" in warning


async def test_the_buttons_say_beforehand_what_somebody_has_to_approve(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy extend 30h")
    [warning] = await shop.after(hours=74.1)
    assert r"\+4 h: `/ivy extend demo-vn4gah 4h`" in warning
    assert r"\+24 h (to be approved): `/ivy extend demo-vn4gah 24h`" in warning


async def test_a_quiet_one_is_warned_then_paused_then_taken_down(paid: Talk) -> None:
    environment = await paid.makes()
    assert await paid.after(hours=9.9) == []
    assert await paid.after(hours=0.2) == [
        words(
            """
            ⚠️ @dana **demo-vn4gah** is quiet: no push and no visit for 10.1 h. It will be paused 2026-11-30 23:06 UTC.

            A visit or a push is enough for it to stay.

            <http://demo-vn4gah.localhost:8780>

            - keep: `/ivy keep demo-vn4gah`
            - terminate: `/ivy terminate demo-vn4gah`
            """
        ).replace("2026-11-30 23:06", "2026-12-01 00:06")
    ]
    assert await paid.after(hours=2) == [
        words(
            """
            @dana **demo-vn4gah** is paused: it was quiet.

            Its code stays, its address answers again after: `/ivy resume demo-vn4gah`

            It goes 2026-12-01 10:06 UTC unless it is resumed.
            """
        )
    ]
    assert paid.world.engine.running == {}
    assert paid.world.engine.paused == [environment.id]
    assert "paused" in paid.title
    [gone] = await paid.after(hours=10.1)
    assert "is gone: nobody visited it or pushed to it." in gone
    assert "`/ivy restore demo-vn4gah`" in gone


async def test_a_push_wakes_what_was_paused_for_its_quiet(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10.1)
    await paid.after(hours=2)
    assert (await paid.world.environment()).state is State.PAUSED
    await paid.pushes("c" * 40)
    environment = await paid.world.environment()
    assert (environment.state, environment.running_sha) == (State.READY, "c" * 40)
    assert await paid.after(hours=9) == []


async def test_who_visits_keeps_it_from_being_quiet(paid: Talk) -> None:
    await paid.makes()
    for _ in range(4):
        await paid.world.pass_time(hours=8)
        paid.world.engine.quiet_s = 60.0
        await paid.world.reconcile()
    assert (await paid.world.environment()).state is State.READY
    assert not any("is quiet" in each for each in paid.heard)
    paid.world.engine.quiet_s = 9 * 3600.0
    await paid.world.pass_time(hours=9)
    await paid.world.reconcile()
    assert len(await paid.after(hours=1.1)) == 1


async def test_what_is_kept_may_be_quiet(paid: Talk) -> None:
    await paid.makes()
    await paid.answer("/ivy keep")
    assert await paid.after(hours=300) == []
    assert (await paid.world.environment()).state is State.READY


async def test_kept_and_no_more_what_was_quiet_has_its_time_again(paid: Talk) -> None:
    await paid.makes()
    await paid.after(hours=10.1)
    await paid.after(hours=2.1)
    await paid.says("/ivy keep")
    await paid.after(hours=20)
    [answer] = await paid.says("/ivy unkeep")
    assert "is kept no more" in answer
    assert (await paid.world.environment()).state is State.PAUSED
    assert "nobody visited it" in (await paid.after(hours=10.1))[-1]


async def test_a_file_that_is_mended_late_gives_its_time_and_both_warnings(shop: Talk) -> None:
    files, sha = shop.world.repositories.files, shop.world.shop.heads["demo"]
    files[sha] = {".dev-env.yaml": b"version: 1\nservices: 3\n"}
    await shop.says("/ivy create")
    assert len(await shop.after(hours=45)) == 1
    files["c" * 40] = {".dev-env.yaml": b"version: 1\nttl: 24h\nservices:\n  web:\n    run: python3 app.py\n"}
    await shop.pushes("c" * 40)
    assert "goes in 4 h" in "".join(await shop.after(hours=20))
    assert "goes in 1 h" in "".join(await shop.after(hours=3))


async def test_it_is_warned_of_while_a_pause_cannot_be_made(shop: Talk) -> None:
    await shop.makes()
    shop.world.engine.be_away(1_000)
    await shop.says("/ivy pause")
    heard = [each for hours in (44.2, 2.7, 0.1) for each in await shop.after(hours=hours)]
    assert [each.partition(":")[0].partition("goes ")[2][:8] for each in heard] == ["in 3.8 h", "in 1 h, "]


async def test_the_owner_hears_what_others_do_to_it(slack: Slack) -> None:
    await slack.slash("create demo")
    slug = (await slack.world.environment()).slug
    for line, words_ in ((f"pause {slug}", "is paused: ada asked"), (f"terminate {slug}", "is gone: ada asked")):
        said = await slack.slash(line, by="ada", channel=slack.hall)
        direct = [each.shown for each in said if each.channel.startswith("D")]
        assert len(direct) == 1
        assert direct[0].startswith(f"<@U0DANA> *{slug}* {words_}")


async def test_what_its_owner_does_is_said_once(slack: Slack) -> None:
    await slack.slash("create demo")
    slug = (await slack.world.environment()).slug
    said = await slack.slash(f"terminate {slug}", channel=slack.hall)
    assert sum("is gone" in each.shown for each in said) == 1
