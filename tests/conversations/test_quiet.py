"""Loops end: too many answers in one thread within the hour, and it is kept quiet; every denial is written down."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from bot.store.denials import denials
from bot.store.tables import events
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk, words
from tests.world import World, a_world

MOST = 5


async def a_talk(world: World, number: int = 12) -> Talk:
    dana = world.github.user("dana", id=7, right="write")
    return Talk(world, dana, world.github.pull_request("acme/shop", number=number, branch="demo", author=dana))


async def test_a_program_in_somebodys_name_is_answered_so_often_and_no_more(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"replies_per_hour": MOST}) as world:
        shop = await a_talk(world)
        for _ in range(MOST):
            assert len(await shop.says("/ivy whoami")) == 1
        assert await shop.answer("/ivy whoami") == words(
            """
            ⚠️ There were 5 answers of mine here within the hour: I keep quiet in this thread for an hour, and hear nothing in it.

            Should another program be talking with me here, please stop it. Say what you want elsewhere until then.

            <sub>reason: `hushed`</sub>
            """
        )
        for _ in range(20):
            assert await shop.says("/ivy create") == []
        assert await world.environments() == []
        async with world.store.look() as look:
            [quiet] = await look.quiet.all()
            [told] = (await look.connection.execute(select(events).where(events.c.kind == "hushed"))).mappings()
        assert (quiet.address, quiet.replies) == ("github:shop:12", MOST)
        assert (told["project"], told["actor"]) == ("shop", "github:dana")
        assert len(await (await a_talk(world, 13)).says("/ivy whoami")) == 1  # elsewhere all is as ever
        await world.pass_time(hours=1.1)
        assert len(await shop.says("/ivy whoami")) == 1


async def test_a_stranger_silences_nobody(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"replies_per_hour": 30}) as world:
        shop = await a_talk(world)
        eve = world.github.user("eve", id=66, right="read")
        told = [len(await shop.says("/ivy create", by=eve)) for _ in range(14)]
        assert told == [1] * 10 + [0] * 4
        assert len(await shop.says("/ivy whoami")) == 1
        async with world.store.look() as look:
            assert len(await denials(look.connection)) == 14


async def test_a_terminal_may_say_as_much_as_it_likes(tmp_path: Path) -> None:
    async with a_world(tmp_path, limits={"replies_per_hour": 2}) as world:
        for _ in range(6):
            assert len(await world.types("whoami")) == 1


async def test_a_denial_is_written_down_with_who_what_where_and_which_rule(shop: Talk, slack: Slack) -> None:
    eve = shop.world.github.user("eve", id=66, right="read")
    await shop.says("/ivy create --ttl 3h", by=eve)
    await slack.dm("terminate nothing-here", by="vera")
    async with shop.world.store.look() as look:
        last, first = await denials(look.connection)
        assert await denials(look.connection, before=last.id) == [first]
        assert await denials(look.connection, person="slack:U0VERA") == [last]
    assert (first.person, first.actor, first.words, first.line) == ("github:66", "github:eve", "ivy create", "/ivy create --ttl 3h")
    assert (first.rule, first.argument, first.project, first.place) == ("changing", "", "shop", "request")
    assert first.thread == "github:shop:12"
    assert (last.person, last.words, last.rule, last.project, last.place) == ("slack:U0VERA", "ivy terminate", "changing", "", "direct")
