"""What Slack is given: within its limits, with our mentions and links and nobody else's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given

from bot.domain.message import Person, Platform
from bot.domain.prose import Card, Code, Fact, Items, Line, Link, Log, Mention, Reply, Table, Tone, line
from bot.rendering.blocks import draw
from tests.rendering.messages import DANA, URL, failed_card, messages, running_card


def texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [text["text"] for block in blocks for text in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())) if text]


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def test_a_card_shows_state_progress_addresses_and_what_to_type() -> None:
    drawn = draw(running_card(DANA[Platform.SLACK]), "card:1")
    assert drawn.text == "⏳ feature-x-1f3a · configuring"
    assert drawn.blocks == [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "⏳ feature-x-1f3a · configuring", "emoji": False},
            "block_id": "trellis:card:1",
        },
        {
            "type": "section",
            "text": mrkdwn(
                "▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱ 40 % · about 20 s left\n"
                "✓  provisioning  1.2 s\n"
                "●  *configuring*  12 s  _usually 30–45 s_\n"
                "○  starting  _usually 2–9 s_"
            ),
        },
        {
            "type": "section",
            "fields": [
                mrkdwn("*Address*\n<http://feature-x-1f3a.localhost:8780>"),
                mrkdwn("*Commit*\n`1f3a9c2b` on `feature/x`"),
                mrkdwn("*Owner*\n<@U7DANA>"),
                mrkdwn("*Expires*\n<!date^1772647200^{date_short_pretty} {time}|2026-03-04 18:00 UTC>"),
            ],
        },
        {"type": "context", "elements": [mrkdwn("Next: `/ivy status` · `/ivy cancel`")]},
    ]


def test_a_failed_card_shows_the_end_of_the_log_and_the_way_on() -> None:
    assert texts(draw(failed_card(), "c").blocks) == [
        "❌ feature-x-1f3a · failed",
        "✓ provisioning 1.2 s · ✗ configuring 1 min 1 s · ○ starting",
        "The build of *web* ended with status 2:",
        "```\nmake: *** [web] Error 2\nˋˋˋ\n```",
        "Next: `/ivy retry` tries again · `/ivy logs` shows more",
    ]


@pytest.mark.parametrize(
    ("tone", "head"), [(Tone.GOOD, "✅ "), (Tone.NEUTRAL, ""), (Tone.BUSY, "⏳ "), (Tone.WARNING, "⚠️ "), (Tone.BAD, "❌ ")]
)
def test_a_reply_names_the_person_at_its_head(tone: Tone, head: str) -> None:
    drawn = draw(Reply(tone, (line(Code("demo"), " is ready."), Items((line("one"),))), to=DANA[Platform.SLACK], code="fine"), "p")
    assert drawn.text == f"{head}<@U7DANA> `demo` is ready."
    assert texts(drawn.blocks) == [f"{head}<@U7DANA> `demo` is ready.\n•  one", "reason: `fine`"]


@given(message=messages)
def test_nothing_comes_out_of_user_text_and_the_limits_hold(message: Reply | Card) -> None:
    drawn = draw(message, "M-1")
    assert drawn.blocks[0]["block_id"] == "trellis:M-1"
    assert 1 <= len(drawn.blocks) <= 50
    assert len(drawn.blocks) == 1 or all("block_id" not in block for block in drawn.blocks[1:])
    json.dumps(drawn.blocks).encode()
    for text in (drawn.text, *texts(drawn.blocks)):
        text.encode()
        assert 0 < len(text) <= 3_000
        if text == texts(drawn.blocks)[0] and drawn.blocks[0]["type"] == "header":
            assert len(text) <= 150
            continue
        for token in re.findall("<[^>]*>?", text):
            assert re.fullmatch(
                r"<@[UW][A-Z0-9]+>|<!date\^\d+\^\{date_short_pretty\} \{time\}\|[\d: -]+UTC>|<https?://[!-~]+(\|[^|<>]*)?>", token
            ), token
        assert ">" not in re.sub("<[^>]*>", "", text)
        words = re.sub(r"(?s)<[^>]*>|```.*?```|`[^`]*`", "", text)
        assert not re.search(r"@\w|://|`|:\w+:", words), words
    for block in drawn.blocks:
        assert len(block.get("fields", ())) <= 10
        assert all(len(field["text"]) <= 2_000 for field in block.get("fields", ()))


@pytest.mark.parametrize(
    "message",
    [
        Reply(Tone.BAD, (Log(tuple("&" * 300 for _ in range(500))),)),
        Reply(Tone.BAD, (Log(("&" * 30_000,)),)),
        Reply(Tone.BAD, (line("<" * 50_000),)),
        Reply(Tone.BAD, (Items(tuple(line("item " * 50) for _ in range(900))),)),
        Reply(Tone.BAD, tuple(Log((f"{number}",)) for number in range(200))),
        Reply(Tone.BAD, (Table(("a",) * 30, tuple((line("x" * 100),) * 30 for _ in range(100))),)),
        Card(line("t" * 900), Tone.BAD, "s" * 900, facts=tuple(Fact("f" * 300, line("v" * 5_000)) for _ in range(90))),
        Card(line("t"), Tone.BAD, "s", next=tuple(line(Code("n" * 900)) for _ in range(90))),
        Reply(Tone.BAD, ()),
        Card(Line(()), Tone.NEUTRAL, ""),
    ],
)
def test_a_message_never_outgrows_slack(message: Reply | Card) -> None:
    drawn = draw(message, "M")
    assert 1 <= len(drawn.blocks) <= 50
    assert all(0 < len(text) <= 3_000 for text in (drawn.text, *texts(drawn.blocks)))
    assert sum(map(len, texts(drawn.blocks))) <= 13_000


def test_a_long_log_keeps_its_end_and_says_what_is_missing() -> None:
    shown = texts(draw(Reply(Tone.BAD, (Log(tuple(f"line {number}" for number in range(2_000))),)), "M").blocks)[1].split("\n")
    assert (shown[0], shown[-2:]) == ("```", ["line 1999", "```"])
    assert re.fullmatch(r"… \d+ earlier lines left out", shown[1])


def test_a_person_of_another_platform_is_only_named() -> None:
    person = Person(Platform.GITHUB, "U7DANA", "<!channel>")
    assert draw(Reply(Tone.GOOD, (line(Mention(person)),)), "M").text == "✅ &lt;!channel&gt;"


def test_a_link_keeps_its_query_and_its_label() -> None:
    reply = Reply(Tone.GOOD, (line(Link("a|b>c", URL + "/?a=1&b=2%7C3")),))
    assert draw(reply, "M").text == "✅ <http://feature-x-1f3a.localhost:8780/?a=1&amp;b=2%7C3|a\u2223b&gt;c>"
