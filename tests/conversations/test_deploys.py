"""cancel, retry, logs, why and history of deploys: what there is can be stopped, done again and explained."""

from __future__ import annotations

from bot.domain.deployment import DeploymentState
from bot.store import audit
from tests.conversations.talk import Talk, words
from tests.conversations.test_deploy import _held
from tests.deploys import built, deployments

STATES = DeploymentState


async def test_what_runs_is_asked_to_end_and_what_comes_after_does_not_begin(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "web", "5fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy core --to dev", settle=False)
    await _held(shop.world)
    answers = await shop.says("/sled cancel")
    assert answers[-2] == "Deploy 1, **core** to **dev**: pay is asked to end, and what has not begun does not begin."
    assert answers[-1].startswith("⚠️ @dana **core** to **dev** was stopped, as asked.")
    assert [each.state for each in (*await deployments(shop.world, "pay"), *await deployments(shop.world, "web"))] == [
        STATES.CANCELLED,
        STATES.CANCELLED,
    ]
    assert shop.world.runner.cancelled
    assert "reason: `over`" in (await shop.says("/sled cancel 1"))[-1]


async def test_what_is_still_planned_is_stopped_too(shop: Talk) -> None:
    """A deploy.py may never end; who waits for it need not."""
    await built(shop.world, "pay", "4fd1c0e9", program="plans for long")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await _held(shop.world)
    answers = await shop.says("/sled cancel")
    assert answers[-1].startswith("⚠️ @dana **pay@\u200b4fd1c0e9** to **dev** was stopped, as asked.")
    [only] = await deployments(shop.world, "pay")
    assert (only.state, only.began_at) == (STATES.CANCELLED, None)
    assert [each.split("-")[1] for each in shop.world.runner.cancelled] == ["plan"]


async def test_what_failed_is_done_again_with_the_same_artifacts(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    web = await built(shop.world, "web", "5fd1c0e9", program="cannot render")
    await shop.says("/sled deploy core --to dev")
    await built(shop.world, "web", "7fd1c0e9")
    answer = (await shop.says("/sled retry 1"))[-1]
    assert answer.startswith("❌ @dana **web** was not brought to **dev**: The configuration has no size.")
    assert [each.artifact_id for each in await deployments(shop.world, "web")] == [web.id, web.id]
    assert len(await deployments(shop.world, "pay")) == 2, "what did not begin is done again too"
    await shop.says("/sled deploy pay --to dev")
    number = (await deployments(shop.world, "pay"))[-1].number
    assert "reason: `nothing_failed`" in (await shop.says(f"/sled retry {number}"))[-1]


async def test_what_still_goes_is_not_done_again(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    shop.world.runner.gate.clear()
    await shop.says("/sled deploy pay --to dev", settle=False)
    await _held(shop.world)
    await shop.says("/sled retry", settle=False)
    await shop.hears()
    shop.world.runner.gate.set()
    await shop.world.settle()
    assert any("reason: `still_running`" in each for each in shop.heard)


async def test_its_log_and_its_story_are_told(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9", program="never healthy")
    await shop.says("/sled deploy pay --to dev --reason the new tariff")
    assert (await shop.says("/sled logs"))[-1] == words(
        """
        Deploy 1, **pay@\u200b4fd1c0e9** to **dev**:

        **pay** (1): failed: program is not healthy: it exited with code 1.

        ```
        waiting for program
        program exited with code 1
        ```
        """
    )
    told = (await shop.says("/sled why 1"))[-1]
    assert told.startswith("❌ Deploy 1, **pay@\u200b4fd1c0e9** to **dev**: failed (`not_healthy`)")
    for part in ("Asked for by **dana**", ": the new tariff", "pay planned, plan ", "pay began", "pay failed: program is not healthy"):
        assert part in told


async def test_the_past_is_a_table_and_can_be_asked_for_by_service_and_place(shop: Talk, tools: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "tool", "5fd1c0e9")
    for place, service, commit in ((shop, "pay", "4fd1c0e9"), (tools, "tool", "5fd1c0e9")):
        await place.says(f"/sled deploy {service} --to dev")
        told = (await place.says(f"/sled history {service} --in dev"))[-1]
        assert f"| **{service}** | dev | `{commit}` |" in told
    assert "Nothing was deployed yet" in (await shop.says("/sled history web"))[-1]


async def test_a_deploy_that_is_not_there_is_told_as_that_on_every_platform(shop: Talk, tools: Talk) -> None:
    for place in (shop, tools):
        for verb in ("cancel", "retry", "logs", "why"):
            assert "reason: `no_deploy`" in (await place.says(f"/sled {verb} 99"))[-1]
            assert "reason: `which_deploy`" in (await place.says(f"/sled {verb}"))[-1]


async def test_what_happens_to_a_deploy_is_told_of_its_service_s_project(shop: Talk) -> None:
    """Wherever it was said, and by whomever: streams and the audit log go by the project."""
    await built(shop.world, "pay", "4fd1c0e9")
    await shop.world.types("/sled deploy pay --to dev")
    [deployment] = await deployments(shop.world, "pay")
    async with shop.world.store.look() as look:
        told = list(await look.events_of(deployment.rollout_id, 50))
    assert {each.kind for each in told} >= {"deploy_asked", "deploy_planned", "deploy_began", "deploy_succeeded"}
    assert {each.project for each in told} == {"shop"}


async def test_what_happens_to_services_of_two_projects_is_told_of_both_and_once_in_its_story(shop: Talk) -> None:
    await built(shop.world, "pay", "4fd1c0e9")
    await built(shop.world, "tool", "5fd1c0e9")
    await shop.world.types("/sled deploy pay tool --to dev")
    [deployment] = await deployments(shop.world, "tool")
    async with shop.world.store.look() as look:
        story = [each.kind for each in await look.events_of(deployment.rollout_id, 50)]
        logs = {key: (await audit.trail(look.connection, audit.Asked(frozenset({key})))).entries for key in ("shop", "tools")}
    assert story.count("deploy_asked") == 1
    for key, service in (("shop", "pay"), ("tools", "tool")):
        told = [each.event for each in logs[key]]
        assert [each.data["words"] for each in told if each.kind == "deploy_asked"] == ["pay@4fd1c0e9 tool@5fd1c0e9"]
        assert {each.data["service"] for each in told if "service" in each.data} == {service}
