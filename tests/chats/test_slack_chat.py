"""The port `Chat` on Slack: the real client library against a stand-in that speaks real HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.chats.chat import ChatRefused, ChatUnavailable, Posted
from bot.chats.slack import SlackChat, parse
from bot.domain.message import Person, Platform, Said, Thread
from bot.domain.prose import Card, Code, Link, Log, Reaction, Reply, Tone, line
from tests.fakes.slack import Channel, Delivery, FakeSlack, Message, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

CARD = Card(line("demo"), Tone.BUSY, "starting")
Question = tuple[FakeSlack, Thread]
READY = Card(line("demo"), Tone.GOOD, "ready")


def reply(text: str) -> Reply:
    return Reply(Tone.GOOD, (line(text),))


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


@pytest.fixture
def general(slack: FakeSlack, dana: User) -> Channel:
    return slack.channel("general", dana)


@pytest.fixture
def elsewhere(slack: FakeSlack, dana: User) -> Channel:
    return slack.channel("elsewhere", dana, has_bot=False)


@pytest.fixture
def question(slack: FakeSlack, dana: User, general: Channel) -> Question:
    return slack, said(slack, slack.mention(dana, general, "@trellis status")).thread


def said(slack: FakeSlack, delivery: Delivery) -> Said:
    (only,) = parse(delivery.headers, delivery.body, response_hosts=slack.response_hosts).incoming
    assert isinstance(only, Said)
    return only


def shown(messages: list[Message]) -> list[str]:
    return [each.shown for each in messages]


def with_root(thread: Thread, posted: Posted) -> Thread:
    return Thread(thread.platform, thread.address, posted.root or thread.root, thread.response_url, thread.asker, thread.title)


# Threads.


async def test_an_answer_goes_into_the_thread_of_the_question(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis status"))
    posted = await chat.post(asked.thread, reply("all is well"), "p:1")
    question, answer = slack.messages(general, asked.message_id)
    assert (question.text, answer.shown) == ("<@U0BOT> status", "✅ all is well")
    assert answer.metadata == {"event_type": "trellis", "event_payload": {"marker": "p:1"}}
    assert posted == Posted(f"{general.id}:{answer.ts}")


async def test_a_direct_message_is_answered_there(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    asked = said(slack, slack.dm(dana, "status"))
    await chat.post(asked.thread, reply("all is well"), "p:1")
    assert shown(slack.messages(slack.direct(dana), asked.message_id)) == ["status", "✅ all is well"]


async def test_a_slash_command_gets_a_message_whose_thread_holds_the_rest(
    slack: FakeSlack, chat: SlackChat, dana: User, general: Channel
) -> None:
    thread = said(slack, slack.slash(dana, general, "/ivy", "create demo `x` <!channel>")).thread
    card = await chat.post(thread, CARD, "card:1")
    thread = with_root(thread, card)
    await chat.post(thread, reply("ready"), "p:1")
    (root,) = slack.messages(general)
    assert root.shown == "*dana*: `/ivy create demo ˋxˋ &lt;!channel&gt;`"
    assert card.root == f"{general.id}:{root.ts}"
    assert shown(slack.messages(general, root.ts))[1:] == ["⏳ demo · starting", "✅ ready"]
    assert slack.whispers(dana) == []


async def test_a_slash_command_opens_one_message_however_often_and_from_wherever_it_is_answered(
    slack: FakeSlack, chat: SlackChat, dana: User, general: Channel
) -> None:
    thread = said(slack, slack.slash(dana, general, "/ivy", "create demo")).thread
    other = SlackChat(slack.api_url, slack.token, slack.response_hosts)
    try:
        first, second = await asyncio.gather(chat.post(thread, CARD, "card:1"), chat.post(thread, reply("one"), "p:1"))
        third = await other.post(thread, reply("two"), "p:2")  # another process, that was not told of the root
    finally:
        await other.close()
    (root,) = slack.messages(general)
    assert {first.root, second.root, third.root} == {f"{general.id}:{root.ts}"}
    assert len(slack.messages(general, root.ts)) == 4


# Where the bot is not.


async def test_where_the_bot_is_not_a_post_is_whispered_to_the_asker(
    slack: FakeSlack, chat: SlackChat, dana: User, elsewhere: Channel
) -> None:
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "status")).thread
    assert await chat.post(thread, reply("all is well"), "p:1") == Posted("response")
    assert shown(slack.whispers(dana)) == ["✅ all is well"]
    assert slack.messages(elsewhere) == slack.messages(slack.direct(dana)) == []


async def test_where_the_bot_is_not_a_card_lives_in_a_direct_message(
    slack: FakeSlack, chat: SlackChat, dana: User, elsewhere: Channel
) -> None:
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "create demo")).thread
    card = await chat.post(thread, CARD, "card:1")
    thread = with_root(thread, card)
    await chat.post(thread, reply("ready"), "p:1")
    await chat.edit(thread, card.id, READY, "card:1")
    (root,) = slack.messages(slack.direct(dana))
    assert card.root == f"{slack.direct(dana).id}:{root.ts}"
    assert shown(slack.messages(slack.direct(dana), root.ts)) == ["*dana*: `/ivy create demo`", "✅ demo · ready", "✅ ready"]
    assert await chat.find(thread, "p:1") == Posted(f"{slack.direct(dana).id}:{slack.messages(slack.direct(dana), root.ts)[2].ts}")


async def test_a_slash_command_between_two_people_is_answered_to_the_one_who_asked(slack: FakeSlack, chat: SlackChat, dana: User) -> None:
    private = Channel("D0BETWEEN", "directmessage", {dana.id})
    slack.channels[private.id] = private
    thread = said(slack, slack.slash(dana, private, "/ivy", "create demo")).thread
    await chat.post(thread, CARD, "card:1")
    (root,) = slack.messages(slack.direct(dana))
    assert root.shown == "*dana*: `/ivy create demo`"


async def test_a_response_url_is_used_five_times_and_then_it_is_a_direct_message(
    slack: FakeSlack, chat: SlackChat, dana: User, elsewhere: Channel
) -> None:
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "status")).thread
    for number in range(6):
        await chat.post(thread, reply(str(number)), f"p:{number}")
    assert len(slack.whispers(dana)) == len(slack.asked("response")) == 5
    (root,) = slack.messages(slack.direct(dana))
    assert shown(slack.messages(slack.direct(dana), root.ts))[1:] == ["✅ 5"]


@pytest.mark.parametrize("status", [302, 404, 410])
async def test_a_response_url_that_is_over_or_leads_elsewhere_is_left(
    slack: FakeSlack, chat: SlackChat, dana: User, elsewhere: Channel, status: int
) -> None:
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "status")).thread
    slack.fail_next("response", status, {"location": f"{slack.url}/api/auth.test"}, body="used_url")
    await chat.post(thread, reply("all is well"), "p:1")
    assert [each.operation for each in slack.requests if each.operation in ("response", "auth.test", "unknown")] == [
        "auth.test",
        "response",
    ]
    assert len(slack.messages(slack.direct(dana))) == 1


async def test_a_response_url_of_another_host_is_never_asked(slack: FakeSlack, dana: User, elsewhere: Channel) -> None:
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "status")).thread
    assert thread.response_url is not None
    strict = SlackChat(slack.api_url, slack.token)
    try:
        await strict.post(thread, reply("all is well"), "p:1")
    finally:
        await strict.close()
    assert slack.asked("response") == []
    assert len(slack.messages(slack.direct(dana))) == 1


async def test_without_the_right_to_write_direct_messages_a_card_is_whispered(
    slack: FakeSlack, chat: SlackChat, dana: User, elsewhere: Channel
) -> None:
    slack.scopes.remove("im:write")
    thread = said(slack, slack.slash(dana, elsewhere, "/ivy", "create demo")).thread
    card = await chat.post(thread, CARD, "card:1")
    assert (card, shown(slack.whispers(dana))) == (Posted("response"), ["⏳ demo · starting"])
    with pytest.raises(ChatRefused, match="cannot be edited"):
        await chat.edit(thread, card.id, READY, "card:1")


async def test_where_nobody_can_be_reached_it_is_refused_with_the_reason(slack: FakeSlack, chat: SlackChat, elsewhere: Channel) -> None:
    thread = Thread(Platform.SLACK, f"slack:{slack.team}:{elsewhere.id}:1789.000100")
    with pytest.raises(ChatRefused, match="not in the channel"):
        await chat.post(thread, reply("all is well"), "p:1")


# Once only.


async def test_a_message_is_found_by_its_marker(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    posted = await chat.post(thread, reply("all is well"), "p:1")
    assert await chat.find(thread, "p:1") == posted
    assert [await chat.find(thread, marker) for marker in ("p:", "p:11", "p:2")] == [None] * 3


async def test_a_message_whose_answer_was_lost_is_sent_once(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    slack.lose_next("chat.postMessage")
    with pytest.raises(ChatUnavailable):
        await chat.post(thread, reply("all is well"), "p:1")
    found = await chat.find(thread, "p:1")
    assert found is not None
    assert len(slack.asked("chat.postMessage")) == 1
    assert [each.ts for each in slack.messages(general, thread.address.split(":")[3])][1:] == [found.id.split(":")[1]]


@pytest.mark.parametrize("has_bot", [True, False])
async def test_after_a_crash_a_slash_commands_card_is_found_with_its_root(
    slack: FakeSlack, chat: SlackChat, dana: User, has_bot: bool
) -> None:
    thread = said(slack, slack.slash(dana, slack.channel("any", dana, has_bot=has_bot), "/ivy", "create demo")).thread
    posted = await chat.post(thread, CARD, "card:1")
    after = SlackChat(slack.api_url, slack.token, slack.response_hosts)
    try:
        assert await after.find(thread, "card:1") == posted
        assert await after.find(thread, "card:2") is None
    finally:
        await after.close()


async def test_without_the_scope_for_metadata_the_blocks_tell(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    slack.scopes.remove("metadata.message:read")
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    assert await chat.find(thread, "p:1") is None
    posted = await chat.post(thread, reply("all is well"), "p:1")
    assert await chat.find(thread, "p:1") == posted


async def test_without_the_scope_for_reading_nothing_can_be_told(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    slack.scopes -= {"channels:history", "im:history"}
    thread = said(slack, slack.slash(dana, general, "/ivy", "create demo")).thread
    posted = await chat.post(thread, CARD, "card:1")
    assert posted.root is not None
    assert await chat.find(with_root(thread, posted), "card:1") is None


async def test_a_marker_that_somebody_copied_is_not_ours(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis status"))
    forged = slack.mention(dana, general, "hello", asked.message_id).message
    assert forged is not None
    forged.metadata = {"event_type": "trellis", "event_payload": {"marker": "p:1"}}
    assert await chat.find(asked.thread, "p:1") is None


async def test_a_message_is_found_in_a_long_thread(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis status"))
    for number in range(450):
        slack.mention(dana, general, str(number), asked.message_id)
    posted = await chat.post(asked.thread, reply("all is well"), "p:1")
    assert await chat.find(asked.thread, "p:1") == posted


# Edits and signs.


async def test_a_card_is_edited_in_place(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis create demo"))
    posted = await chat.post(asked.thread, CARD, "card:1")
    await chat.edit(asked.thread, posted.id, READY, "card:1")
    card = slack.messages(general, asked.message_id)[1]
    assert (card.shown, card.versions) == ("✅ demo · ready", 2)
    assert await chat.find(asked.thread, "card:1") == posted


async def test_editing_a_message_that_is_gone_is_refused(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis create demo"))
    posted = await chat.post(asked.thread, CARD, "card:1")
    slack.delete(slack.messages(general, asked.message_id)[1])
    with pytest.raises(ChatRefused, match="message_not_found"):
        await chat.edit(asked.thread, posted.id, READY, "card:1")


async def test_signs_are_put_on_the_question_once(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    delivery = slack.mention(dana, general, "@trellis create demo")
    asked = said(slack, delivery)
    for reaction in (Reaction.SEEN, Reaction.SEEN, Reaction.DONE, Reaction.FAILED):
        await chat.react(asked.thread, asked.message_id, reaction)
    assert delivery.message is not None
    assert delivery.message.reactions == ["eyes", "white_check_mark", "x"]


async def test_a_slash_command_takes_no_sign(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.slash(dana, general, "/ivy", "create demo"))
    await chat.react(asked.thread, asked.message_id, Reaction.SEEN)
    assert slack.requests == []


async def test_a_sign_on_a_message_that_is_gone_is_refused(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    delivery = slack.mention(dana, general, "@trellis create demo")
    asked = said(slack, delivery)
    assert delivery.message is not None
    slack.delete(delivery.message)
    with pytest.raises(ChatRefused, match="message_not_found"):
        await chat.react(asked.thread, asked.message_id, Reaction.SEEN)
    slack.scopes.remove("reactions:write")
    with pytest.raises(ChatRefused, match="reactions:write"):
        await chat.react(asked.thread, asked.message_id, Reaction.SEEN)


# What goes wrong.


async def test_slacks_rate_limit_says_how_long_to_wait(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    slack.fail_next("chat.postMessage", 429, {"retry-after": "3"})
    with pytest.raises(ChatUnavailable, match="wait") as unavailable:
        await chat.post(thread, reply("all is well"), "p:1")
    assert unavailable.value.retry_after_s == 3
    await chat.post(thread, reply("all is well"), "p:1")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"ok": False, "error": "ratelimited"}, (ChatUnavailable, "wait")),
        (200, {"ok": False, "error": "internal_error"}, (ChatUnavailable, "internal_error")),
        (200, {"ok": False, "error": "invalid_auth"}, (ChatUnavailable, "token")),
        (200, {"ok": False, "error": "missing_scope", "needed": "chat:write"}, (ChatUnavailable, "chat:write")),
        (200, {"ok": False, "error": "thread_locked"}, (ChatRefused, "thread_locked")),
        (200, {"ok": False, "error": 7}, (ChatUnavailable, "200")),
        (200, {"ok": False}, (ChatUnavailable, "200")),
        (200, [], (ChatUnavailable, "Slack")),
        (200, "<html>", (ChatUnavailable, "Slack")),
        (502, "<html>Bad gateway</html>", (ChatUnavailable, "502")),
        (500, {"ok": False, "error": "fatal_error"}, (ChatUnavailable, "fatal_error")),
        (503, {"ok": False, "error": "something_new"}, (ChatUnavailable, "something_new")),
    ],
)
async def test_every_failure_is_wait_or_never(
    chat: SlackChat, question: Question, status: int, body: object, expected: tuple[type[Exception], str]
) -> None:
    slack, thread = question
    slack.fail_next("chat.postMessage", status, body=body)
    error, words = expected
    with pytest.raises(error, match=words):
        await chat.post(thread, reply("all is well"), "p:1")


async def test_a_wrong_token_is_the_operators_to_put_right(slack: FakeSlack) -> None:
    chat = SlackChat(slack.api_url, "xoxb-other")
    try:
        with pytest.raises(ChatUnavailable, match="token"):
            await chat.me()
    finally:
        await chat.close()


async def test_slack_that_is_away_is_unavailable(slack: FakeSlack, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    chat = SlackChat(slack.api_url, slack.token)
    slack.stop()
    try:
        with pytest.raises(ChatUnavailable):
            await chat.post(thread, reply("all is well"), "p:1")
    finally:
        await chat.close()


async def test_an_archived_channel_is_refused(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    general.is_archived = True
    with pytest.raises(ChatRefused, match="is_archived"):
        await chat.post(thread, reply("all is well"), "p:1")


async def test_blocks_that_slack_does_not_take_become_words(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    asked = said(slack, slack.mention(dana, general, "@trellis status"))
    slack.fail_next("chat.postMessage", 200, body={"ok": False, "error": "invalid_blocks"})
    await chat.post(asked.thread, reply("all is well"), "p:1")
    assert shown(slack.messages(general, asked.message_id)) == ["<@U0BOT> status", "✅ all is well"]


async def test_the_largest_messages_are_taken_by_slack(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis logs")).thread
    huge = "&<>`@" * 2_000
    blocks = (line(huge), Log((huge,) * 50), line(Code(huge), Link(huge, "https://x.example/")))
    await chat.post(thread, Reply(Tone.BAD, blocks * 30, to=Person(Platform.SLACK, dana.id, "dana"), code="failed"), "p:1")
    await chat.post(thread, Card(line(huge), Tone.BAD, huge, body=blocks * 30, next=(line(huge),) * 40), "card:1")
    assert [len(each.body["blocks"]) <= 50 for each in slack.asked("chat.postMessage")] == [True, True]


async def test_nothing_asks_slack_to_read_names_or_unfold_links(slack: FakeSlack, chat: SlackChat, dana: User, general: Channel) -> None:
    thread = said(slack, slack.mention(dana, general, "@trellis status")).thread
    await chat.post(thread, reply("@here https://evil.example"), "p:1")
    (asked,) = slack.asked("chat.postMessage")
    assert {name: asked.body.get(name) for name in ("link_names", "unfurl_links", "unfurl_media", "parse")} == {
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "parse": None,
    }


async def test_the_bot_knows_itself(slack: FakeSlack, chat: SlackChat) -> None:
    assert await chat.me() == await chat.me() == Person(Platform.SLACK, "U0BOT", "trellis", is_bot=True)
    assert len(slack.asked("auth.test")) == 1


async def test_a_message_whose_connection_broke_is_not_sent_again_by_the_library(question: Question) -> None:
    asked = 0

    async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    chat = SlackChat(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/", "xoxb-token")
    try:
        with pytest.raises(ChatUnavailable):
            await chat.post(question[1], reply("all is well"), "p:1")
    finally:
        await chat.close()
        server.close()
        await server.wait_closed()
    assert asked == 1
