"""Hostile and odd YAML stays data, is answered with a place, and costs nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import devenv
from bot.domain.devenv import ConfigProblem, DevEnv
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Unreadable, read

SIZE = 16 * 1024


def plain(node: Node | None) -> Any:
    """The node as Python values, places left out."""
    match node:
        case Scalar():
            return node.value
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}
        case None:
            return None
        case _:
            return [plain(item) for item in node.items]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[null, ~, Null, NULL, '']", [None, None, None, None, ""]),
        ("[true, True, FALSE, 'true']", [True, True, False, "true"]),
        ("[no, yes, on, off, y, N, NO]", ["no", "yes", "on", "off", "y", "N", "NO"]),
        ("[010, 0o10, 0x1f, -12, +3, 0b11, 1_000, 190:20:30]", [10, 8, 31, -12, 3, "0b11", "1_000", "190:20:30"]),
        ("[1.5, -.5, 1e3, 1., .inf, -.INF]", [1.5, -0.5, 1000.0, 1.0, float("inf"), float("-inf")]),
        ("[2001-12-14, 12:30:45, =, 1.2.3]", ["2001-12-14", "12:30:45", "=", "1.2.3"]),
        ("a: " + "9" * 12000, {"a": 10**30}),
        ("a: -" + "9" * 12000, {"a": -(10**30)}),
        ("a: 'x: # y'", {"a": "x: # y"}),
        ("a: >\n  b\n  c\n", {"a": "b c\n"}),
        ("--- {a: 1}\n...\n", {"a": 1}),
        ("? a\n: b", {"a": "b"}),
        ("", None),
        ("[[[[[[[[1]]]]]]]]", [[[[[[[[1]]]]]]]]),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text: str, value: object) -> None:
    assert plain(read(text)) == value


BILLION_LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (BILLION_LAUGHS, "alias", 1, 4),
        ("a: *a", "alias", 1, 4),
        ("&a [*a]", "alias", 1, 1),
        ("a: {<<: {b: 1}}", "alias", 1, 5),
        ("!!python/object/apply:os.system [id]", "tag", 1, 1),
        ("a: !!int 5", "tag", 1, 4),
        ("a: ! 5", "tag", 1, 4),
        ("%YAML 1.1\n---\na: 010", "directive", 1, 1),
        ("%TAG ! tag:x,2000:\n--- a", "directive", 1, 1),
        ("a: 1\n---\nb: 2", "several_documents", 2, 1),
        ("a: 1\na: 2", "duplicate_key", 2, 1),
        ("a: 1\n'a': 2", "duplicate_key", 2, 1),
        ("{a: {b: 1, b: 2}}", "duplicate_key", 1, 12),
        ("? [a]\n: b", "wrong_type", 1, 3),
        ("{{a: b}: c}", "wrong_type", 1, 2),
        ("[[[[[[[[[1]]]]]]]]]", "too_deep", 1, 9),
        ("\n".join(" " * n + "a:" for n in range(40)), "too_deep", 9, 9),
        ("- " * 40 + "a", "too_deep", 1, 17),
        ("[" * SIZE, "too_deep", 1, 9),
        ("{" * SIZE, "too_deep", 1, 9),
        ("- a\n" * 4000, "too_big", 1201, 1),
        ("a:\n\tb: 1", "bad_yaml", 2, 1),
        ("a: 1\n\tb: 1", "bad_yaml", 2, 1),
        ("a: b: c", "bad_yaml", 1, 5),
        ("a: 'b", "bad_yaml", 1, 6),
        ("a: [1, 2\nb: 3", "bad_yaml", 2, 2),
        ("a: 1\n b: 2", "bad_yaml", 2, 3),
        ("a:\n  b: 1\n c: 1", "bad_yaml", 3, 2),
        ("a: @b", "bad_yaml", 1, 4),
        ("a: 1\nb", "bad_yaml", 2, 2),
        ('a: "\\U99999999"', "bad_yaml", 1, 7),
        ('a: "\\q"', "bad_yaml", 1, 6),
        ("a: 1\r\nb: \x07", "not_text", 2, 4),
        ("a\0", "not_text", 1, 2),
    ],
)
def test_what_is_not_read_is_refused_with_its_place(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert (refused.value.code, refused.value.line, refused.value.column) == (code, line, column)


def test_mistakes_are_told_in_words_that_help() -> None:
    def words(text: str) -> str:
        with pytest.raises(Unreadable) as refused:
            read(text)
        return refused.value.message

    assert words("a:\n\tb: 1") == "there is a tab here: YAML is indented with spaces"
    assert words("a: @b") == "a value cannot begin with '@': put it in quotes"
    assert words("a: 'b") == "a quote is not closed"
    assert words("a: [1") == "a comma or the closing ] is missing"
    assert words("a:\n  b: 1\n c: 1") == "this does not go with what stands above it: check the indentation"
    assert words("a: b: c") == "a colon is not expected here: put a value that holds one in quotes, and check the indentation"


def utf16() -> bytes:
    return "version: 1".encode("utf-16")


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (utf16(), 1, 1),
        ("version: 1".encode("utf-16-le"), 1, 2),
        (b"version: 1\n\xc3\xa9 \xff", 2, 3),
        (b"\xef\xbb\xbf\n\xff", 2, 1),
        (b"\xed\xa0\x80", 1, 1),
    ],
)
def test_only_utf_8_is_text(content: bytes, line: int, column: int) -> None:
    found = devenv.read(content, None)
    assert isinstance(found, tuple)
    assert [(problem.code, problem.line, problem.column) for problem in found] == [("not_text", line, column)]


def test_a_file_of_more_than_16_kib_is_not_looked_at() -> None:
    assert isinstance(devenv.read(b"# " + b"x" * (SIZE - 40) + b"\n{version: 1, services: {web: {run: x}}}"[:38], None), tuple)
    assert devenv.read(b"#" * (SIZE + 1), None) == (ConfigProblem("too_big", "this file is too big: 16385 bytes, 16384 at most"),)
    whole = b"{version: 1, services: {web: {run: x}}}\n"
    assert isinstance(devenv.read(whole + b"#" * (SIZE - len(whole)), None), DevEnv)


FILLINGS = [
    "a: b\n", "- a\n", "x", "x ", "  x\n", "# x\n", "#", "\n", " ", "[", "{", "{a: ", "[a,", "- ", "? ", ": ", "! ", "&a ", "*a ", "---\n", "...\n", "%YAML 1.2\n",
    "|\n", ">\n  x\n\n", '"\\u0041" ', "'", '"', "é: ü\n", "\r", "\t", "-", ".", "9", "\u2028", "a,", "&a [", "? [", "!<", "]", "}", ",", "'' ", "[],", "{},", "<<: ", "\\",
]  # fmt: skip
HEADS = [
    "",
    "a: ",
    "a: |\n ",
    "a: >\n ",
    'a: "',
    "a: '",
    "[",
    "version: 1\nservices:\n  web:\n    run: ",
    "version: 1\nservices: {web: {run: [",
]


HONEST = (
    "version: 1\nservices:\n"
    + "".join(f"  s{n}:\n    run: x\n    env:\n" + "".join(f"      K{key}: v\n" for key in range(70)) for n in range(10))
).encode()


@pytest.mark.parametrize("head", HEADS)
def test_no_filling_of_16_kib_takes_long(head: str) -> None:
    """Long is measured in the time that an honest file takes here and now, times of a noisy machine left out."""
    most_s = 10 * max(spent_s(HONEST, None) for _ in range(3)) + 0.05
    for filling in FILLINGS:
        content = (head + filling * SIZE).encode()[:SIZE]
        for files in ((content, None), (None, content)):
            assert spent_s(*files) < most_s or spent_s(*files) < most_s, filling


def test_the_biggest_honest_file_is_taken() -> None:
    assert isinstance(devenv.read(HONEST, None), DevEnv)


def spent_s(dev_env: bytes | None, procfile: bytes | None) -> float:
    began = time.thread_time()
    devenv.read(dev_env, procfile)
    return time.thread_time() - began


PIECES = st.sampled_from(
    [
        *FILLINGS,
        "version: 1\n",
        "services:",
        "web",
        "run",
        "port",
        "health",
        "env",
        "PORT",
        "\n  ",
        "\n    ",
        ": ",
        "{",
        "}",
        "1",
        "\0",
        "\ufeff",
    ]
)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(str.encode),
        st.lists(PIECES, max_size=60).map(lambda pieces: "".join(pieces).encode()),
    )
)
@example(b"? ")
@example(b"? ? ")
@example(b"a: |99\n x")
@example(b'"\\x')
@example(b"- [\n- ]")
def test_whatever_the_bytes_are_the_answer_is_a_value(content: bytes) -> None:
    for found in (devenv.read(content, None), devenv.read(None, content)):
        if isinstance(found, DevEnv):
            assert found.services
            assert all(service.run.strip() and service.name for service in found.services)
        else:
            assert 1 <= len(found) <= 10
            assert all(problem.line >= 1 and problem.column >= 1 and problem.message.isprintable() for problem in found)
            assert all(problem.suggestion.isprintable() for problem in found)


NAMES = st.from_regex(r"[a-z]([a-z0-9]{0,18}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(
    str.strip
)


@given(
    st.dictionaries(
        NAMES,
        st.tuples(
            TEXTS,
            st.one_of(st.none(), st.integers(1, 65535)),
            st.dictionaries(st.from_regex(r"[A-OQ-Z_][A-Z0-9_]{0,9}", fullmatch=True), TEXTS, max_size=4),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_what_is_written_as_yaml_is_read_back_whole(wanted: dict[str, tuple[str, int | None, dict[str, str]]]) -> None:
    import json

    services = {name: {"run": run, "env": env} | ({"port": port} if port else {}) for name, (run, port, env) in wanted.items()}
    found = devenv.read(json.dumps({"version": 1, "services": services}).encode(), None)
    assert isinstance(found, DevEnv), found
    said = {service.name: (service.run, service.port, dict(service.env)) for service in found.services}
    assert said == {name: (run.strip(), port, env) for name, (run, port, env) in wanted.items()}
