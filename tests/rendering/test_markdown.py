"""What GitHub and GitLab are given: it looks right, and only we have the say in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.domain.message import Person, Platform
from bot.domain.prose import Card, Code, Items, Line, Link, Log, Mention, Reply, Strong, Table, Text, Tone, line
from bot.rendering.clean import letters, web_address, words
from bot.rendering.markdown import LIMIT_BYTES, Flavour, draw
from tests.rendering.messages import DANA, URL, failed_card, hostile, messages, running_card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

FLAVOURS: tuple[Flavour, ...] = ("github", "gitlab")
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What either platform makes a link, a picture or a call of, in text that is already rendered.
REFERENCE = re.compile(
    r"@[\w]|(?<![\w&])[#!%~&$^]\d|\w#\d|\bg[hl]-\d|://|\bwww\.|:[\w+-]+:|\[\[|\[\w+:\d|[!#~%&$]\"|\$[^\u200b]|\{[+-]", re.IGNORECASE
)


def inlines(source: str) -> Iterator[Token]:
    return (token for token in PARSER.parse(source) if token.type == "inline")


def text_runs(token: Token) -> list[str]:
    """Text as the platform's filters see it: joined between tags, code and links left out."""
    runs, depth = [""], 0
    for child in token.children or ():
        depth += child.nesting if child.type.startswith("link") else 0
        if child.type == "text" and not depth:
            runs[-1] += child.content
        else:
            runs.append("")
    return runs


def seen(source: str) -> str:
    """The words that a reader sees, without zero-width breaks."""
    return "".join(child.content for token in inlines(source) for child in token.children or ()).replace("\u200b", "")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_card_shows_state_progress_addresses_and_what_to_type(flavour: Flavour) -> None:
    assert draw(running_card(DANA[Platform(flavour)]), flavour, "card:1") == (
        "### ⏳ [feature-x-1f3a](<http://feature-x-1f3a.localhost:8780>) · configuring\n"
        "\n"
        "▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱ 40 % · about 20 s left\n"
        "\n"
        "| | step | time | usually |\n"
        "|:-:|:--|--:|--:|\n"
        "| ✓ | provisioning | 1.2 s | 1.1–2 s |\n"
        "| ● | configuring | 12 s | 30–45 s |\n"
        "| ○ | starting | | 2–9 s |\n"
        "\n"
        "**Address** <http://feature-x-1f3a.localhost:8780>\\\n"
        "**Commit** `1f3a9c2b` on `feature/x`\\\n"
        "**Owner** @dana\\\n"
        "**Expires** 2026-03-04 18:00 UTC\n"
        "\n"
        "Next: `/ivy status` · `/ivy cancel`\n"
        "\n"
        "<!-- trellis:card:1 -->"
    )


def test_a_failed_card_shows_the_end_of_the_log_and_the_way_on() -> None:
    assert draw(failed_card(), "gitlab", "c") == (
        "### ❌ feature-x-1f3a · failed\n"
        "\n"
        "✓ provisioning 1.2 s · ✗ configuring 1 min 1 s · ○ starting\n"
        "\n"
        "The build of **web** ended with status 2:\n"
        "\n"
        "````\n"
        "make: *** [web] Error 2\n"
        "```\n"
        "````\n"
        "\n"
        "Next:\n"
        "\n"
        "- `/ivy retry` tries again\n"
        "- `/ivy logs` shows more\n"
        "\n"
        "<!-- trellis:c -->"
    )


@pytest.mark.parametrize(
    ("tone", "head"), [(Tone.GOOD, "✅ "), (Tone.NEUTRAL, ""), (Tone.BUSY, "⏳ "), (Tone.WARNING, "⚠️ "), (Tone.BAD, "❌ ")]
)
def test_a_reply_names_the_person_at_its_head(tone: Tone, head: str) -> None:
    reply = Reply(tone, (line(Code("demo"), " is ready."), Items((line("one"), line("two")))), to=DANA[Platform.GITHUB])
    assert draw(reply, "github", "p") == f"{head}@dana `demo` is ready.\n\n- one\n- two\n\n<!-- trellis:p -->"


def test_a_mistake_points_at_its_place_and_gives_its_code() -> None:
    reply = Reply(
        Tone.BAD, (Log(("/ivy create --tll 48h", "            ^^^^^")), line("Did you mean ", Code("--ttl"), "?")), code="unknown_option"
    )
    assert draw(reply, "github", "p") == (
        "❌\n\n```\n/ivy create --tll 48h\n            ^^^^^\n```\n\nDid you mean `--ttl`?\n\n<sub>reason: `unknown_option`</sub>\n\n<!-- trellis:p -->"
    )


