"""A wall that does not hold, and secrets that are asked for too often, are told in chat and stand in status, pages and doctor until it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.doctor import _alarms
from bot.doctor_said import Finding
from bot.settings import SettingsError
from bot.settings.checks import check
from bot.vault.canary import Canary, watch_for_ever
from bot.vault.guarded import Guarded, Pace
from bot.vault.vault import VaultUnavailable
from tests.browser import signed_in
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import Talk
from tests.conversations.test_trading import write
from tests.web.test_pages import words
from tests.world import a_world, world_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import World

BREACH = "whoever runs here may ask for /prod/key: take that right away"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, vault={"alarm_channel": "C0LAB"}) as made:
        yield made


def heard(slack: Slack) -> list[str]:
    return shown(slack.said)


async def test_a_breach_is_told_once_stands_until_it_is_over_and_is_told_again(slack: Slack, shop: Talk) -> None:
    world, alarms = slack.world, slack.world.parts.alarms
    write(shop)
    environment = await shop.makes()
    await alarms.wall("")
    assert heard(slack) == []
    for _ in range(3):
        await alarms.wall(BREACH)
        await world.settle()
    [told] = heard(slack)
    assert f"*The wall before production's secrets does not hold*, seen from here: {BREACH}." in told
    assert "Try it now: trellis vault try" in told
    assert f"**Alarm**: The wall before production's secrets does not hold, seen from here: {BREACH}; since 20" in await shop.answer(
        "/ivy status"
    )
    assert "Alarm: The wall before production" in "".join(await world.types("/ivy status"))
    said = await _alarms(world.store)
    assert (said.finding, BREACH in said.words) == (Finding.BAD, True)
    async with signed_in(world, "dana") as web:
        assert "Alarm : The wall before production's secrets does not hold" in words(await web.get("/system"))
    await alarms.wall("")
    await world.settle()
    assert "holds again" in heard(slack)[-1]
    assert (await _alarms(world.store)).finding is Finding.GOOD
    assert "Alarm" not in await shop.answer(f"/ivy status {environment.slug}")
    await alarms.wall(BREACH)
    await world.settle()
    assert len(heard(slack)) == 3


async def test_many_questions_are_told_with_their_number(slack: Slack) -> None:
    alarms = slack.world.parts.alarms
    for number in (601, 640, 0, 0):
        await alarms.often(number)
    await slack.world.settle()
    began, ended = heard(slack)
    assert "*Secrets are asked for more often than is usual, which costs*, seen from here: 601 times within the last hour." in began
    assert "not asked for too often any more" in ended


async def test_without_a_channel_it_stands_all_the_same(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.parts.alarms.wall(BREACH)
        await world.settle()
        assert world.slack._messages == []
        assert (await _alarms(world.store)).finding is Finding.BAD


def test_a_channel_without_slack_is_a_mistake_of_the_settings(world: World) -> None:
    told = world_settings(world.settings.data_dir, world.github, world.gitlab, world.slack, is_alone=True, vault={"alarm_channel": "C0LAB"})
    with pytest.raises(SettingsError, match="TRELLIS_VAULT__ALARM_CHANNEL is a channel of Slack"):
        check(told)


class Away:
    """Whoever keeps the secrets: does not answer, then lets through, then refuses."""

    def __init__(self) -> None:
        self.looks = 0

    async def is_refused(self, path: str) -> bool:
        self.looks += 1
        if self.looks == 1:
            raise VaultUnavailable("no route to host")
        return self.looks > 2


class Told:
    """Who hears; the database is away at first."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_over = asyncio.Event()

    async def wall(self, breach: str) -> None:
        self.heard.append(breach)
        if len(self.heard) == 1:
            raise OSError("the database is away")
        if len(self.heard) > 2:
            self.is_over.set()

    async def often(self, in_an_hour: int) -> None:
        raise OSError("the database is away")


async def test_the_watch_goes_on_whatever_is_away_and_tells_what_it_found() -> None:
    away, told = Away(), Told()
    watching = asyncio.create_task(watch_for_ever(Canary(away, Guarded(away, Pace()), ["/prod/key"]), told, 0.01, 0.001))  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        await told.is_over.wait()
    watching.cancel()
    assert "whoever runs here may ask for /prod/key" in told.heard[0]
    assert told.heard[1:3] == ["", ""]
