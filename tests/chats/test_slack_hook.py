"""The door for Slack: stored before it is acknowledged, within three seconds, and never a stumble."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from bot.chats.slack import HookAnswer, SlackHook
from bot.chats.slack_hook import ANSWER_WITHIN_S
from bot.domain.message import Edited, Incoming, Refused, Said
from tests.fakes.openapi import payloads
from tests.fakes.slack import Delivery, FakeSlack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = 1_790_000_000.0


class Inbox:
    """Stores once by key, as the database does."""

    def __init__(self) -> None:
        self.stored: dict[str, Incoming] = {}
        self.is_down = False

    async def take(self, incoming: Sequence[Incoming]) -> None:
        if self.is_down:
            raise ConnectionError("the database is away")
        for each in incoming:
            self.stored.setdefault(each.key, each)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.stored.values() if isinstance(each, Said | Edited)]


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(clock=lambda: NOW) as served:
        yield served


@pytest.fixture
def hook(slack: FakeSlack) -> SlackHook:
    return SlackHook(slack.signing_secret, slack.team, slack.response_hosts)


async def send(hook: SlackHook, delivery: Delivery, inbox: Inbox) -> HookAnswer:
    return await hook.handle(delivery.headers, delivery.body, NOW, inbox.take)


async def test_each_way_of_asking_is_stored_and_acknowledged(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, dana = Inbox(), slack.user("dana")
    general = slack.channel("general", dana)
    deliveries = [
        slack.slash(dana, general, "/ivy", "create demo"),
        slack.slash(dana, general, "/sled", "status"),
        slack.mention(dana, general, "@trellis create demo"),
        slack.dm(dana, "create demo"),
    ]
    answers = [await send(hook, each, inbox) for each in deliveries]
    assert [(each.status, each.body) for each in answers] == [(200, b"")] * 4
    assert inbox.texts == ["/ivy create demo", "/sled status", "<@U0BOT> create demo", "create demo"]


async def test_a_retry_is_the_same_message(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, dana = Inbox(), slack.user("dana")
    first = slack.dm(dana, "create demo")
    for delivery in (first, slack.retry(first, 1), slack.retry(first, 2, "http_error"), slack.retry(first, 3)):
        assert (await send(hook, delivery, inbox)).status == 200
    assert inbox.texts == ["create demo"]


async def test_an_edit_is_stored_as_an_edit(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, dana = Inbox(), slack.user("dana")
    direct, mention = slack.dm(dana, "create demo"), slack.mention(dana, slack.channel("general"), "@trellis create demo")
    assert direct.message is not None
    assert mention.message is not None
    for delivery in (direct, mention, slack.edit(direct.message, "status"), slack.edit(mention.message, "@trellis status")):
        assert (await send(hook, delivery, inbox)).status == 200
    stored = list(inbox.stored.values())
    assert [type(each) for each in stored] == [Said, Said, Edited, Edited]
    assert [each.said_key for each in stored if isinstance(each, Edited)] == [each.key for each in stored if isinstance(each, Said)]


async def test_what_is_not_for_us_is_acknowledged_and_forgotten(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, dana, eve = Inbox(), slack.user("dana"), slack.user("eve", team="T0STRANGE")
    general = slack.channel("general", dana, eve)
    own = slack.dm(dana, "hello")
    assert own.message is not None
    for delivery in (
        slack.bot_speaks(own.message),
        slack.mention(eve, general, "@trellis create demo"),
        slack.slash(dana, general, "/weather", "94070"),
        slack.signed(b'{"type": "app_rate_limited"}', "application/json"),
        slack.signed(b"payload=%7B%22type%22%3A%22block_actions%22%7D", "application/x-www-form-urlencoded"),
        slack.signed(b"ssl_check=1", "application/x-www-form-urlencoded"),
    ):
        assert await send(hook, delivery, inbox) == HookAnswer()
    assert inbox.stored == {}


async def test_the_challenge_is_given_back(slack: FakeSlack, hook: SlackHook) -> None:
    answer = await send(hook, slack.challenge("abc"), Inbox())
    assert (answer.status, answer.body) == (200, b"abc")


async def test_nothing_is_acknowledged_that_is_not_stored(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, delivery = Inbox(), slack.dm(slack.user("dana"), "create demo")
    inbox.is_down = True
    with pytest.raises(ConnectionError):
        await send(hook, delivery, inbox)
    inbox.is_down = False
    assert (await send(hook, slack.retry(delivery, reason="http_error"), inbox)).status == 200
    assert inbox.texts == ["create demo"]


async def test_an_answer_comes_within_three_seconds_even_when_storing_hangs(slack: FakeSlack) -> None:
    assert ANSWER_WITHIN_S < 3
    hook = SlackHook(slack.signing_secret, answer_within_s=0.05)
    delivery, was_cancelled = slack.dm(slack.user("dana"), "create demo"), asyncio.Event()

    async def hang(_: Sequence[Incoming]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    started = time.monotonic()
    assert (await hook.handle(delivery.headers, delivery.body, NOW, hang)).status == 503
    assert time.monotonic() - started < 2
    assert was_cancelled.is_set()


@pytest.mark.parametrize("change", [{"x-slack-signature": "v0=0"}, {"x-slack-request-timestamp": "1"}, {"x-slack-signature": ""}])
async def test_an_unsigned_request_is_refused_before_it_is_read(slack: FakeSlack, hook: SlackHook, change: dict[str, str]) -> None:
    delivery = slack.signed(b"not even JSON", "application/json")
    with pytest.raises(Refused) as refused:
        await hook.handle(delivery.headers | change, delivery.body, NOW, Inbox().take)
    assert refused.value.status == 401


async def test_storing_never_asks_slack_anything(slack: FakeSlack, hook: SlackHook) -> None:
    inbox, dana = Inbox(), slack.user("dana")
    warning = slack.write(slack.direct(dana), "/ivy extend demo 4h")
    for delivery in (slack.dm(dana, "create demo"), slack.press(dana, warning, "/ivy extend demo 4h")):
        assert await send(hook, delivery, inbox) == HookAnswer(200, {"content-type": "text/plain;charset=utf-8"}, b"")
    assert inbox.texts == ["create demo", "/ivy extend demo 4h"]
    assert slack.requests == []


HOOK_SLACK = FakeSlack(clock=lambda: NOW)
HOOK = SlackHook(HOOK_SLACK.signing_secret)


@given(
    text=st.text(max_size=50),
    more=st.dictionaries(
        st.text(max_size=9).filter(lambda name: name not in ("message", "edited")),
        st.none() | st.text(max_size=9) | st.lists(st.integers(), max_size=2),
        max_size=4,
    ),
)
def test_whatever_people_type_arrives_as_typed(text: str, more: dict[str, object]) -> None:
    inbox = Inbox()
    event = {**more, "type": "message", "channel_type": "im", "user": "U1", "channel": "D1", "ts": "1.2", "text": text}
    body = json.dumps({**more, "type": "event_callback", "team_id": "T1", "event": event}).encode()
    answer = asyncio.run(send(HOOK, HOOK_SLACK.signed(body, "application/json"), inbox))
    assert (answer.status, inbox.texts) == (200, [text.replace("\0", "\ufffd")])


@pytest.mark.skipif(payloads() is None, reason="the official description is not here")
def test_the_stand_in_speaks_as_slack_does(slack: FakeSlack) -> None:
    folder = payloads()
    assert folder is not None
    schema = json.loads((folder / "api" / "slack.event_wrapper.schema.json").read_text())
    dana = slack.user("dana")
    direct = slack.dm(dana, "hello")
    assert direct.message is not None
    for delivery in (direct, slack.mention(dana, slack.channel("general"), "@trellis hi"), slack.edit(direct.message, "hi")):
        assert [error.message for error in Draft7Validator(schema).iter_errors(json.loads(delivery.body))] == []
