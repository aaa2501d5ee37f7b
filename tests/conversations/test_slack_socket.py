"""Socket Mode: the whole of Slack without a public address."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from bot.app.socket import keep_socket
from bot.chats.slack_socket import SlackSocket
from bot.store.inbox import Inbox
from bot.web.hooks import taker
from bot.worker.leasing import Holder
from tests.conversations.slack import Slack, shown
from tests.fakes.slack_socket import FakeSlackSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.domain.message import Incoming


class Intake:
    """A web process that listens: its own inbox over the world's store, which can be made to fail."""

    def __init__(self, slack: Slack, name: str) -> None:
        fake = slack.world.slack
        self.inbox = Inbox(slack.world.store)
        self.holder = Holder(slack.world.store, name, 30.0)
        self.socket = SlackSocket(fake.api_url, fake.app_token, "", fake.response_hosts, pause_s=0.01)
        self.is_down = False

    async def take(self, incoming: Sequence[Incoming]) -> None:
        if self.is_down:
            raise ConnectionError("the database is away")
        await taker(self.inbox)(incoming)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Intake]:
        self.inbox.start()
        task = asyncio.create_task(keep_socket(self.holder, self.socket, self.take, 0.01))
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.socket.close()
            await self.inbox.stop()


@pytest.fixture
async def link(slack: Slack) -> AsyncIterator[FakeSlackSocket]:
    async with FakeSlackSocket(slack.world.slack) as served:
        yield served


@pytest.fixture
async def intake(slack: Slack, link: FakeSlackSocket) -> AsyncIterator[Intake]:
    async with Intake(slack, "web-1").running() as made:
        await link.until(1)
        yield made


async def test_each_way_of_asking_comes_through_and_is_acknowledged(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    world, dana = slack.world, slack.person("dana")
    for delivery in (
        world.slack.slash(dana, slack.lab, "/ivy", "create demo"),
        world.slack.mention(dana, slack.lab, "@trellis url demo-cd7qqd"),
        world.slack.dm(dana, "whoami"),
        world.slack.look_home(dana),
    ):
        id_ = await link.send(delivery)
        assert await link.answered(id_) == {"envelope_id": id_}
        await world.settle()
    card = next(each for each in slack.said if each.buttons)
    await link.answered(await link.send(world.slack.press(dana, card, "+4 h")))
    await world.settle()
    assert "has 4 h more" in slack.said[-1].shown
    assert "demo-cd7qqd" in str(world.slack.homes["U0DANA"])
    assert await world.command_states() == ["done"] * 4


async def test_what_is_wrong_in_a_form_goes_back_with_the_acknowledgement(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    world, dana = slack.world, slack.person("dana")
    await link.answered(await link.send(world.slack.slash(dana, slack.lab, "/ivy", "create")))
    await world.settle()
    id_ = await link.send(world.slack.submit(dana, branch="demo", ttl="1000h"))
    assert (await link.answered(id_))["payload"] == {"response_action": "errors", "errors": {"ttl": "An environment lives 96 h at most."}}


async def test_nothing_is_acknowledged_that_is_not_stored_and_twice_is_once(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    world, dana = slack.world, slack.person("dana")
    intake.is_down = True
    delivery = world.slack.dm(dana, "whoami")
    await link.send(delivery, "first")
    await link.answered(await link.send(world.slack.signed(b'{"type": "app_rate_limited"}', "application/json")))
    assert "first" not in link.acknowledged
    intake.is_down = False
    for again in ("first", "second"):
        await link.send(world.slack.retry(delivery), again)
        await link.answered(again)
    await world.settle()
    assert await world.command_states() == ["done"]


async def test_before_a_connection_ends_another_is_there(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    old = link.links[0]
    await link.warn()
    await link.until(2)
    await old.send_json({"envelope_id": "late", "type": "events_api", "payload": {"type": "app_rate_limited"}})
    await link.answered("late")
    await old.close()
    await link.until(1)
    await link.answered(await link.send(slack.world.slack.dm(slack.person("dana"), "whoami")))
    await slack.world.settle()
    assert await slack.world.command_states() == ["done"]


async def test_a_connection_that_breaks_is_made_again(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    slack.world.slack.fail_next("apps.connections.open", 503, times=2)
    first = link.links[0]
    await first.close()
    await link.until(0)
    await link.until(1)
    assert link.links[0] is not first
    await link.answered(await link.send(slack.world.slack.dm(slack.person("dana"), "whoami")))


async def test_what_cannot_be_read_is_acknowledged_and_harms_nobody(slack: Slack, link: FakeSlackSocket, intake: Intake) -> None:
    for text in ("", "{", "[]", '{"type": "hello"}', '{"envelope_id": "x", "type": "events_api", "payload": []}'):
        await link.links[0].send_str(text)
    await link.answered("x")
    dana = slack.person("dana")
    dana.team = "T0STRANGE"
    await link.answered(await link.send(slack.world.slack.mention(dana, slack.lab, "@trellis create demo")))
    await slack.world.settle()
    assert shown(slack.said) == []


async def test_of_several_processes_one_listens_and_another_takes_over(slack: Slack, link: FakeSlackSocket) -> None:
    dana = slack.person("dana")
    async with Intake(slack, "web-1").running():
        await link.until(1)
        async with Intake(slack, "web-2").running():
            await link.answered(await link.send(slack.world.slack.dm(dana, "whoami")))
            assert len(slack.world.slack.asked("apps.connections.open")) == 1
    async with Intake(slack, "web-3").running():
        await link.until(1)
        await link.answered(await link.send(slack.world.slack.dm(dana, "whoami")))
        assert len(slack.world.slack.asked("apps.connections.open")) == 2