def test_a_table_keeps_its_cells_whatever_is_in_them() -> None:
    table = Table(("name", "said"), ((line("a|b"), line(Code("x|y"))), (line("c"), line(Code("d\\|e")))))
    drawn = draw(Reply(Tone.NEUTRAL, (table,)), "github", "t")
    assert [token.content.replace("\u200b", "") for token in inlines(drawn)] == [
        "name",
        "said",
        "a\\|b".replace("\\", ""),
        "`x|y`",
        "c",
        "`d\\|e`",
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(message=messages)
def test_nothing_comes_out_of_user_text(flavour: Flavour, message: Reply | Card) -> None:
    source = draw(message, flavour, "M-1")
    assert source.endswith("<!-- trellis:M-1 -->")
    assert source.count("<!--") == source.count("-->") == 1
    tokens = PARSER.parse(source)
    assert {token.type for token in tokens} <= {
        *("paragraph_open", "paragraph_close", "inline", "fence", "html_block", "bullet_list_open", "bullet_list_close"),
        *("list_item_open", "list_item_close", "heading_open", "heading_close"),
        *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
    }
    assert [token.content for token in tokens if token.type == "html_block"] == ["<!-- trellis:M-1 -->"]
    assert [token.tag for token in tokens if token.type == "heading_open"] in ([], ["h3"])
    ours, callable_names = everything_ours(message, flavour)
    for token in inlines(source):
        for child in token.children or ():
            assert child.type in {
                "text",
                "code_inline",
                "strong_open",
                "strong_close",
                "link_open",
                "link_close",
                "html_inline",
                "softbreak",
                "hardbreak",
            }
            if child.type == "html_inline":
                assert child.content in ("<sub>", "</sub>")
            if child.type == "link_open":
                assert child.attrs["href"] in ours
        for run in text_runs(token):
            for found in REFERENCE.finditer(run):
                name = re.match(r"@[\w.-]+", run[found.start() :])
                assert name, (run, found)
                assert name.group().strip(".") in callable_names


def everything_ours(message: Reply | Card, flavour: Flavour) -> tuple[set[str], set[str]]:
    """Addresses of Links and names of people of this platform, wherever they are in the message."""
    stack: list[object] = [message]
    found: list[object] = []
    while stack:
        item = stack.pop()
        found.append(item)
        if isinstance(item, tuple):
            stack += item
        elif hasattr(item, "__struct_fields__"):
            stack += [getattr(item, name) for name in item.__struct_fields__]
    names = {
        "@" + item.name.strip(".")
        for item in found
        if isinstance(item, Person) and item.platform == flavour and (flavour, item.name) != ("gitlab", "all")
    }
    addresses = [web_address(item.url) for item in found if isinstance(item, Link)]
    return {PARSER.normalizeLink(address) for address in addresses if address}, names


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(message=messages)
def test_fed_back_as_a_comment_it_is_no_command(flavour: Flavour, message: Reply | Card) -> None:
    source = draw(message, flavour, "M")
    outside = re.sub(r"(?ms)^(`{3,})\n.*?^\1$", "", source)
    for row in outside.split("\n"):
        assert not re.match(r"[\s\u200b-\u200f\ufeff]*\\*/\w", row), row
        assert not re.match(r"[\s\u200b]*@[\u200b\\]", row), row
    if flavour == "gitlab":  # a fence may be misread by it
        assert not re.search(r"(?m)^/[a-z_]+\s*$", source)


@given(text=hostile, mark=st.sampled_from([Text, Strong]))
def test_text_is_read_as_it_was_written(text: str, mark: type[Text | Strong]) -> None:
    drawn = draw(Reply(Tone.GOOD, (line("said ", mark(text), " so"),)), "github", "M")
    expected = "✅ said " + words(text) + " so" if mark is Text else "✅ said " + words(text).strip() + " so"
    assert re.sub(" +", " ", seen(drawn)) == re.sub(" +", " ", expected).replace("\u200b", "")


@given(text=hostile)
def test_code_is_read_to_the_letter(text: str) -> None:
    tokens = list(inlines(draw(Reply(Tone.GOOD, (line("type ", Code(text), Code("b")),)), "gitlab", "M")))
    code = [child.content for child in tokens[0].children or () if child.type == "code_inline"]
    assert code == [letters(text) or " ", "b"]


@given(lines=st.lists(hostile, max_size=5))
def test_a_log_cannot_close_its_fence(lines: list[str]) -> None:
    fences = [
        token for token in PARSER.parse(draw(Reply(Tone.BAD, (Log(tuple(lines)), line("after"))), "github", "M")) if token.type == "fence"
    ]
    assert len(fences) <= 1
    assert all(token.info == "" for token in fences)
    assert "after" in draw(Reply(Tone.BAD, (Log(tuple(lines)), line("after"))), "github", "M").split("\n")


@pytest.mark.parametrize(
    ("name", "flavour", "drawn"),
    [
        ("dana", "github", "@dana"),
        ("dana_corp", "github", "@dana_corp"),
        ("build[bot]", "github", "build\\[\u200bbot\\]"),
        ("dana.x", "gitlab", "@dana.x"),
        ("dana.x", "github", "dana.x"),
        ("all", "gitlab", "all"),
        ("All", "gitlab", "All"),
        ("x\n/close", "gitlab", "x /close"),
    ],
)
def test_only_a_real_name_is_called(name: str, flavour: Flavour, drawn: str) -> None:
    person = Person(Platform(flavour), "1", name)
    assert draw(Reply(Tone.GOOD, (line("by ", Mention(person)),)), flavour, "M") == f"✅ by {drawn}\n\n<!-- trellis:M -->"


def test_a_person_of_another_platform_is_only_named() -> None:
    assert draw(Reply(Tone.GOOD, (line("hello"),), to=DANA[Platform.SLACK]), "github", "M") == "✅ dana hello\n\n<!-- trellis:M -->"


def test_what_follows_a_mention_cannot_change_whom_it_calls() -> None:
    drawn = draw(
        Reply(Tone.GOOD, (line(Mention(DANA[Platform.GITHUB]), "/team and ", Mention(DANA[Platform.GITHUB]), ", you"),)), "github", "M"
    )
    assert drawn == "✅ @dana\u200b/team and @dana, you\n\n<!-- trellis:M -->"


@pytest.mark.parametrize("marker", ["", "a b", "a-->", "a\n", "é", "a/b"])
def test_a_marker_that_could_break_out_is_our_mistake(marker: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        draw(Reply(Tone.GOOD, ()), "github", marker)


@pytest.mark.parametrize(
    "message",
    [
        Reply(Tone.BAD, (Log(tuple(f"line {number} " + "`<é" * 400 for number in range(5_000))),)),
        Reply(Tone.BAD, (line("é@" * 200_000),)),
        Reply(Tone.BAD, tuple(line("#" * 3_000) for _ in range(500))),
        Reply(Tone.BAD, (Table(("a",) * 30, tuple((line("x" * 500),) * 30 for _ in range(500))),)),
        Reply(Tone.BAD, (Items(tuple(line(Link("l" * 900, URL + "/" + "x" * 1_500)) for _ in range(900))),)),
        Reply(Tone.BAD, (Line(tuple(Strong("*" * 3_000) for _ in range(3_000))),)),
    ],
)
def test_a_message_never_outgrows_the_platform(message: Reply) -> None:
    assert len(draw(message, "github", "M").encode()) <= LIMIT_BYTES


def test_a_long_log_keeps_its_end_and_says_what_is_missing() -> None:
    drawn = draw(Reply(Tone.BAD, (Log(tuple(f"line {number}" for number in range(10_000))),)), "github", "M").split("\n")
    assert drawn[2:5] == ["```", "… 9600 earlier lines left out", "line 9600"]
    assert drawn[-4:] == ["line 9999", "```", "", "<!-- trellis:M -->"]


@pytest.mark.parametrize(
    "text",
    [
        "- x",
        "+ x",
        "* x",
        "1. x",
        "1) x",
        "# x",
        "---",
        "***",
        "___",
        "===",
        "> x",
        "    x",
        "\tx",
        "~~~",
        "```",
        "| a |",
        "[a]: b",
        "<b>",
        "</p>",
        "::: x",
    ],
)
@pytest.mark.parametrize("before", [(), (line("before"),)])
def test_a_line_begins_nothing_but_a_paragraph(text: str, before: tuple[Line, ...]) -> None:
    tokens = PARSER.parse(draw(Reply(Tone.NEUTRAL, (*before, line(text), line("after"))), "github", "M"))
    paragraph = ["paragraph_open", "inline", "paragraph_close"]
    assert [token.type for token in tokens] == [*paragraph * (len(before) + 2), "html_block"]
    assert tokens[len(before) * 3 + 1].children is not None
    assert "".join(child.content for child in tokens[len(before) * 3 + 1].children or ()).replace("\u200b", "") == text.strip()


def test_a_marker_in_somebodys_code_is_no_marker() -> None:
    blocks = (line(Code("<!-- trellis:other -->")), Log(("<!-- trellis:other -->",)), line("<!-- trellis:other -->"))
    assert re.findall("<!-- trellis:.* -->", draw(Reply(Tone.GOOD, blocks), "gitlab", "M")) == ["<!-- trellis:M -->"]


def test_a_colour_code_that_never_ends_swallows_nothing_of_ours() -> None:
    drawn = draw(Reply(Tone.GOOD, (line("by \x1b]0;evil", " is ready, see ", "\x07 the log"),)), "github", "M")
    assert seen(drawn) == "✅ by 0;evil is ready, see the log"
