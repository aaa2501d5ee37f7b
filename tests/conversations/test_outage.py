"""After an outage what was missed is found, once; what is older than an hour is answered, not run."""

from __future__ import annotations

import pytest
import structlog

from bot.store.feeds import listening
from tests.browser import signed_in
from tests.conversations.talk import Talk
from tests.fakes.deliveries import github_hook
from tests.web.test_pages import words as shown


@pytest.fixture(params=["github", pytest.param("gitlab", marks=pytest.mark.long)])
def talk(request: pytest.FixtureRequest, shop: Talk, tools: Talk) -> Talk:
    return shop if request.param == "github" else tools


async def _missed(talk: Talk, text: str, hours: float) -> list[str]:
    """What the bot says when it comes back so long after something was said that no hook brought."""
    await talk.world.poll()
    talk.world.clock.advance(seconds=30)
    delivery = talk.forge.says(talk.on, talk.by, text)
    assert delivery.comment is not None
    talk.comments.append(delivery.comment)
    talk.world.clock.advance(hours=hours)
    await talk.world.poll()
    return talk.heard


async def test_what_was_missed_for_minutes_is_run(talk: Talk) -> None:
    assert len(await _missed(talk, "/ivy create", 0.5)) == 2
    assert len(await talk.world.environments()) == 1


@pytest.mark.parametrize("hours", [2, 24, 80])
async def test_what_was_missed_for_hours_is_answered(talk: Talk, hours: int) -> None:
    [said] = await _missed(talk, "/ivy create", hours)
    assert f"This was said {hours} h ago" in said
    assert "reason: `stale`" in said
    assert await talk.world.environments() == []


async def test_what_was_missed_is_not_doubled_by_a_hook_that_comes_later(talk: Talk) -> None:
    await _missed(talk, "/ivy create", 0.5)
    await talk.world.deliver(talk.platform, talk.forge.tells_comment(talk.comments[0]))
    await talk.world.pass_time(seconds=301)
    await talk.world.poll()
    assert await talk.world.command_states() == ["done"]
    assert len(talk.heard) == 2


async def test_a_merge_that_was_missed_takes_the_environment_down(talk: Talk) -> None:
    await talk.makes()
    await talk.world.poll()
    talk.forge.closes(talk.on, is_merged=True)
    await talk.world.pass_time(seconds=301)
    await talk.world.poll()
    assert await talk.world.environments() == []


async def test_between_the_sweeps_nothing_is_asked(talk: Talk) -> None:
    await talk.world.poll()
    await talk.world.pass_time(seconds=16)
    await talk.world.poll()
    asked = len(talk.forge.asked("LIST requests"))
    await talk.world.pass_time(seconds=60)
    await talk.world.poll()
    assert len(talk.forge.asked("LIST requests")) == asked


async def test_while_gitlab_has_switched_our_webhook_off_it_is_polled_and_told(tools: Talk) -> None:
    world = tools.world
    until = "2026-12-01T00:00:00Z"
    hook = {"id": 1, "url": "https://trellis.example/hooks/gitlab", "alert_status": "temporarily_disabled", "disabled_until": until}
    world.gitlab.webhooks.rows = [(world.tools, hook)]
    await world.poll()
    tools.forge.says(tools.on, tools.by, "/ivy whoami")
    world.clock.advance(seconds=16)
    await world.poll()
    assert len(tools.heard) == 1
    async with world.store.look() as look:
        found = await listening(look.connection, "tools")
    assert found is not None
    words = f"GitLab has switched its webhook off (temporarily_disabled) until {until}: test it in the project's settings"
    assert found.hook_problem == words
    async with signed_in(world, "dana") as web:
        assert f"✗ tools {words}. Until then it is polled." in shown(await web.get("/system"))
    world.gitlab.webhooks.rows = [(world.tools, {**hook, "alert_status": "executable", "disabled_until": None})]
    world.clock.advance(seconds=16)
    await world.poll()
    async with world.store.look() as look:
        found = await listening(look.connection, "tools")
    assert found is not None
    assert found.hook_problem == ""


