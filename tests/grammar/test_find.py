"""Only a line that its readers see as a line of its own is a command."""

from __future__ import annotations

import pytest

from grammar.mistakes import draw
from grammar.parse import Found, Understood, read

COMMAND = "/ivy create demo"


def told(found: tuple[Found, ...]) -> list[str]:
    """What was found, each in a word: the line that is run, or the code of the mistake."""
    assert [each.position for each in found] == list(range(len(found)))
    return [each.line.strip() if isinstance(each, Understood) else each.mistake.code.value for each in found]


RUN = [COMMAND]
MARKDOWN: list[tuple[str, list[str]]] = [
    ("/ivy create demo", RUN),
    ("/ivy create demo\n", RUN),
    ("\ufeff/ivy create demo", [f"\ufeff{COMMAND}"]),
    ("   /ivy create demo", RUN),
    ("Please:\n/ivy create demo\nThanks!", RUN),
    ("Please:\r\n/ivy create demo\r\nThanks!", RUN),
    ("**bold** and [a link](http://x)\n/ivy create demo", RUN),
    ("# Title\n/ivy create demo", RUN),
    ("***\n/ivy create demo", RUN),
    ("> quote\n\n/ivy create demo", RUN),
    ("```\ncode\n```\n/ivy create demo", RUN),
    ("<!-- note -->\n/ivy create demo", RUN),
    ("<details>\n\n/ivy create demo\n\n</details>", RUN),
    ("a `b` <c> [d]\n/ivy create demo", RUN),
    ("it costs 3 < 5, see `x`\n/ivy create demo", RUN),
    ("[ ] a box\n/ivy create demo\n[x] another", RUN),
    ("*emphasis\n/ivy create demo\n", RUN),
    ("/ivy list\n\n/ivy url\ntext\n/ivy why", ["/ivy list", "/ivy url", "/ivy why"]),
    # not the first word, not the word
    ("Try /ivy create demo", []),
    ("/ivyx create demo", []),
    ("//ivy create demo", []),
    ("\\/ivy create demo", []),
    ("ivy create demo", []),
    ("create demo", []),
    ("", []),
    # code
    ("    /ivy create demo", []),
    ("\t/ivy create demo", []),
    ("`/ivy create demo`", []),
    ("```\n/ivy create demo\n```", []),
    ("```sh\n/ivy create demo", []),
    ("~~~~\n/ivy create demo\n~~~\n~~~~", []),
    ("text `code\n/ivy create demo\nmore` text", []),
    ("text ``code`\n/ivy create demo\nmore`` text", []),
    # quotes
    ("> /ivy create demo", []),
    (">/ivy create demo", []),
    (">>>\n/ivy create demo\n>>>", []),
    (">>>\nnot closed\n\n/ivy create demo", RUN),
    # HTML comments and blocks that hide what is in them
    ("<!-- /ivy create demo -->", []),
    ("<!--\n/ivy create demo\n-->", []),
    ("<!--\n\n/ivy create demo\n\n-->", []),
    ("text <!--\n/ivy create demo\n--> text", []),
    ("<pre>\n/ivy create demo\n</pre>", []),
    ("<script>\n\n/ivy create demo\n</script>", []),
    ('text <a title="\n/ivy create demo\n">', []),
    # links and images
    ("[text\n/ivy create demo\n](http://x)", []),
    ("![text\n/ivy create demo\n](http://x)", []),
    ('[text](http://x "\n/ivy create demo\n")', []),
    ("[text\n/ivy create demo\n][ref]\n\n[ref]: http://x", []),
    ('[ref]: http://x "\n/ivy create demo\n"', []),
    # lists
    ("- /ivy create demo", []),
    ("1. /ivy create demo", []),
    # swallowed: the author is told
    ("> question\n/ivy create demo", ["swallowed"]),
    ("> > question\n/ivy create demo", ["swallowed"]),
    ("- item\n/ivy create demo", ["swallowed"]),
    ("- item\n\n  /ivy create demo", ["swallowed"]),
    ("/ivy create demo\n---", ["swallowed"]),
    ("Please:\n/ivy create demo\n===", ["swallowed"]),
    ("</details>\n/ivy create demo", ["swallowed"]),
    ("> question\n/ivy create demo\n\n/ivy list", ["swallowed", "/ivy list"]),
]


@pytest.mark.parametrize(("text", "expected"), MARKDOWN, ids=[repr(text) for text, _ in MARKDOWN])
def test_in_markdown(text: str, expected: list[str]) -> None:
    assert told(read(text, "markdown")) == expected


SLACK: list[tuple[str, list[str]]] = [
    ("/ivy create demo", RUN),
    ("please\n/ivy create demo\nthanks", RUN),
    ("```/ivy create demo```", []),
    ("```\n/ivy create demo\n```", []),
    ("text ```\n/ivy create demo\n``` text\n/ivy list", ["/ivy list"]),
    ("```\n/ivy create demo", []),
    ("`/ivy create demo`", []),
    ("> /ivy create demo", []),
    ("&gt; /ivy create demo", []),
    ("&gt; quoted\n/ivy create demo", RUN),
    ("&gt;&gt;&gt; quoted\n/ivy create demo", []),
    ("*/ivy create demo*", []),
    ("create demo", []),
    ("<@U12AB> create demo", []),
]


@pytest.mark.parametrize(("text", "expected"), SLACK, ids=[repr(text) for text, _ in SLACK])
def test_in_slack(text: str, expected: list[str]) -> None:
    assert told(read(text, "slack")) == expected


