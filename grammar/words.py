"""Words as they stand in a line: split with patience (nothing is refused), taken out of their quotes, put into quotes."""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTED = r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"|' + r"'[^']*'"
_WORD = re.compile(rf"""{_QUOTED}|[^\s"'][^\s=]*(?:=(?!["'])[^\s=]*)*(?:=(?:{_QUOTED}))?""")
_SPACE = re.compile(r"\s*")
_ESCAPED = re.compile(r'\\(["\\])')
_ARGUMENT = re.compile(r"[^\s\"'\\]+\Z")
_PLAIN = re.compile(r"[^\s\"'=\\-][^\s\"'=\\]*\Z")


class Word(NamedTuple):
    """A word from `start` to `end`. `quote_at` is where a quote opens that never closes; `is_glued`: no space before it."""

    start: int
    end: int
    quote_at: int | None = None
    is_glued: bool = False


def split(text: str, start: int = 0) -> list[Word]:
    """Find the words of `text`. A quote opens at the head of a word or after `=`; one that does not close takes the rest."""
    words: list[Word] = []
    at = _end_of_space(text, start)
    while at < len(text):
        is_glued = bool(words) and words[-1].end == at
        found = _WORD.match(text, at)
        if found is None:
            words.append(Word(at, len(text), at, is_glued))
            break
        end = found.end()
        if text[end : end + 2] in {'="', "='"} and text[end - 1] not in "\"'":
            words.append(Word(at, len(text), end + 1, is_glued))
            break
        words.append(Word(at, end, None, is_glued))
        at = _end_of_space(text, end)
    return words


def unquoted(word: str) -> str:
    r"""Take a well-formed word out of its quotes: `"a \" b"` → `a " b`, `'a'` → `a`, `key="a b"` → `key=a b`."""
    if not word or word[-1] not in "\"'":
        return word
    if word[0] == '"':
        return _ESCAPED.sub(r"\1", word[1:-1]) if "\\" in word else word[1:-1]
    if word[0] == "'":
        return word[1:-1]
    opening = min((at for at in (word.find('="', 1), word.find("='", 1)) if at >= 0), default=-1)
    return word if opening < 0 else word[: opening + 1] + unquoted(word[opening + 1 :])


def quoted(value: str) -> str:
    """Write `value` so that it is read as one word: bare where that will do, else in quotes."""
    if _PLAIN.match(value):
        return value
    if '"' in value and "'" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_argument(value: str) -> str:
    """The same for a word behind `--`, where dashes mean nothing."""
    return value if _ARGUMENT.match(value) else quoted(value)


def place_inside(word: str, at: int) -> int:
    """Where in `word`, as written, the character `at` of `unquoted(word)` stands."""
    if not word or word[-1] not in "\"'" or len(word) < 2:
        return at
    if word[0] != '"':
        return at + (word[0] == "'")
    written = 1
    for _ in range(at):
        written += 2 if word[written : written + 2] in {'\\"', "\\\\"} else 1
    return written


def _end_of_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start
