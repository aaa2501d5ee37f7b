"""What the bot says is never a command, should anybody paste it: judged by the grammar itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.prose import Card, Code, Items, Line, Link, Reply, Span, Strong, Text, Tone
from bot.rendering import blocks, markdown
from grammar.parse import read
from tests.rendering.messages import URL, hostile, messages

TYPED = st.sampled_from(
    [
        "/ivy create demo",
        "@trellis ivy create",
        "@trellis create",
        "/IVY status",
        " /ivy list",
        "\n/ivy list\n",
        "/sled locks",
        "\u200b/ivy create",
    ]
)
SPANS: st.SearchStrategy[Span] = st.one_of(
    TYPED.map(Text), TYPED.map(Code), TYPED.map(Strong), TYPED.map(lambda words: Link(words, URL)), hostile.map(Text)
)
LINES = st.lists(SPANS, max_size=3).map(lambda spans: Line(tuple(spans)))
SAID = st.one_of(messages, st.builds(lambda one, two, three: Reply(Tone.NEUTRAL, (one, two, Items((three,)))), LINES, LINES, LINES))


@given(message=SAID)
def test_a_comment_of_ours_holds_no_command(message: Reply | Card) -> None:
    for flavour in ("github", "gitlab"):
        assert read(markdown.draw(message, flavour, "M"), "markdown", bot_name="trellis") == ()


@given(message=SAID)
def test_a_slack_message_of_ours_holds_no_command(message: Reply | Card) -> None:
    for block in blocks.draw(message, "M").blocks:
        for text in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())):
            assert text is None or read(text["text"], "slack", bot_name="trellis") == ()
