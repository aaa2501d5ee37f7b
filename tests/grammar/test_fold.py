"""Folding turns back what phones, word processors and Slack do, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grammar.fold import fold, unslack

ROWS = [
    ("plain --text 'x'", "plain --text 'x'"),
    ("“double”", '"double"'),
    ("„deutsch“", '"deutsch"'),
    ("”svenska”", '"svenska"'),
    ("‘single’", "'single'"),
    ("a=“b c”", 'a="b c"'),
    ("“a ”b” c", '"a ”b" c'),
    ('“say "hi"” x', '"say \\"hi\\"" x'),
    ("‘it's’", '"it\'s"'),
    ("‘it’s fine’", "'it’s fine'"),
    ('"mixed”', '"mixed"'),
    ('“mixed"', '"mixed"'),
    ('"kept “inside” it"', '"kept “inside” it"'),
    ("don’t", "don’t"),
    ("“open", '"open'),
    ("—ttl", "--ttl"),
    ("–ttl", "--ttl"),
    ("-–ttl", "--ttl"),
    ("——ttl", "--ttl"),
    ("a—b — c –5", "a—b — c –5"),
    ("'—ttl'", "'—ttl'"),
    ("a\u00a0b\u202fc\u3000d", "a b c d"),
    ("\ufeffcre\u200bate\u200e", "create"),
    ("👩\u200d💻", "👩\u200d💻"),
]


@pytest.mark.parametrize(("typed", "folded"), ROWS)
def test_a_line_is_folded(typed: str, folded: str) -> None:
    assert fold(typed).text == folded


@pytest.mark.parametrize(
    ("wire", "typed"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("&quot;&#39;", "&quot;&#39;"),
        ("<http://x.com|x.com>", "x.com"),
        ("<http://x.com/?a=1&amp;b=2>", "http://x.com/?a=1&b=2"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<@U1|name>", "@U1"),
        ("<@U1>", "@U1"),
        ("<#C1|name>", "#C1"),
        ("<#C1>", "#C1"),
        ("<!here>", "@here"),
        ("<!subteam^S1|@team>", "@team"),
        ("&lt;@U1|bob&gt;", "<@U1|bob>"),
        ("< not closed", "< not closed"),
    ],
)
def test_slacks_markup_becomes_what_was_typed(wire: str, typed: str) -> None:
    assert unslack(wire).text == typed


@given(st.text(alphabet="ab =\"'\\“”‘’„—–-\u200b\u00a0é<>&;@|lt", max_size=60))
def test_each_character_remembers_its_place(text: str) -> None:
    for made in (fold(text), unslack(text)):
        places = [made.typed(at) for at in range(len(made.text) + 1)]
        assert places == sorted(places)
        assert places[-1] == len(text)
        assert all(0 <= place <= len(text) for place in places)


@given(st.text(alphabet=st.characters(max_codepoint=126)))
def test_plain_ascii_is_left_alone(text: str) -> None:
    assert fold(text).text == text
