"""Direct messages to people: opened once, found again, refused where nobody can be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.chats.chat import ChatRefused, ChatUnavailable, Posted
from bot.chats.slack import SlackChat
from bot.domain.message import Platform, Thread
from bot.domain.prose import Card, Reply, Tone, line
from tests.fakes.slack import FakeSlack, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

WARNING = Reply(Tone.WARNING, (line("it goes in 4 h"),))


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as served:
        yield served


@pytest_asyncio.fixture
async def chat(slack: FakeSlack) -> AsyncIterator[SlackChat]:
    made = SlackChat(slack.api_url, slack.token, slack.response_hosts)
    yield made
    await made.close()


@pytest.fixture
def dana(slack: FakeSlack) -> User:
    return slack.user("dana")


def to(user: User) -> Thread:
    return Thread(Platform.SLACK, f"slack:{user.team}:@{user.id}")


async def test_a_person_is_written_to_in_their_own_conversation(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    posted = await chat.post(to(dana), WARNING, "p:1")
    await chat.post(to(dana), WARNING, "p:2")
    first, second = slack.messages(slack.direct(dana))
    assert (first.shown, first.thread, second.thread) == ("⚠️ it goes in 4 h", first.ts, second.ts)
    assert posted == Posted(f"{slack.direct(dana).id}:{first.ts}")
    assert len(slack.asked("conversations.open")) == 1


async def test_what_was_written_to_a_person_is_found_and_edited(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    posted = await chat.post(to(dana), Card(line("demo"), Tone.BUSY, "starting"), "card:1")
    again = SlackChat(slack.api_url, slack.token)
    try:
        assert await again.find(to(dana), "card:1") == posted
        assert await again.find(to(dana), "card:2") is None
        await again.edit(to(dana), posted.id, Card(line("demo"), Tone.GOOD, "ready"), "card:1")
    finally:
        await again.close()
    assert [each.shown for each in slack.messages(slack.direct(dana))] == ["✅ demo · ready"]


@pytest.mark.parametrize("code", ["user_disabled", "cannot_dm_bot", "user_not_visible", "method_not_supported_for_channel_type"])
async def test_whoever_cannot_be_written_to_is_refused(slack: FakeSlack, chat: SlackChat, dana: User, code: str) -> None:
    dana.unwritable = code
    with pytest.raises(ChatRefused, match=code):
        await chat.post(to(dana), WARNING, "p:1")
    with pytest.raises(ChatRefused, match="user_not_found"):
        await chat.post(Thread(Platform.SLACK, f"slack:{slack.team}:@U0NOBODY"), WARNING, "p:1")


async def test_without_the_right_to_open_conversations_nobody_waits(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    slack.scopes.discard("im:write")
    with pytest.raises(ChatRefused, match="im:write"):
        await chat.post(to(dana), WARNING, "p:1")


async def test_a_conversation_that_slack_forgot_is_opened_again(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    await chat.post(to(dana), WARNING, "p:1")
    slack.fail_next("chat.postMessage", 200, body={"ok": False, "error": "channel_not_found"})
    await chat.post(to(dana), WARNING, "p:2")
    assert len(slack.messages(slack.direct(dana))) == 2
    assert len(slack.asked("conversations.open")) == 2


async def test_somebody_who_left_after_the_conversation_was_opened_is_refused(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    await chat.post(to(dana), WARNING, "p:1")
    del slack.channels[slack.direct(dana).id]
    dana.unwritable = "user_disabled"
    with pytest.raises(ChatRefused, match="user_disabled"):
        await chat.post(to(dana), WARNING, "p:2")


async def test_slack_that_asks_to_wait_is_waited_for(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    slack.fail_next("conversations.open", 429, headers={"retry-after": "7"})
    with pytest.raises(ChatUnavailable) as waiting:
        await chat.post(to(dana), WARNING, "p:1")
    assert waiting.value.retry_after_s == 7