DIRECT: list[tuple[str, list[str]]] = [
    ("create demo", ["create demo"]),
    ("Create demo", ["Create demo"]),
    ("ivy create demo", ["ivy create demo"]),
    ("/ivy create demo", RUN),
    ("<@U12AB> create demo", ["<@U12AB> create demo"]),
    ("<@U12AB|ivy>: ivy create demo", ["<@U12AB|ivy>: ivy create demo"]),
    ("<@W12AB>\ncreate demo", ["create demo"]),
    ("create a\ncreate b", ["create a", "create b"]),
    ("creat demo", ["unknown_verb"]),
    ("stop", ["unknown_verb"]),
    ("ivy frobnicate", ["unknown_verb"]),
    ("create --tll 4h", ["unknown_option"]),
    ("hello there", []),
    ("<@U12AB> thanks", []),
    ("hey <@U12AB> create demo", []),
    ("`create demo`", []),
    ("&gt; create demo", []),
]


@pytest.mark.parametrize(("text", "expected"), DIRECT, ids=[repr(text) for text, _ in DIRECT])
def test_spoken_to_directly_the_bare_verb_will_do(text: str, expected: list[str]) -> None:
    assert told(read(text, "slack", is_direct=True)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@trellis ivy create demo", ["@trellis ivy create demo"]),
        ("@Trellis, /ivy create demo", ["@Trellis, /ivy create demo"]),
        ("@trellis[bot] create demo", ["@trellis[bot] create demo"]),
        ("@trellis: creat demo", ["unknown_verb"]),
        ("@trellis thanks!", []),
        ("@trellis-two create demo", []),
        ("@someone ivy create demo", []),
        ("thanks @trellis create demo", []),
        ("> @trellis ivy create demo", []),
    ],
)
@pytest.mark.parametrize("name", ["trellis", "@trellis", "trellis[bot]"])
def test_a_mention_first_is_the_same_as_the_prefix(text: str, name: str, expected: list[str]) -> None:
    assert told(read(text, "markdown", bot_name=name)) == expected


@pytest.mark.parametrize(
    ("text", "prefix", "line", "words"),
    [
        ("create demo", "/ivy", "/ivy create demo", "ivy create"),
        ("create\u00a0demo\n--ttl 2h", "/ivy", "/ivy create\u00a0demo\n--ttl 2h", "ivy create"),
        ("help", "/sled", "/sled help", "sled help"),
    ],
)
@pytest.mark.parametrize("dialect", ["slack", "line"])
def test_a_slash_command_is_one_line_and_lacks_its_prefix(text: str, prefix: str, line: str, words: str, dialect: str) -> None:
    (found,) = read(text, dialect, prefix=prefix)
    assert isinstance(found, Understood)
    assert (found.line, found.command.words) == (line, words)


def test_a_slash_command_without_words_asks_for_them() -> None:
    assert [told(read(text, "slack", prefix="/ivy")) for text in ("", "  ")] == [["missing_verb"], ["missing_verb"]]


def test_slash_text_comes_out_of_slacks_markup() -> None:
    (found,) = read("create <http://example.com|example.com>", "slack", prefix="/ivy")
    assert isinstance(found, Understood)
    assert getattr(found.command, "branch", None) == "example.com"


@pytest.mark.parametrize(
    ("text", "is_direct", "expected"),
    [("/ivy create demo", False, RUN), ("create demo", False, []), ("create demo", True, ["create demo"]), ("", True, [])],
)
def test_a_line_is_read_whole(text: str, *, is_direct: bool, expected: list[str]) -> None:
    assert told(read(text, "line", is_direct=is_direct)) == expected


def test_a_mistake_in_slack_counts_what_arrived_and_shows_what_was_typed() -> None:
    (found,) = read("/ivy create a&amp;b --tll 4h", "slack")
    assert not isinstance(found, Understood)
    assert found.mistake.column == len("/ivy create a&amp;b ") + 1
    assert draw(found.mistake) == (
        "`/ivy create a&b --tll 4h`",
        "                 ^^^^^ no option `--tll` here. Did you mean `--ttl`?",
        "Try: `/ivy create a&b --ttl 4h`",
    )


def test_what_swallowed_a_line_is_said_and_the_line_offered_again() -> None:
    (found,) = read("> question\n  /ivy create demo", "markdown")
    assert not isinstance(found, Understood)
    assert draw(found.mistake) == (
        "`/ivy create demo`",
        " ^^^^^^^^^^^^^^^^ Markdown reads this line as part of the quote above it: leave an empty line between.",
        "Try: `/ivy create demo`",
    )
    assert found.mistake.column == 3


@pytest.mark.parametrize("dialect", ["markdown", "slack"])
def test_a_message_is_read_to_64_kib_and_the_first_command_behind_is_told(dialect: str) -> None:
    filler = ("x" * 63 + "\n") * 1024
    assert told(read(f"{filler[:-64]}\n/ivy list\n", dialect)) == ["/ivy list"]
    assert told(read(f"{filler}\n/ivy list\n\n/ivy url", dialect)) == ["too_long"]
    assert told(read(f"{filler[:-4]}\n/ivy list\n", dialect)) == ["too_long"]
    assert told(read(f"/ivy url\n\n{'é' * 40_000}\n\n/ivy list\n", dialect)) == ["/ivy url", "too_long"]
    assert told(read("x" * 70_000, dialect)) == []


def test_the_limit_of_a_line_is_in_bytes() -> None:
    fits = "/ivy create -- " + "é" * ((4096 - 15) // 2)
    assert told(read(fits, "markdown")) == [fits]
    assert told(read(f"{fits}éé", "markdown")) == ["too_long"]


def test_characters_that_are_none_do_no_harm() -> None:
    assert told(read("/ivy create \ud800\n\n/ivy list\0x\n" + "\ud800" * 70_000, "markdown")) == ["/ivy create \ud800", "unknown_verb"]
