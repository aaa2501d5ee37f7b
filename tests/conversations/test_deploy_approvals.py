"""What goes to an environment that asks is planned, shown, and applied exactly as another person approved it, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.domain.deployment import DeploymentState
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk, words
from tests.conversations.test_link import joins
from tests.deploys import built, deployments, slot
from tests.world import a_world

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain.artifact import Artifact
    from tests.fakes.forge import User

STATES = DeploymentState


def _id(text: str) -> str:
    found = re.search(r"/sled approve ([a-z2-7]{8})", text)
    assert found, text
    return found[1]


def _ada(shop: Talk) -> User:
    return shop.world.github.user("ada", id=9, right="admin")


async def _staged(shop: Talk, commit: str = "4fd1c0e9", service: str = "pay") -> Artifact:
    """Built, merged, and run in staging: it may go to prod."""
    made = await built(shop.world, service, commit)
    await shop.says(f"/sled deploy {service}@{commit} --to staging")
    return made


async def _asked(shop: Talk, line: str = "/sled deploy pay --to prod") -> str:
    """The id of the request."""
    return _id((await shop.says(line))[-1])


async def test_it_is_planned_shown_and_applied_as_somebody_else_approved_it(shop: Talk) -> None:
    artifact = await _staged(shop)
    asked = (await shop.says("/sled deploy pay --to prod --reason the new tariff"))[-1]
    assert asked == words(
        f"""
        ⏳ @dana **pay@\u200b4fd1c0e9** to **prod** needs another person's word. It would change this:

        **pay** `4fd1c0e9`, plan `00d1660008de`: 2 created

        - create `fake/config`
        - create `fake/program`

        Reason: the new tariff

        Somebody else who is admin here has to say yes. Exactly this is applied, or nothing; the request waits until 2026-12-01 12:00 UTC.

        - approve: `/sled approve {_id(asked)}`
        - reject: `/sled reject {_id(asked)}`

        <sub>reason: `asks`</sub>
        """
    )
    assert shop.title == "⚠️ **pay@\u200b4fd1c0e9** · `prod` · waits for another person's word (admin)"
    assert ("pay", "prod") not in shop.world.runner.live
    told = await shop.says(f"/sled approve {_id(asked)} --comment go on", by=_ada(shop))
    assert told[0] == "✅ @dana **pay@\u200b4fd1c0e9** to **prod** may begin: approved by ada: go on."
    assert told[1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **prod**")
    assert told[1].endswith("Deploy `2`, plan `00d1660008de`")
    there = await slot(shop.world, "pay", "prod")
    assert there is not None
    assert there.artifact_id == artifact.id
    assert await shop.world.is_all_answered()
    why = (await shop.says("/sled why 2"))[-1]
    for part in ("asked for another person's word on pay@\u200b4fd1c0e9 to prod", "ada: approved what dana asked for: go on"):
        assert part in why


async def test_nobody_approves_their_own_deploy_under_whichever_account(slack: Slack, shop: Talk) -> None:
    shop.by = shop.world.github.user("root", id=99, right="admin")
    await joins(slack, shop, by="ada")
    await _staged(shop)
    id_ = await _asked(shop)
    assert "Nobody answers their own request" in await shop.answer("/sled approve")
    assert "Nobody answers their own request" in shown(await slack.dm(f"/sled approve {id_}", by="ada"))[-1]
    await slack.dm("unlink", by="ada")
    assert "Nobody answers their own request" in shown(await slack.dm(f"/sled approve {id_}", by="ada"))[-1]
    assert ("pay", "prod") not in shop.world.runner.live


async def test_who_may_deploy_may_not_therefore_approve(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    bob = shop.world.github.user("bob", id=10, right="write")
    assert "it needs the role admin here, and yours is developer" in await shop.answer(f"/sled approve {id_}", by=bob)
    eve = shop.world.github.user("eve", id=66, right="read")
    assert "`not_allowed`" in await shop.answer(f"/sled approve {id_}", by=eve)
    assert ("pay", "prod") not in shop.world.runner.live


async def test_a_no_is_told_with_who_said_it_and_nothing_begins(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    answers = await shop.says(f"/sled reject {id_} --comment not on a friday", by=_ada(shop))
    assert answers == [
        "@ada **pay@\u200b4fd1c0e9** to **prod**: nothing of it begins.",
        words(
            """
            ⚠️ @dana **pay@\u200b4fd1c0e9** to **prod** is not deployed: rejected by ada: not on a friday.

            <sub>reason: `rejected`</sub>
            """
        ),
    ]
    assert "This request is rejected by ada already." in await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    assert ("pay", "prod") not in shop.world.runner.live
    assert [each.state for each in await deployments(shop.world, "pay", "prod")] == [STATES.CANCELLED]


async def test_approved_twice_it_goes_once(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert "This request is approved by ada already." in await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    [one] = await deployments(shop.world, "pay", "prod")
    assert [each for each in shop.world.runner.applied if each.startswith(one.id)] == [f"{one.id}-apply-1"]


async def test_a_request_that_nobody_answers_ends_and_is_told(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    assert await shop.after(hours=25) == [
        words(
            """
            ⚠️ @dana **pay@\u200b4fd1c0e9** to **prod** is not deployed: nobody said yes in time.

            <sub>reason: `too_late`</sub>
            """
        )
    ]
    assert "`too_late`" in await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    assert ("pay", "prod") not in shop.world.runner.live
    assert _id((await shop.says("/sled retry 2"))[-1]) != id_


async def test_what_runs_there_moved_so_it_is_planned_and_asked_anew(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    shop.world.runner.somebody_changes("pay", "prod", config="by hand")
    told = await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert told[1] == words(
        """
        ⚠️ @dana **pay** in **prod** is not as it was when this was planned, so what was approved is not applied. It is planned anew, and asked for again.

        <sub>reason: `stale_plan`</sub>
        """
    )
    assert "1 created, 1 updated" in told[2]
    assert shop.world.runner.live["pay", "prod"] == {"config": "by hand"}
    again = await shop.says(f"/sled approve {_id(told[2])}", by=_ada(shop))
    assert again[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **prod**")
    assert "`decided`" in await shop.answer(f"/sled approve {id_}", by=_ada(shop))


async def test_a_newer_artifact_that_may_go_there_takes_its_place_and_is_asked_for_anew(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    newer = await _staged(shop, "5fd1c0e9")
    refused = await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    assert refused.startswith("❌ @ada This request is void already: what it was for has moved, or another request took its place.")
    told = shop.heard[-3:-1]
    assert "⚠️ @dana **pay@\u200b4fd1c0e9** to **prod** was asked for, but `5fd1c0e9` of pay has come since." in told[0]
    assert "**pay** `5fd1c0e9`, plan" in told[1]
    assert ("pay", "prod") not in shop.world.runner.live
    await shop.says(f"/sled approve {_id(told[1])}", by=_ada(shop))
    there = await slot(shop.world, "pay", "prod")
    assert there is not None
    assert there.artifact_id == newer.id


async def test_a_newer_artifact_that_may_not_go_there_yet_changes_nothing_nor_one_where_a_commit_was_named(shop: Talk) -> None:
    first = await _staged(shop)
    id_ = await _asked(shop)
    await built(shop.world, "pay", "5fd1c0e9")
    await shop.says(f"/sled approve {id_}", by=_ada(shop))
    named = await _asked(shop, "/sled deploy pay@4fd1c0e9 --to prod")
    await shop.says("/sled deploy pay@5fd1c0e9 --to staging")
    assert "may begin" in (await shop.says(f"/sled approve {named}", by=_ada(shop)))[0]
    assert {each.artifact_id for each in await deployments(shop.world, "pay", "prod")} == {first.id}


async def test_what_is_not_merged_is_not_even_planned_for_prod(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9", is_merged=False)
    assert "`not_merged`" in await shop.answer("/sled deploy pay@4fd1c0e9 --to prod")
    assert shop.world.runner.runs == {}


async def test_stopped_while_it_waits_it_needs_no_answer(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    assert "was stopped, as asked" in (await shop.says("/sled cancel"))[-1]
    assert "`decided`" in await shop.answer(f"/sled approve {id_}", by=_ada(shop))
    assert ("pay", "prod") not in shop.world.runner.live


async def test_a_group_is_asked_for_once_and_what_moved_is_asked_for_again(shop: Talk) -> None:
    await _staged(shop)
    await _staged(shop, "5fd1c0e9", "web")
    id_ = await _asked(shop, "/sled deploy core --to prod")
    shop.world.runner.somebody_changes("web", "prod", config="by hand")
    told = await shop.says(f"/sled approve {id_}", by=_ada(shop))
    assert "**web** in **prod** is not as it was" in told[1]
    assert "**pay**" not in told[2], "pay was approved as it is, and is there by now"
    assert (await deployments(shop.world, "pay", "prod"))[0].state is STATES.SUCCEEDED
    end = (await shop.says(f"/sled approve {_id(told[2])}", by=_ada(shop)))[-1]
    assert end.startswith("✅ @dana **core** is in **prod**")


async def test_one_of_a_group_that_cannot_be_rendered_is_asked_of_nobody(tmp_path: Path) -> None:
    async with a_world(tmp_path, deploy={"environments": {"prod": {}}, "groups": {"both": [["hello"], ["pay"]]}}) as world:
        await built(world, "hello", "4fd1c0e9")
        await built(world, "pay", "5fd1c0e9", program="cannot render")
        told = await world.types("/sled deploy both --to prod")
        assert "pay was not brought to prod: The configuration has no size." in told[-1]
        assert not [each for each in told if "/sled approve" in each]


async def test_the_line_may_be_said_under_both_prefixes_and_without_its_id(shop: Talk) -> None:
    await _staged(shop)
    await _asked(shop)
    assert "may begin" in (await shop.says("/ivy approve", by=_ada(shop)))[0]


async def test_it_waits_for_a_lock_after_it_was_approved_and_is_not_late_by_that(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    await shop.says("/sled lock pay:prod --reason audit --for 6h", by=_ada(shop))
    await shop.after(hours=5)
    assert "waits for the lock on pay:prod of ada" in (await shop.says(f"/sled approve {id_}", by=_ada(shop)))[-1]
    assert "begins now" in "\n".join(await shop.after(hours=2))
    assert ("pay", "prod") in shop.world.runner.live


async def test_a_worker_that_dies_between_plan_and_question_asks_once(shop: Talk) -> None:
    await _staged(shop)
    shop.world.runner.be_away(1)
    await shop.says("/sled deploy pay --to prod", settle=False)
    await shop.hears()
    await shop.world.worker_dies()
    [asked] = [each for each in await shop.news() if "/sled approve" in each]
    assert "may begin" in (await shop.says(f"/sled approve {_id(asked)}", by=_ada(shop)))[0]
    assert ("pay", "prod") in shop.world.runner.live


async def test_on_gitlab_and_by_a_press_in_slack_it_is_the_same(tools: Talk, slack: Slack) -> None:
    world = tools.world
    await built(world, "tool", "4fd1c0e9")
    await built(world, "hello", "5fd1c0e9")
    await tools.says("/sled deploy tool --to staging")
    id_ = _id((await tools.says("/sled deploy tool --to prod"))[-1])
    mia = world.gitlab.user("mia", id=71, right="admin")
    assert "may begin" in (await tools.says(f"/sled approve {id_}", by=mia))[0]
    assert ("tool", "prod") in world.runner.live
    await slack.slash("deploy hello --to staging", command="/sled")
    said = await slack.slash("deploy hello --to prod", command="/sled")
    asking = next(each for each in said if "needs another person's word" in each.shown)
    assert asking
    pressed = await slack.press("approve", asking, by="ada")
    assert any("may begin: approved by ada" in each.shown for each in pressed)
    assert ("hello", "prod") in world.runner.live


async def test_what_is_vetoed_while_somebody_is_asked_ends_and_cannot_be_approved(shop: Talk) -> None:
    await _staged(shop)
    id_ = await _asked(shop)
    told = await shop.says("/sled veto pay@4fd1c0e9 --reason it loses orders")
    assert any("1 deploy of it that waited ends." in each for each in told)
    assert any("**pay** was not brought to **prod**: dana vetoed this version: it loses orders" in each for each in told), told
    assert "reason: `decided`" in (await shop.says(f"/sled approve {id_}", by=_ada(shop)))[-1]
    assert [each.state for each in await deployments(shop.world, "pay", "prod")] == [STATES.FAILED]
