"""Gates: what others have to say of an artifact before it is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.deployment import DeploymentState
from tests.conversations.slack import Slack
from tests.conversations.talk import Talk, words
from tests.deploys import built, deployments
from tests.world import SERVICES, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.forge import Request, User
    from tests.world import World

COMMIT = "4fd1c0e9".ljust(40, "0")
GATES: dict[str, Any] = {
    **SERVICES,
    "pay": {"project": "shop", "gates": ["ci"]},
    "web": {"project": "shop", "gates": ["review"]},
    "tool": {"project": "tools", "gates": ["ci", "review"]},
    "hello": {"project": "lab", "gates": "contracts"},
}
V1 = b"""\
openapi: 3.0.3
info: {title: Hello, version: "1"}
paths:
  /hello:
    get:
      responses: {"200": {description: a greeting}}
  /bye:
    get:
      responses: {"200": {description: a farewell}}
"""
V2 = V1.partition(b"  /bye:")[0]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, services=GATES) as made:
        yield made


@pytest.fixture
def ada(shop: Talk) -> User:
    return shop.world.github.user("ada", id=8, right="admin")


async def test_checks_that_did_not_pass_stop_it_with_their_names(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    for name, state in (("unit", "failure"), ("lint", "timed_out"), ("docs", "success")):
        shop.world.github.checks.say(COMMIT, name, state)
    assert await shop.answer("/sled deploy pay --to dev") == words(
        """
        ❌ @dana **pay@\u200b4fd1c0e9** may not go to dev: the gate ci is shut: checks of its commit did not pass (lint, unit).

        Mend it, or run the checks again; then say it again. Past gates, for admins only: --force.

        <sub>reason: `gate_ci`</sub>
        """
    )
    assert await deployments(shop.world, "pay") == []


async def test_what_nothing_has_checked_is_not_green(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    answer = await shop.answer("/sled deploy pay --to dev")
    assert "the gate ci is shut: nothing has checked its commit." in answer
    assert "Have CI run on it; then say it again." in answer


async def test_green_checks_let_it_pass(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit")
    assert (await shop.says("/sled deploy pay --to dev"))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")


async def test_checks_that_have_not_ended_are_waited_for_and_told_of_once(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit", "in_progress")
    card, told = await shop.says("/sled deploy pay --to dev")
    assert told.startswith("⏳ @dana **pay** to **dev** waits for its checks to end (unit). It begins when that is over.")
    assert "waits for its checks to end (unit)" in card
    assert shop.world.runner.runs == {}
    shop.world.github.checks.say(COMMIT, "lint", "queued")
    assert await shop.after(seconds=15) == []
    assert "waits for its checks to end (lint, unit)" in shop.card
    for name in ("unit", "lint"):
        shop.world.github.checks.say(COMMIT, name)
    begins, done = await shop.after(seconds=30)
    assert begins.startswith("⏳ @dana **pay** to **dev** begins now: it waited 45 s for its checks to end")
    assert done.startswith("✅ @dana **pay** runs `4fd1c0e9` in **dev**")


async def test_checks_that_fail_while_it_waits_end_it(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit", "in_progress")
    await shop.says("/sled deploy pay --to dev")
    shop.world.github.checks.say(COMMIT, "unit", "failure")
    [answer] = await shop.after(seconds=15)
    assert answer.startswith("❌ @dana **pay** was not brought to **dev**: the gate ci is shut: checks of its commit did not pass (unit)")
    assert answer.endswith("<sub>reason: `gate_ci`</sub>")


async def test_checks_that_never_end_are_not_waited_for_for_ever(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit", "in_progress")
    await shop.says("/sled deploy pay --to dev")
    assert await shop.after(hours=1) == []
    [answer] = await shop.after(hours=1)
    assert "the gate ci is shut: its checks have not ended (unit)" in answer


async def test_a_forge_that_is_away_is_waited_for_and_never_taken_for_a_yes(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit")
    shop.world.github.fail_next("GET checks", 502, times=3)
    told = (await shop.says("/sled deploy pay --to dev"))[-1]
    assert "waits for the gate ci: nobody can say now (GitHub answered 502)" in told
    assert await shop.after(seconds=15) == []
    assert (await shop.after(seconds=15))[-1].startswith("✅ @dana **pay** runs `4fd1c0e9`")


async def test_a_group_waits_as_a_whole_before_any_of_it_begins(shop: Talk, ada: User) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit")
    request = merged(shop, ada)
    shop.world.github.fail_next("GET reviews", 502, times=2)
    await shop.says("/sled deploy core --to dev")
    assert shop.world.runner.applied == []
    request.reviews.clear()
    answer = (await shop.after(seconds=15))[-1]
    assert "**web** was not brought to **dev**: the gate review is shut" in answer
    assert shop.world.runner.applied == []
    assert [each.state for each in await deployments(shop.world, "pay")] == [DeploymentState.CANCELLED]


async def test_only_few_force_their_way_and_all_are_told(shop: Talk, ada: User) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.github.checks.say(COMMIT, "unit", "failure")
    assert "You may not run" in await shop.answer("/sled deploy pay --to dev --force")
    _, told, done = await shop.says("/sled deploy pay --to dev --force --reason fire", by=ada)
    assert told.startswith("⚠️ **pay** to **dev** begins past the gate ci (checks of its commit did not pass (unit)), by the force of ada.")
    assert done.startswith("✅ @ada **pay** runs `4fd1c0e9` in **dev**")
    assert "forced_past" in await events(shop.world, "deploy_began")


async def test_who_goes_back_is_not_asked(shop: Talk) -> None:
    for number, commit in enumerate(("4fd1c0e9", "5fd1c0e9"), 1):
        await built(shop.world, "pay", commit)
        shop.world.github.checks.say(commit.ljust(40, "0"), "unit")
        assert (await shop.says(f"/sled deploy pay@{commit} --to dev"))[-1].startswith("✅"), number
    shop.world.github.checks.say(COMMIT, "unit", "failure")
    assert "✅ @dana **pay** runs `4fd1c0e9` in **dev**" in (await shop.says("/sled rollback pay --to dev"))[-1]


async def test_what_goes_by_itself_waits_for_its_checks_too(tmp_path: Path) -> None:
    async with a_world(tmp_path, services=GATES, deploy={"environments": {"dev": {"continuous": ["pay"]}}}) as world:
        await built(world, "pay", "4fd1c0e9", is_merged=False)
        world.github.checks.say(COMMIT, "unit", "in_progress")
        world.github.merges(world.shop, COMMIT)
        await world.deliver("github", world.github.pushes(world.shop, "main", COMMIT))
        [waiting] = await deployments(world, "pay")
        assert (waiting.state, world.runner.applied) == (DeploymentState.WAITING, [])
        world.github.checks.say(COMMIT, "unit")
        await world.pass_time(seconds=15)
        [done] = await deployments(world, "pay")
        assert done.state is DeploymentState.SUCCEEDED


# -- review ------------------------------------------------------------------------------------------


def merged(talk: Talk, *approvers: User) -> Request:
    request = talk.on
    for each in approvers:
        request.reviewed(each)
    request.merged_as(COMMIT)
    return request


async def test_what_somebody_else_approved_may_go(shop: Talk, ada: User) -> None:
    await built(shop.world, "web", "4fd1c0e9")
    merged(shop, ada)
    assert (await shop.says("/sled deploy web --to dev"))[-1].startswith("✅ @dana **web** runs `4fd1c0e9` in **dev**")


async def test_what_only_its_author_or_somebody_who_may_not_write_approved_may_not(shop: Talk) -> None:
    await built(shop.world, "web", "4fd1c0e9")
    merged(shop, shop.by, shop.world.github.user("eve", id=66, right="read"))
    answer = await shop.answer("/sled deploy web --to dev")
    assert "the gate review is shut: request 12 was approved by nobody who may write there and is not its author." in answer
    assert answer.endswith("<sub>reason: `gate_review`</sub>")


async def test_what_no_request_brought_was_reviewed_by_nobody_whatever_ci_says(shop: Talk) -> None:
    await built(shop.world, "web", "4fd1c0e9", request=12)
    assert "the forge knows no request that brought its commit" in await shop.answer("/sled deploy web --to dev")


async def test_on_gitlab_it_is_the_same(tools: Talk) -> None:
    await built(tools.world, "tool", "4fd1c0e9")
    bea = tools.world.gitlab.user("bea", id=71, right="write")
    merged(tools)
    tools.world.gitlab.checks.say(COMMIT, "unit", "failed")
    assert "the gate ci is shut: checks of its commit did not pass (unit)" in await tools.answer("/sled deploy tool --to dev")
    tools.world.gitlab.checks.say(COMMIT, "unit")
    assert "the gate review is shut: request 5 was approved by nobody" in await tools.answer("/sled deploy tool --to dev")
    tools.on.reviewed(bea)
    assert (await tools.says("/sled deploy tool --to dev"))[-1].startswith("✅ @gina **tool** runs `4fd1c0e9` in **dev**")


# -- contracts ---------------------------------------------------------------------------------------


async def test_a_change_that_breaks_callers_is_refused_with_the_line_that_breaks(world: World, slack: Slack) -> None:
    await built(world, "hello", "4fd1c0e9", contract=("api.yaml", V1))
    [answer] = await world.types("/sled deploy hello --to dev")
    assert answer.startswith("✓ dana: hello runs 4fd1c0e9 in dev")
    await built(world, "hello", "5fd1c0e9", contract=("api.yaml", V2))
    [answer] = await world.types("/sled deploy hello@5fd1c0e9 --to dev")
    assert flat(answer) == flat(
        """✗ dana: hello@5fd1c0e9 may not go to dev: the gate contracts is shut: whoever calls what runs there could not go on.
        - api.yaml:3:1: GET /bye is gone for all who call it (line 8 before). (path_removed)
        Keep what is called, or make the change in a package or path marked alpha or beta; then say it again.
        Past gates, for admins only: --force. reason: gate_contracts"""
    )
    said = await slack.slash("deploy hello@5fd1c0e9 --to dev", command="/sled")
    assert any("the gate contracts is shut" in each.shown for each in said)
    [answer] = await world.types("/sled deploy hello@5fd1c0e9 --to staging")  # where nothing runs that could break
    assert answer.startswith("✓ dana: hello runs 5fd1c0e9 in staging")


async def test_what_promises_nothing_passes_no_gate_of_contracts(world: World) -> None:
    await built(world, "hello", "4fd1c0e9")
    [answer] = await world.types("/sled deploy hello --to dev")
    assert "the gate contracts is shut: it was registered without its contract." in flat(answer)
    assert "trellis artifact push … --contract FILE" in flat(answer)


@pytest.mark.parametrize(("name", "data"), [("api.yaml", b"openapi: [3"), ("notes.txt", b"hello"), ("api.tar.gz", b"no archive")])
async def test_a_contract_that_cannot_be_read_is_no_yes(world: World, name: str, data: bytes) -> None:
    await built(world, "hello", "4fd1c0e9", contract=("api.yaml", V1))
    await world.types("/sled deploy hello --to dev")
    await built(world, "hello", "5fd1c0e9", contract=(name, data))
    [answer] = await world.types("/sled deploy hello@5fd1c0e9 --to dev")
    assert "the gate contracts is shut: its contract cannot be read: " in flat(answer)


async def test_a_contract_that_cannot_be_fetched_now_is_waited_for(world: World) -> None:
    await built(world, "hello", "4fd1c0e9", contract=("api.yaml", V1))
    world.files.away = 2
    [told] = await world.types("/sled deploy hello --to dev")
    assert "waits for the gate contracts: nobody can say now (https://files.example.com/api.yaml does not answer)" in flat(told)
    await world.pass_time(seconds=15)
    [done] = await deployments(world, "hello")
    assert done.state is DeploymentState.SUCCEEDED


async def test_it_is_compared_with_what_runs_there_when_its_turn_has_come(world: World, slack: Slack) -> None:
    """Another was deployed while this one waited: what it would break was not there when it was asked for."""
    await built(world, "hello", "4fd1c0e9", contract=("api.yaml", V2))
    await world.types("/sled lock dev --reason tests", by="ada")
    await slack.slash("deploy hello --to dev", command="/sled")
    await built(world, "hello", "5fd1c0e9", contract=("api.yaml", V1))
    await world.types("/sled deploy hello@5fd1c0e9 --to dev", by="ada")
    await world.types("/sled unlock dev", by="ada")
    first, second = await deployments(world, "hello")
    assert (first.state, second.state) == (DeploymentState.FAILED, DeploymentState.SUCCEEDED)
    assert first.code == "gate_contracts"
    assert "/bye" in first.log


def flat(answer: str) -> str:
    """A terminal breaks lines where its width says so."""
    return " ".join(answer.split())


async def events(world: World, kind: str) -> str:
    from sqlalchemy import select

    from bot.store.tables import events as table

    async with world.store.look() as look:
        rows = await look.connection.execute(select(table.c.data).where(table.c.kind == kind))
        return str([row.data for row in rows])
