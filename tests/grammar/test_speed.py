"""Nothing that can be typed takes long to read."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from grammar.parse import Understood, read, warm

pytestmark = pytest.mark.long

warm()


def fastest(work: Callable[[], object]) -> float:
    """Seconds of this process's own time, the best of three: other processes must not fail a test."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


HOSTILE = [
    '"',
    "'",
    "“a ",
    "‘a ",
    '\\"',
    'a="',
    "a=' ",
    "=",
    "- ",
    "--x ",
    "--ttl ",
    "--ttl 4h ",
    "—a ",
    "24h",
    "9",
    "\u200b",
    "\u00a0",
    "😀",
    '"a"',
    "#",
    "\t",
    "<",
    "&amp;",
    "<@U1>",
]
STARTS = [
    "",
    "create ",
    "create -- ",
    'create --tilt-args "',
    "create --ttl ",
    "extend ",
    "extend --reason ",
    "status ",
    "logs --tail ",
    "help ",
]


@pytest.mark.parametrize("bit", HOSTILE)
def test_no_line_takes_long(bit: str) -> None:
    for start in STARTS:
        line = f"/ivy {start}{bit * ((4096 - 30) // len(bit.encode()))}"
        assert len(line.encode()) <= 4096
        for dialect in ("line", "slack"):
            assert fastest(lambda line=line, dialect=dialect: read(line, dialect)) < 0.05, (start, dialect)  # type: ignore[misc]


PARAGRAPHS = [
    "[",
    "![",
    "`",
    "*",
    "<",
    "> ",
    "- ",
    "[a](",
    "[\n",
    "- a\n",
    "# \n",
    ">>>\n/ivy list\n",
    "> a\n/ivy list\n\n",
    "/ivy list\n",
    "<a\n",
    "a `[<\n/ivy list\n",
    "a `[<\n/ivy list\n\n",
    "[a]: /x\n",
]


@pytest.mark.parametrize("bit", [*PARAGRAPHS, "> " * 20 + "a\n" + "b*\n" * 20_000, ("![" * 900 + "\n/ivy list\n\n")])
def test_no_message_takes_long(bit: str) -> None:
    text = f"{(bit * (65_536 // len(bit) + 1))[: 65_536 - 40]}\n\n/ivy create\n"
    for dialect in ("markdown", "slack"):
        assert fastest(lambda dialect=dialect: read(text, dialect)) < 1.5, dialect  # type: ignore[misc]


def test_a_deep_text_of_quotes_is_answered_even_when_it_cannot_be_read() -> None:
    found = read(">>>\n/ivy list\n" * 4000, "markdown")
    assert {each.mistake.code.value for each in found if not isinstance(each, Understood)} == {"swallowed"}
    assert not [each for each in found if isinstance(each, Understood)]


def test_importing_is_quick_and_brings_neither_lark_nor_markdown() -> None:
    code = "import sys, grammar.parse, grammar.help, grammar.say; print(sorted({'lark', 'markdown_it'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