def _hook(talk: Talk) -> None:
    project, url = talk.on.project, f"https://trellis.example/hooks/{talk.platform}"
    hook = github_hook(talk.forge.url, project.path, 1, url) if talk.platform == "github" else {"id": 1, "url": url}
    talk.forge.webhooks.rows = [(project, hook)]


async def _comes_back(talk: Talk, hours: float) -> list[str]:
    """What the bot newly says when it is back after so long."""
    before = len(talk.heard)
    talk.world.clock.advance(hours=hours)
    await talk.world.poll()
    return talk.heard[before:]


@pytest.mark.parametrize("hours", [24, 80])
async def test_every_command_of_a_long_outage_is_found_once(talk: Talk, hours: int) -> None:
    """Of 24 h by what the forge still has of its deliveries; of 80 h by the sweep of comments where they are forgotten by then."""
    _hook(talk)
    await talk.world.poll()
    for number in range(5):
        talk.world.clock.advance(seconds=60)
        talk.forge.sends(talk.forge.says(talk.on, talk.by, f"/ivy extend {number + 1}h"), 0)
    found = await _comes_back(talk, hours)
    assert len(found) == 5
    assert all("reason: `stale`" in each for each in found)
    asked = len(talk.forge.asked("GET delivery"))
    assert asked == (5 if (talk.platform, hours) == ("github", 24) else 0)
    await talk.world.pass_time(seconds=301)
    await talk.world.poll()
    assert len(talk.heard) == 5
    assert len(talk.forge.asked("GET delivery")) == asked


async def test_what_could_not_be_delivered_is_run_as_it_was_said_though_no_list_has_it(talk: Talk) -> None:
    """A comment whose author has edited other words of it since: the forge's record has it as it was."""
    _hook(talk)
    await talk.world.poll()
    talk.world.clock.advance(seconds=60)
    delivery = talk.forge.sends(talk.forge.says(talk.on, talk.by, "/ivy create"), 503)
    assert delivery.comment is not None
    talk.world.clock.advance(seconds=60)
    talk.forge.edits(delivery.comment, "Please:\n\n/ivy create")
    assert len(await _comes_back(talk, 0.2)) == 2
    assert len(await talk.world.environments()) == 1


async def test_what_was_delivered_in_the_end_is_not_fetched(talk: Talk) -> None:
    _hook(talk)
    await talk.world.poll()
    delivery = talk.forge.sends(talk.forge.says(talk.on, talk.by, "/ivy create"), 503)
    talk.world.clock.advance(seconds=60)
    talk.forge.sends(delivery, 202)
    await talk.world.deliver(talk.platform, delivery)
    heard = len(talk.heard)
    assert await _comes_back(talk, 0.2) == []
    assert len(talk.heard) == heard == 2
    assert talk.forge.asked("GET delivery") == []


async def test_what_was_before_we_came_is_the_past(talk: Talk) -> None:
    _hook(talk)
    talk.world.clock.advance(hours=-2)
    talk.forge.sends(talk.forge.says(talk.on, talk.by, "/ivy create"), 503)
    talk.world.clock.advance(hours=2)
    await talk.world.poll()
    assert await _comes_back(talk, 0.2) == []


async def test_a_token_that_may_not_read_webhooks_is_told_once_and_the_sweep_does_the_work(talk: Talk) -> None:
    talk.forge.fail_next("LIST hooks", 403, times=20)
    with structlog.testing.capture_logs() as logs:
        assert len(await _missed(talk, "/ivy create", 0.5)) == 2
        await _comes_back(talk, 0.2)
    [told] = [each for each in logs if each["event"] == "deliveries_unknown" and each["project"] == talk.on.project.name]
    assert "does not let the token read" in told["reason"]
