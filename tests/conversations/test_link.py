"""Joining accounts: a code here, said there, confirmed here by name; nothing less joins anybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.domain.message import Person, Platform
from tests.browser import signed_in_elsewhere
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk, words

if TYPE_CHECKING:
    from tests.world import World

GITHUB_DANA = Person(Platform.GITHUB, "7", "dana")
SLACK_MALLORY = Person(Platform.SLACK, "U0MALLORY", "U0MALLORY")


def code_in(text: str) -> str:
    found = re.search(r"/ivy link ([A-Z0-9]{4}-[A-Z0-9]{4})", text)
    assert found, text
    return found[1]


async def are_one(world: World, one: Person = GITHUB_DANA, other: Person = SLACK_MALLORY) -> bool:
    async with world.store.look() as look:
        return await look.people.same_person(one, other) and await look.people.same_person(other, one)


async def joins(slack: Slack, shop: Talk, by: str = "mallory") -> None:
    """The whole round: a code in Slack, said on the forge, confirmed in Slack."""
    [given] = await slack.dm("link", by=by)
    await shop.says(f"/ivy link {code_in(given.shown)}")
    await slack.dm(f"link github:{shop.by.id}", by=by)


async def test_the_whole_round(slack: Slack, shop: Talk) -> None:
    """In Slack mallory is nobody; on GitHub she may write. Joined, she may in Slack what GitHub gives her."""
    assert "not_allowed" in (await slack.dm("create shop:demo", by="mallory"))[-1].shown
    [given] = await slack.dm("link", by="mallory")
    code = code_in(given.shown)
    assert given.shown == words(
        f"""
        <@U0MALLORY> Say this with your other account, within 10 min: `/ivy link {code}`
        Then I ask you here whether that account is yours. The code alone joins nothing.
        """
    )
    before = len(slack.said)
    assert await shop.answer(f"/ivy link {code}") == words(
        """
        ⏳ @dana Now confirm it where you got the code, as **mallory** on slack (id U0MALLORY): `/ivy link github:7`
        """
    )
    [asking] = slack.said[before:]
    assert asking.shown.startswith("⚠️ <@U0MALLORY> *dana* on github (id 7) said your code. Is that you? Then: `/ivy link github:7`")
    assert not await are_one(slack.world)
    assert "not_allowed" in (await slack.dm("create shop:demo", by="mallory"))[-1].shown
    [done] = await slack.dm("link github:7", by="mallory")
    assert done.shown.startswith("✅ <@U0MALLORY> *dana* on github (id 7) and you are one person from now on.")
    assert await are_one(slack.world)
    await slack.dm("create shop:demo", by="mallory")
    assert (await slack.world.environment()).owner.id == "U0MALLORY"
    [told] = await slack.dm("whoami", by="mallory")
    assert "Joined with: github:7." in told.shown
    assert "developer" in told.shown


async def test_what_the_other_account_owns_is_ones_own(slack: Slack, shop: Talk) -> None:
    await joins(slack, shop)
    made = await shop.makes()
    [listed] = await slack.dm("list --mine", by="mallory")
    assert made.slug in listed.shown


async def test_the_forge_is_asked_each_time(slack: Slack, shop: Talk) -> None:
    await joins(slack, shop)
    shop.by.right = "read"
    assert "not_allowed" in (await slack.dm("create shop:demo", by="mallory"))[-1].shown
    shop.by.right = "write"
    shop.forge.fail_next("GET right", 500)
    assert "could not be asked" in (await slack.dm("create shop:demo", by="mallory"))[-1].shown


async def test_parted_they_are_two_again(slack: Slack, shop: Talk) -> None:
    await joins(slack, shop)
    assert await shop.answer("/ivy unlink slack:U0MALLORY") == "✅ **mallory** on slack (id U0MALLORY) is on its own again."
    assert not await are_one(slack.world)
    assert "not_allowed" in (await slack.dm("create shop:demo", by="mallory"))[-1].shown
    assert (await shop.answer("/ivy unlink")).endswith("<sub>reason: `not_joined`</sub>")


async def test_who_reads_the_code_in_public_joins_nothing(slack: Slack, shop: Talk) -> None:
    """On the forge everybody reads it. Eve says it first, in her own name; dana does not confirm eve, and the code is void."""
    code = code_in(await shop.answer("/ivy link"))
    [said] = await slack.dm(f"link {code}", by="ada")
    assert "Now confirm it" in said.shown
    assert "ada" in shop.heard[-1].lower()
    [again] = await slack.dm(f"link {code}", by="mallory")
    assert again.shown.endswith("reason: `wrong_code`")
    assert (await shop.answer("/ivy link slack:U0MALLORY")).endswith("<sub>reason: `another_account`</sub>")
    eve = shop.world.github.user("eve", id=66, right="write")
    assert (await shop.answer("/ivy link slack:U0ADA", by=eve)).endswith("<sub>reason: `nothing_to_confirm`</sub>")
    assert not await are_one(slack.world)
    assert not await are_one(slack.world, GITHUB_DANA, Person(Platform.SLACK, "U0ADA", "ada"))


async def test_a_code_is_good_for_ten_minutes_and_once(slack: Slack, shop: Talk) -> None:
    [given] = await slack.dm("link", by="mallory")
    await slack.world.pass_time(seconds=601)
    assert (await shop.answer(f"/ivy link {code_in(given.shown)}")).endswith("<sub>reason: `wrong_code`</sub>")
    [given] = await slack.dm("link", by="mallory")
    await shop.says(f"/ivy link {code_in(given.shown)}")
    await slack.world.pass_time(seconds=601)
    [late] = await slack.dm("link github:7", by="mallory")
    assert late.shown.endswith("reason: `nothing_to_confirm`")
    assert not await are_one(slack.world)


async def test_a_new_code_voids_the_one_before(slack: Slack, shop: Talk) -> None:
    [first] = await slack.dm("link", by="mallory")
    await slack.dm("link", by="mallory")
    assert (await shop.answer(f"/ivy link {code_in(first.shown)}")).endswith("<sub>reason: `wrong_code`</sub>")


async def test_guessing_is_slow(slack: Slack, shop: Talk) -> None:
    [given] = await slack.dm("link", by="mallory")
    for number in range(10):
        assert (await shop.answer(f"/ivy link AAAA-AA{number:02}")).endswith("<sub>reason: `wrong_code`</sub>")
    assert (await shop.answer(f"/ivy link {code_in(given.shown)}")).endswith("<sub>reason: `too_many_tries`</sub>")
    for _ in range(4):
        await slack.dm("link", by="mallory")
    [enough] = await slack.dm("link", by="mallory")
    assert enough.shown.endswith("reason: `too_many_tries`")


async def test_ones_own_code_and_the_same_again(slack: Slack, shop: Talk) -> None:
    code = code_in(await shop.answer("/ivy link"))
    assert (await shop.answer(f"/ivy link {code}")).endswith("<sub>reason: `own_code`</sub>")
    await joins(slack, shop)
    [given] = await slack.dm("link", by="mallory")
    assert (await shop.answer(f"/ivy link {code_in(given.shown)}")).endswith("<sub>reason: `joined_already`</sub>")


async def test_guests_and_people_of_other_workspaces_join_nothing(slack: Slack, shop: Talk) -> None:
    slack.person("vera").is_guest = True
    [no] = await slack.dm("link", by="vera")
    assert no.shown.endswith("reason: `cannot_link`")
    slack.person("ada").team = "T0OTHER"
    code = code_in(await shop.answer("/ivy link"))
    assert await slack.dm(f"link {code}", by="ada") == []  # nobody of another workspace is heard at all


async def test_what_a_guest_or_a_leaver_was_is_nobodys_any_more(slack: Slack, shop: Talk) -> None:
    """Ada is an admin in Slack, and was joined with eve, who may write on GitHub."""
    eve = shop.world.github.user("eve", id=66, right="write")
    async with shop.world.store.transaction() as transaction:
        await transaction.people.join(Person(Platform.GITHUB, "66", "eve"), Person(Platform.SLACK, "U0ADA", "ada"))
        await transaction.people.join(Person(Platform.WEB, "web-1", "Ada"), Person(Platform.SLACK, "U0ADA", "ada"))
    slack.person("ada").is_guest = True
    assert (await shop.answer("/ivy whoami", by=eve)).startswith("You are **eve** on github (id 66): developer in acme/shop.")
    async with signed_in_elsewhere(shop.world, "web-1", "nobody") as web:
        assert (await web.get("/audit")).status_code == 403


async def test_who_cannot_be_asked_about_joins_nothing(slack: Slack) -> None:
    slack.world.slack.scopes.discard("users:read")
    [no] = await slack.dm("link", by="dana")
    assert no.shown.endswith("reason: `cannot_link`")


async def test_a_console_name_proves_nothing(world: World) -> None:
    assert await world.types("link") == [
        words(
            """
            ✗ dana: The console takes any name, so it proves nobody's: join accounts where you are signed in.
              reason: cannot_link
            """
        )
    ]


@pytest.mark.parametrize("line", ["/ivy link", "/ivy link ABCD-EFGH", "/ivy unlink"])
async def test_in_a_request_a_stranger_gets_no_code(shop: Talk, line: str) -> None:
    eve = shop.world.github.user("eve", id=66, right="read")
    assert (await shop.answer(line, by=eve)).endswith("<sub>reason: `not_allowed`</sub>")
