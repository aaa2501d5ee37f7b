"""What holds for every text, however odd."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from grammar.commands import COMMANDS, VERBS, Command, Create, Extend, Product
from grammar.mistakes import Mistake
from grammar.parse import MOST_COMMANDS, Understood, parse_line, read, warm
from grammar.words import place_inside, quoted, split, unquoted

warm()

OPTIONS = sorted({option for command in COMMANDS for option in command.options()})
BITS = st.sampled_from(
    [
        *(
            "--",
            "-",
            "=",
            '"',
            "'",
            "“",
            "”",
            "‘",
            "’",
            "—",
            "–",
            "\\",
            '\\"',
            "`",
            "#12",
            "shop#3",
            "24h",
            "48",
            "0h",
            "fri 18:00",
            "large",
        ),
        *(
            "a",
            "demo",
            "feature/x",
            "--tll",
            "-f",
            "--ttl=4h",
            '"a b"',
            "'a b'",
            '"a"b',
            'x="y z"',
            "\u00a0",
            "\u200b",
            "😀",
            "é",
            "\t",
            ":",
        ),
        *OPTIONS,
        *(f"{option}=" for option in OPTIONS),
    ]
)
TAILS = st.lists(st.tuples(st.sampled_from(["", " ", "  "]), BITS), max_size=8).map(
    lambda pairs: "".join(space + bit for space, bit in pairs)
)
VERB = st.sampled_from([*VERBS[Product.IVY], "creat", "stop", "deploy", ""])
LINES = st.builds("/{} {} {}".format, st.sampled_from(["ivy", "IVY", "sled"]), VERB, TAILS) | st.text(max_size=40).map("/ivy ".__add__)


@given(LINES)
@settings(max_examples=500)
@example('/ivy create “a ."— “a')
@example("/ivy create --ttl —a —a")
def test_every_line_is_a_command_or_a_mistake_whose_suggestion_is_a_command(line: str) -> None:
    answer = parse_line(line)
    if isinstance(answer, Mistake):
        assert 1 <= answer.column <= len(line) + 1
        assert answer.suggestion is not None
        assert isinstance(parse_line(answer.suggestion), Command), answer


@given(LINES)
def test_the_same_line_is_understood_alike_everywhere(line: str) -> None:
    if any(each in line for each in "\r\n&<>`"):
        return
    outcomes = [
        [each.command if isinstance(each, Understood) else each.mistake for each in read(line, dialect)]
        for dialect in ("line", "markdown", "slack")
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


@given(st.text())
def test_a_quoted_value_comes_back_as_it_was(value: str) -> None:
    written = quoted(value)
    (word,) = split(written) if value else split('""')
    assert (word.start, word.end) == (0, len(written))
    assert unquoted(written) == value


@given(st.text(min_size=1, max_size=30), st.integers(0, 29))
def test_a_place_inside_a_quoted_value_is_found_again(value: str, at: int) -> None:
    at = min(at, len(value) - 1)
    written = quoted(value)
    assert written[place_inside(written, at)] == value[at] or written[place_inside(written, at) :][:1] == "\\"


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"])).filter(str.strip))
def test_any_reason_in_quotes_stays_as_it_is(reason: str) -> None:
    assert parse_line(f"/ivy extend --reason '{reason}'" if "'" not in reason else f"/ivy extend --reason={quoted(reason)}") == Extend(
        reason=reason
    )


@given(st.lists(st.text(alphabet="abc-=$(){};|&*?~ \\", max_size=8), max_size=6))
def test_arguments_for_tilt_are_split_as_a_shell_would(arguments: list[str]) -> None:
    assert parse_line(f"/ivy create -- {shlex.join(arguments)}") == Create(tilt_args=tuple(arguments))


BLOCK = st.sampled_from(
    [
        "/ivy list",
        "  /ivy url",
        "> q",
        "> > q",
        "- a",
        "  - b",
        "1. a",
        "```",
        "~~~",
        "    code",
        "`",
        "``x`",
        "a `b",
        "<!--",
        "-->",
        "<div>",
        "</div>",
        "<pre>",
        "[a",
        "](/x)",
        "![",
        "[a]: /x",
        '"t"',
        "](/x '",
        "')",
        '<a t="',
        '">',
        "text",
        "text *b",
        "---",
        "===",
        "# h",
        "",
        "",
        "\\`",
        "<x@y.z>",
        "\t",
        "]",
        "[r][a]",
    ]
)


def _shown(text: str) -> list[str]:
    """The text nodes that begin a line at top level, as a CommonMark parser that does everything has them."""
    found = []
    for token, parent in zip(tokens := MarkdownIt("commonmark").parse(text), [None, *tokens], strict=False):
        if token.type == "inline" and token.level == 1 and parent is not None and parent.type == "paragraph_open":
            depth, is_start = 0, True
            for child in token.children or ():
                depth += child.nesting if child.type in {"link_open", "link_close"} else 0
                if child.type == "text" and is_start and depth == 0:
                    found.append(child.content)
                is_start = (
                    child.type in {"softbreak", "hardbreak"} or (is_start and child.nesting != 0) or (is_start and child.content == "")
                )
    return found


@given(st.lists(BLOCK, max_size=9).map("\n".join))
@settings(max_examples=500)
def test_what_is_run_is_what_a_whole_commonmark_parser_shows_as_a_line(text: str) -> None:
    run = [each.line.strip() for each in read(text, "markdown") if isinstance(each, Understood)]
    shown = [line.strip() for line in _shown(text) if line.strip() in {"/ivy list", "/ivy url"}]
    assert run == shown[:MOST_COMMANDS]


@pytest.mark.parametrize(
    "wrap", ["```\n{}\n```", "~~~x\n{}\n~~~", "<!--\n{}\n-->", "    {}", "> {}", "`{}`", "- {}", "[{}](http://x)", "![{}](http://x)"]
)
@given(LINES)
@settings(max_examples=30)
def test_wrapping_a_command_hides_it(wrap: str, line: str) -> None:
    if "`" in line or "~" in line or "-->" in line or "\n" in line or "\r" in line:
        return
    assert read(wrap.format(line), "markdown") == ()
