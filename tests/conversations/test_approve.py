"""Beyond the cap somebody else has to say yes."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import select

from bot.store.console import ConsoleStore, Wish
from bot.store.tables import messages
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.conversations.test_link import joins
from tests.world import World, a_world

HOUR_S = 3600.0


def _id(text: str) -> str:
    found = re.search(r"/ivy approve ([a-z2-7]{8})", text)
    assert found, text
    return found[1]


async def _life_hours(shop: Talk) -> float:
    environment = await shop.world.environment()
    return (environment.expires_at - environment.created_at) / HOUR_S


async def test_beyond_the_cap_it_waits_for_another_persons_yes(shop: Talk) -> None:
    await shop.makes()
    said = await shop.answer("/ivy extend 49h --reason the fair")
    assert said == words(
        f"""
        ⏳ @dana **demo-vn4gah** would live longer than 96 h in all: 49 h more, until 2026-12-04 13:00 UTC.

        Reason: the fair

        Somebody else who is admin here has to say yes; the request waits until 2026-12-01 12:00 UTC.

        - approve: `/ivy approve {_id(said)}`
        - reject: `/ivy reject {_id(said)}`

        <sub>reason: `over_cap`</sub>
        """
    )
    assert shop.signs == ["eyes"]
    assert await _life_hours(shop) == 48

    ada = shop.world.github.user("ada", id=9, right="admin")
    assert await shop.answer("/ivy approve --comment once more", by=ada) == words(
        """
        ✅ @dana **demo-vn4gah** has 49 h more and goes 2026-12-04 13:00 UTC.

        Approved by ada: once more.
        """
    )
    assert await _life_hours(shop) == 97
    assert await shop.world.command_states() == ["done", "done", "done"]
    assert shop.forge.reactions(shop.comments[1]) == ["eyes", "+1"]


async def test_what_waits_for_a_yes_goes_on_waiting_while_it_is_paused(shop: Talk) -> None:
    await shop.makes()
    id_ = _id(await shop.answer("/ivy extend 49h"))
    assert [said.partition(" is paused")[0] for said in await shop.says("/ivy pause")] == ["@dana **demo-vn4gah**"]
    assert await shop.world.command_states() == ["done", "running", "done"]
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert "has 49 h more" in await shop.answer(f"/ivy approve {id_}", by=ada)
    assert await shop.world.command_states() == ["done"] * 4


async def test_nobody_answers_their_own_request(shop: Talk) -> None:
    shop.by = shop.world.github.user("ada", id=9, right="admin")
    await shop.makes()
    await shop.answer("/ivy extend 60h")
    assert "Nobody answers their own request" in await shop.answer("/ivy approve")
    assert await _life_hours(shop) == 48


async def test_parting_with_an_account_makes_nobody_somebody_else(slack: Slack, shop: Talk) -> None:
    shop.by = shop.world.github.user("root", id=99, right="admin")
    await joins(slack, shop, by="ada")
    await shop.makes()
    id_ = _id(await shop.answer("/ivy extend 60h"))
    assert "Nobody answers their own request" in shown(await slack.dm(f"approve {id_}", by="ada"))[-1]
    await slack.dm("unlink", by="ada")
    assert "Nobody answers their own request" in shown(await slack.dm(f"approve {id_}", by="ada"))[-1]
    assert await _life_hours(shop) == 48


async def test_two_names_in_terminals_are_one_person(world: World) -> None:
    await world.types("/ivy create lab:demo")
    [said] = await world.types("/ivy extend demo-cd7qqd 60h")
    assert await world.types(f"/ivy approve {_id(said)}", by="zelda") == [
        words(
            """
            ✗ zelda: A terminal takes any name, so those who ask and answer in terminals count as one person:
              somebody has to answer who is signed in, or in a chat.
              To try it alone, as several people: start Trellis with TRELLIS_TRUST_CONSOLE_NAMES=true
              reason: not_allowed
            """
        )
    ]
    assert (await world.environment()).expires_at - (await world.environment()).created_at == 48 * HOUR_S


async def test_it_says_who_may_approve_by_the_rules_in_force(tmp_path: Path, database_url: str) -> None:
    rule = '@id("peers")\n@reason("it needs the role developer")\npermit (principal in Role::"developer", action in Action::"approve", resource);\n'
    (tmp_path / "more.cedar").write_text(rule)
    async with a_world(tmp_path, database_url=database_url, policy_more=str(tmp_path / "more.cedar")) as world:
        await world.types("/ivy create lab:demo")
        [said] = await world.types("/ivy extend demo-cd7qqd 60h")
    assert "Somebody else who is developer or admin here has to say yes" in " ".join(said.split())


async def test_it_takes_the_role(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy extend 60h")
    bob = shop.world.github.user("bob", id=10, right="write")
    assert "`not_allowed`" in await shop.answer("/ivy approve", by=bob)
    assert await _life_hours(shop) == 48


async def test_a_no_is_told_and_changes_nothing(shop: Talk) -> None:
    await shop.makes()
    id_ = _id(await shop.answer("/ivy extend 60h"))
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert await shop.answer(f"/ivy reject {id_} --comment use staging", by=ada) == words(
        """
        ⚠️ @dana **demo-vn4gah** gets no more time, and goes 2026-12-02 12:00 UTC.

        Rejected by ada: use staging.

        <sub>reason: `rejected`</sub>
        """
    )
    assert await _life_hours(shop) == 48
    assert "This request is rejected by ada already." in await shop.answer(f"/ivy approve {id_}", by=ada)


async def test_asked_again_otherwise_the_newest_counts(shop: Talk) -> None:
    await shop.makes()
    first = _id(await shop.answer("/ivy extend 60h"))
    again = await shop.answer("/ivy extend 60h")
    assert _id(again) == first
    second = _id(await shop.answer("/ivy extend 70h"))
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert "`decided`" in await shop.answer(f"/ivy approve {first}", by=ada)
    await shop.answer(f"/ivy approve {second}", by=ada)
    assert await _life_hours(shop) == 118


async def test_it_does_not_wait_for_ever(shop: Talk) -> None:
    await shop.makes()
    id_ = _id(await shop.answer("/ivy extend 60h"))
    assert await shop.after(hours=25) == [
        words(
            """
            ⚠️ @dana **demo-vn4gah** gets no 60 h more: nobody answered in time. It goes 2026-12-02 12:00 UTC.

            Ask again: `/ivy extend demo-vn4gah`

            <sub>reason: `too_late`</sub>
            """
        )
    ]
    assert await shop.world.command_states() == ["done", "cancelled"]
    assert shop.signs == ["eyes", "confused"]
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert "Nothing waits for an approval here." in await shop.answer("/ivy approve", by=ada)
    assert "`too_late`" in await shop.answer(f"/ivy approve {id_}", by=ada)


async def test_whose_request_is_overtaken_by_anothers_hears_of_it(shop: Talk) -> None:
    await shop.makes()
    await shop.answer("/ivy extend 60h")
    bob = shop.world.github.user("bob", id=10, right="write")
    told, asked = await shop.says("/ivy extend 70h", by=bob)
    assert told == words(
        """
        ⚠️ @dana Another request, of bob, took the place of yours: **demo-vn4gah** until 2026-12-05 00:00 UTC.

        <sub>reason: `void`</sub>
        """
    )
    assert "70 h more" in asked


async def test_what_waited_too_long_is_none_of_the_several(shop: Talk) -> None:
    await shop.says("/ivy create")
    await shop.says("/ivy create demo --name two")
    first, second = await shop.world.environments()
    await shop.says(f"/ivy extend {first.slug} 60h")
    await shop.after(hours=25)
    await shop.says(f"/ivy extend {second.slug} 60h")
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert f"**{second.slug}** has 60 h more" in await shop.answer("/ivy approve", by=ada)


async def test_with_what_it_is_about_the_request_goes(shop: Talk) -> None:
    await shop.makes()
    id_ = _id(await shop.answer("/ivy extend 60h"))
    await shop.says("/ivy terminate")
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert "`decided`" in await shop.answer(f"/ivy approve {id_}", by=ada)
    assert await shop.world.is_all_answered()


async def test_there_is_an_end_to_what_can_be_approved(shop: Talk) -> None:
    await shop.makes()
    assert "whoever approves it" in await shop.answer("/ivy extend 20d")


async def test_an_unknown_request_and_none_at_all(shop: Talk) -> None:
    ada = shop.world.github.user("ada", id=9, right="admin")
    assert "No request `abcdefgh` waits for an answer" in await shop.answer("/ivy approve abcdefgh", by=ada)
    assert "Nothing waits for an approval here." in await shop.answer("/ivy approve", by=ada)


async def test_a_terminal_does_not_wait_for_it(world: World) -> None:
    await world.types("/ivy create lab:demo")
    [said] = await world.types("/ivy extend 60h")
    assert "reason: over_cap" in said
    async with world.store.look() as look:
        key = (await look.connection.execute(select(messages.c.key).order_by(messages.c.id.desc()).limit(1))).scalar_one()
    heard = await ConsoleStore(world.store).heard("console:dana", key)
    assert (heard.is_settled, heard.states) == (True, ("waiting",))
    wish = Wish("console:dana", key, await ConsoleStore(world.store).newest())
    assert await ConsoleStore(world.store).fulfilled([wish]) == {wish}
