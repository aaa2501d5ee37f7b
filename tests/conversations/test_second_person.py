"""Who the other person is: in which role, and never the same one by another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.domain.message import Platform
from bot.store.tables import events
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk
from tests.conversations.test_deploy_approvals import _asked, _id, _staged
from tests.deploys import built
from tests.world import LOCAL, a_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World

ALONE: dict[str, Any] = {
    "is_alone": True,
    "projects": {"lab": {"forge": "local", "clone_url": LOCAL}},
    "services": {"hello": {"project": "lab"}},
    "deploy": {"environments": {"dev": {}, "prod": {}}},
}
TOLD = {"deploy_approval_wanted", "deploy_stale", "lock_ran_out"}
DEVELOPERS_TOO = """
@id("developers approve payments")
@reason("it needs the role developer")
permit (principal in Role::"developer", action in Action::"approve", resource == Service::"pay");
"""


def flat(text: str) -> str:
    """A terminal breaks lines where its width says so."""
    return " ".join(text.split())


async def test_terminals_are_one_person_whatever_names_are_typed(world: World) -> None:
    await built(world, "hello", "5fd1c0e9")
    await world.types("/sled deploy hello --to staging")
    said = (await world.types("/sled deploy hello --to prod"))[-1]
    assert "TRELLIS_TRUST_CONSOLE_NAMES" not in said, "others may answer from elsewhere"
    answer = flat((await world.types(f"/sled approve {_id(said)}", by="zelda"))[-1])
    assert "those who ask and answer in terminals count as one person" in answer
    assert "start Trellis with TRELLIS_TRUST_CONSOLE_NAMES=true" in answer
    assert ("hello", "prod") not in world.runner.live


async def test_alone_on_a_machine_one_is_told_how_to_try_it(tmp_path: Path) -> None:
    async with a_world(tmp_path, **ALONE) as world:
        await built(world, "hello", "5fd1c0e9")
        said = flat((await world.types("/sled deploy hello --to prod"))[-1])
        assert "Somebody else who is admin here has to say yes." in said
        assert "In terminals everybody counts as one person." in said
        assert "TRELLIS_TRUST_CONSOLE_NAMES=true" in said
        assert "asks = false in [deploy.environments.prod]" in said
        assert "waits for another person's word (admin)" in await world.card()


async def test_names_in_terminals_count_where_the_operator_trusts_them(tmp_path: Path) -> None:
    async with a_world(tmp_path, trust_console_names=True, **ALONE) as world:
        await built(world, "hello", "5fd1c0e9")
        said = (await world.types("/sled deploy hello --to prod"))[-1]
        assert "one person" not in said
        for name in ("dana", "Dana"):
            assert "Nobody answers their own request" in (await world.types(f"/sled approve {_id(said)}", by=name))[-1]
        assert ("hello", "prod") not in world.runner.live
        assert "may begin: approved by zelda" in flat((await world.types(f"/sled approve {_id(said)}", by="zelda"))[-1])
        assert ("hello", "prod") in world.runner.live


async def test_who_asks_where_nobody_else_reads_is_heard_in_the_channel_of_the_project(world: World, slack: Slack) -> None:
    await built(world, "hello", "5fd1c0e9")
    await world.types("/sled deploy hello --to staging")
    before = len(slack.said)
    await world.types("/sled deploy hello --to prod")
    [asking] = slack.said[before:]
    assert asking.channel == "C0LAB"
    assert "needs another person's word" in asking.shown
    pressed = shown(await slack.press("approve", asking, by="ada"))
    assert any("may begin: approved by ada" in each for each in pressed)
    assert ("hello", "prod") in world.runner.live


async def test_in_a_channel_it_is_asked_once_and_from_a_direct_message_in_the_channel_too(world: World, slack: Slack) -> None:
    await built(world, "hello", "5fd1c0e9")
    await slack.slash("deploy hello --to staging", command="/sled")
    said = await slack.slash("deploy hello --to prod", command="/sled")
    assert ["needs another person's word" in each for each in shown(said)].count(True) == 1
    await slack.slash("cancel 2", command="/sled", by="ada")
    said = await slack.dm("/sled deploy hello --to prod")
    assert {each.channel[:1] for each in said if "needs another person's word" in each.shown} == {"C", "D"}


async def test_what_becomes_of_it_is_an_event_of_its_project_and_so_is_the_end_of_a_lock(shop: Talk) -> None:
    await _staged(shop)
    await _asked(shop)
    await shop.says("/sled lock pay:prod --reason audit --for 1h")
    shop.world.runner.somebody_changes("pay", "prod", config="by hand")
    await shop.says("/sled approve", by=shop.world.github.user("ada", id=9, right="admin"))
    assert "Your lock on **pay:prod** is over" in "\n".join(await shop.after(hours=1))
    async with shop.world.store.look() as look:
        query = select(events.c.kind, events.c.project, events.c.data).where(events.c.kind.in_(sorted(TOLD)))
        found = {row.kind: row for row in await look.connection.execute(query)}
    assert {kind: row.project for kind, row in found.items()} == dict.fromkeys(TOLD, "shop")
    assert found["lock_ran_out"].data["owner"] == f"{Platform.GITHUB}:{shop.by.id}"


async def test_the_roles_are_those_that_the_rules_in_force_name(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(DEVELOPERS_TOO)
    async with a_world(tmp_path, policy_more=tmp_path / "own.cedar") as world:
        dana = world.github.user("dana", id=7, right="write")
        shop = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
        await _staged(shop)
        await _asked(shop)
        assert "Somebody else who is developer or admin here has to say yes" in shop.heard[-1]
        await built(world, "web", "5fd1c0e9")
        await shop.says("/sled deploy core --to staging")
        assert "who is admin here" in (await shop.says("/sled deploy core --to prod"))[-1], "all of a group has to be approved"


async def test_what_was_forced_is_told_to_whose_lock_it_passed_and_in_the_channel(world: World, slack: Slack) -> None:
    await built(world, "hello", "5fd1c0e9")
    await slack.dm("/sled lock hello:dev --reason release week")
    before = len(slack.said)
    [*_, told, done] = await world.types("/sled deploy hello --to dev --force --reason fire", by="ada")
    assert "begins past the lock on hello:dev of dana (release week), by the force of ada" in flat(told)
    assert "hello runs 5fd1c0e9 in dev" in done
    heard = {each.channel[:1]: each.shown for each in slack.said[before:] if "by the force of ada" in each.shown}
    assert sorted(heard) == ["C", "D"]
    assert "<@U0DANA>" in heard["D"]


async def test_what_waits_for_somebody_is_told_of_where_it_is_looked_for(world: World) -> None:
    await built(world, "hello", "5fd1c0e9")
    await world.types("/sled deploy hello --to staging")
    id_ = _id((await world.types("/sled deploy hello --to prod"))[-1])
    assert "deploy 2: waits for another person's word (admin)" in flat((await world.types("/sled status hello"))[0])
    assert f"Let it begin: /sled approve {id_}" in await world.card()


async def test_an_environment_as_people_say_it_is_shown_as_an_option(world: World) -> None:
    [told] = await world.types("/sled deploy hello to dev")
    assert "Which environment? Try: /sled deploy hello --to dev" in told
