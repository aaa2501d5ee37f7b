"""The port `Chat` on GitHub and on GitLab: the real client libraries against stand-ins that speak real HTTP."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from bot.chats.chat import ChatRefused, ChatUnavailable, Posted
from bot.chats.github import GitHubChat
from bot.chats.github_access import TokenAccess
from bot.chats.gitlab import GitLabChat
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Items, Log, Reaction, Reply, Tone, line
from tests.chats.forges import Bench, bench, draw, reply

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["github", "gitlab"])
def there(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = bench(request.param)
    with made.fake:
        yield made
        made.close()


async def test_a_message_is_posted_once_and_found_by_its_marker(there: Bench) -> None:
    posted = await there.chat.post(there.thread, reply("hello"), "env:1")
    assert await there.chat.find(there.thread, "env:1") == posted
    assert await there.chat.find(there.thread, "env:11") is None
    assert await there.chat.find(there.thread, "env:") is None
    assert [(each.body, each.edits) for each in there.fake.comments(there.request)] == [
        (f"{there.platform}: hello\n\n<!-- trellis:env:1 -->", [])
    ]


async def test_posting_is_a_single_request(there: Bench) -> None:
    await there.chat.post(there.thread, reply("hello"), "env:1")
    assert [each.operation for each in there.fake.requests] == ["POST comment"]


async def test_a_card_is_edited_in_place(there: Bench) -> None:
    posted = await there.chat.post(there.thread, reply("starting"), "env:1")
    await there.chat.edit(there.thread, posted.id, reply("ready"), "env:1")
    before, after = (f"{there.platform}: {word}\n\n<!-- trellis:env:1 -->" for word in ("starting", "ready"))
    assert [(each.body, each.edits) for each in there.fake.comments(there.request)] == [(after, [before])]
    assert [each.operation for each in there.fake.requests] == ["POST comment", "EDIT comment"]


async def test_editing_a_message_that_is_gone_is_refused(there: Bench) -> None:
    posted = await there.chat.post(there.thread, reply("starting"), "env:1")
    there.fake.comments(there.request)[0].is_deleted = True
    with pytest.raises(ChatRefused, match="404"):
        await there.chat.edit(there.thread, posted.id, reply("ready"), "env:1")


async def test_a_marker_that_somebody_copied_is_not_ours(there: Bench) -> None:
    there.fake.add_comment(there.request, there.dana, "look: <!-- trellis:env:1 -->")
    assert await there.chat.find(there.thread, "env:1") is None


async def test_our_message_is_found_under_two_hundred_others(there: Bench) -> None:
    posted = await there.chat.post(there.thread, reply("hello"), "env:1")
    for number in range(210):
        there.fake.add_comment(there.request, there.dana, f"comment {number}")
    assert await there.chat.find(there.thread, "env:1") == posted


async def test_looking_for_a_message_ends_in_a_very_long_thread(there: Bench) -> None:
    for number in range(1200):
        there.fake.add_comment(there.request, there.dana, f"comment {number}")
    assert await there.chat.find(there.thread, "env:1") is None
    assert len(there.fake.asked("GET comments")) <= 7


async def test_when_the_answer_is_lost_the_message_can_be_found(there: Bench) -> None:
    there.fake.lose_next("POST comment")
    with pytest.raises(ChatUnavailable):
        await there.chat.post(there.thread, reply("hello"), "env:1")
    (comment,) = there.fake.comments(there.request)
    assert await there.chat.find(there.thread, "env:1") == Posted(there.id_of(comment))
    assert len(there.fake.asked("POST comment")) == 1


async def test_signs_are_put_on_the_asking_message_with_one_request_each(there: Bench) -> None:
    said = there.fake.says(there.request, there.dana, "/ivy create").comment
    assert said
    for sign in (Reaction.SEEN, Reaction.DONE, Reaction.FAILED):
        await there.chat.react(there.thread, there.id_of(said), sign)
    expected = {Platform.GITHUB: ["eyes", "+1", "confused"], Platform.GITLAB: ["eyes", "white_check_mark", "x"]}
    assert there.fake.reactions(said) == expected[there.platform]
    assert [each.operation for each in there.fake.requests] == ["POST reaction"] * 3


async def test_a_sign_that_is_there_already_is_success(there: Bench) -> None:
    said = there.fake.says(there.request, there.dana, "/ivy create").comment
    assert said
    for _ in range(2):
        await there.chat.react(there.thread, there.id_of(said), Reaction.SEEN)
    assert there.fake.reactions(said) == ["eyes"]


async def test_a_comment_on_a_line_of_the_diff_gets_its_sign(there: Bench) -> None:
    said = there.fake.says(there.request, there.dana, "/ivy create", is_on_line=True).comment
    assert said
    await there.chat.react(there.thread, there.id_of(said), Reaction.SEEN)
    assert there.fake.reactions(said) == ["eyes"]


async def test_a_sign_on_a_comment_that_is_gone_is_refused(there: Bench) -> None:
    with pytest.raises(ChatRefused, match="404"):
        await there.chat.react(there.thread, "issue:5" if there.platform is Platform.GITHUB else "5", Reaction.SEEN)


async def test_a_message_without_an_id_gets_no_sign(there: Bench) -> None:
    await there.chat.react(there.thread, "", Reaction.SEEN)
    assert there.fake.requests == []


async def test_the_bot_knows_itself(there: Bench) -> None:
    assert await there.chat.me() == Person(there.platform, "900", "trellis-bot", is_bot=True)
    await there.chat.me()
    assert len(there.fake.asked("GET me")) == 1


async def test_a_thread_of_no_configured_project_is_refused_unasked(there: Bench) -> None:
    for address in ("{}:shop", "{}:other:12", "{}:shop:x", "{}:shop:-1", "{}:shop:1/../2", "{}:shop:٣", "slack:T:C:1", ""):
        with pytest.raises(ChatRefused, match="no project"):
            await there.chat.post(Thread(there.platform, address.format(there.platform)), reply("hello"), "env:1")
    assert there.fake.requests == []


async def test_an_id_that_is_none_is_refused_unasked(there: Bench) -> None:
    for message_id in ("", "x", "issue:", "issue:1/../2", "commit:1", "issue:٣", "٣"):
        with pytest.raises(ChatRefused, match="is not the id"):
            await there.chat.edit(there.thread, message_id, reply("hello"), "env:1")
    assert there.fake.requests == []


async def test_a_platform_in_trouble_is_unavailable(there: Bench) -> None:
    for status in (500, 502, 503, 504):
        there.fake.fail_next("POST comment", status, body="<html>unicorn</html>")
        with pytest.raises(ChatUnavailable, match=str(status)):
            await there.chat.post(there.thread, reply("hello"), "env:1")
    assert len(there.fake.asked("POST comment")) == 4  # trying again is the outbox's business
    assert there.fake.comments(there.request) == []


async def test_being_told_to_wait_is_unavailable_for_as_long(there: Bench) -> None:
    there.fake.fail_next("POST comment", 429, {"Retry-After": "42"}, {"message": "This endpoint has been requested too many times."})
    with pytest.raises(ChatUnavailable) as caught:
        await there.chat.post(there.thread, reply("hello"), "env:1")
    assert caught.value.retry_after_s == 42


async def test_what_will_never_be_taken_is_refused_with_the_reason(there: Bench) -> None:
    for status, words in ((403, "locked"), (404, "Not Found"), (410, "gone"), (422, "too long"), (400, "blank")):
        there.fake.fail_next("POST comment", status, body={"message": words})
        with pytest.raises(ChatRefused, match=f"{status}: {words}"):
            await there.chat.post(there.thread, reply("hello"), "env:1")


async def test_no_answer_is_odd_enough_to_be_another_error(there: Bench) -> None:
    bodies: list[Any] = [[], ["x"], {"message": None}, {"message": ["x"]}, "", "{", "null", {"id": "x"}, {"id": None}]
    for status, body in itertools.product([200, 201, 302, 307, 403, 500], bodies):
        there.fake.fail_next("POST comment", status, body=body)
        with pytest.raises((ChatUnavailable, ChatRefused)):
            await there.chat.post(there.thread, reply("hello"), "env:1")


async def test_a_redirection_is_not_taken_for_success(there: Bench) -> None:
    """GitHub answers so for a repository that moved."""
    said = there.fake.says(there.request, there.dana, "/ivy create").comment
    assert said
    posted = await there.chat.post(there.thread, reply("hello"), "env:1")
    moved = {"message": "Moved Permanently", "url": "https://api.forge.example/repositories/42"}
    there.fake.fail_next("EDIT comment", 302, body=moved)
    with pytest.raises((ChatUnavailable, ChatRefused)):
        await there.chat.edit(there.thread, posted.id, reply("ready"), "env:1")
    there.fake.fail_next("POST reaction", 302, body=moved)
    with pytest.raises((ChatUnavailable, ChatRefused)):
        await there.chat.react(there.thread, there.id_of(said), Reaction.SEEN)


async def test_a_wrong_token_is_said_and_can_be_mended(there: Bench) -> None:
    there.fake.tokens.clear()
    with pytest.raises(ChatUnavailable, match=r"does not accept the bot's token \(401\)"):
        await there.chat.post(there.thread, reply("hello"), "env:1")


@pytest.mark.parametrize("kind", [GitHubChat, GitLabChat])
async def test_a_platform_that_is_not_there_is_unavailable(kind: type[GitHubChat | GitLabChat]) -> None:
    url, token = "http://127.0.0.1:9", "secret-token"
    absent = GitHubChat(TokenAccess(url, token), [], draw) if kind is GitHubChat else GitLabChat(url, token, [], draw)
    with pytest.raises(ChatUnavailable) as caught:
        await absent.me()
    assert "secret-token" not in str(caught.value)
    absent.close()


async def test_a_slow_answer_holds_up_nobody_else(there: Bench) -> None:
    said = there.fake.says(there.request, there.dana, "/ivy create").comment
    assert said
    there.fake.delay_next("POST comment", 0.5)
    slow = asyncio.create_task(there.chat.post(there.thread, reply("hello"), "env:1"))
    for sign in (Reaction.SEEN, Reaction.DONE):
        await there.chat.react(there.thread, there.id_of(said), sign)
    assert not slow.done()
    await slow


async def test_many_at_once_do_not_mix(there: Bench) -> None:
    posted = await asyncio.gather(*(there.chat.post(there.thread, reply(f"r{number}"), f"m:{number}") for number in range(30)))
    bodies = {there.id_of(each): each.body for each in there.fake.comments(there.request)}
    assert [bodies[each.id] for each in posted] == [draw(reply(f"r{number}"), there.platform, f"m:{number}") for number in range(30)]


async def test_a_locked_conversation_is_refused() -> None:
    made = bench("github")
    with made.fake:
        made.request.is_locked = True
        with pytest.raises(ChatRefused, match="issue is locked"):
            await made.chat.post(made.thread, reply("hello"), "env:1")
        made.close()


async def test_the_real_drawing_is_found_again_and_makes_the_forge_do_nothing(there: Bench) -> None:
    hostile = ("/close", "```\n/merge\n```", "@dana <!-- trellis:env:2 -->", "~~~\n/approve")
    message = Reply(Tone.BAD, (line(*hostile), Log(hostile), Items(tuple(map(line, hostile)))), code="x")
    url, token, projects = there.fake.url, there.fake.token, [there.project]
    is_github = there.platform is Platform.GITHUB
    chat = GitHubChat(TokenAccess(url, token), projects) if is_github else GitLabChat(url, token, projects)
    posted = await chat.post(there.thread, message, "env:1")
    assert await chat.find(there.thread, "env:1") == posted
    assert await chat.find(there.thread, "env:2") is None
    assert getattr(there.fake, "quick_actions", []) == []
    chat.close()
