"""Folding: what phones, word processors and Slack make of a typed line is turned back, and each character remembers its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_VANISHING = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
_JOINERS = "\u200c\u200d"
_DOUBLE = "\u201c\u201d\u201e\u201f"
_SINGLE = "\u2018\u2019\u201a\u201b"
_DASHES = "\u2013\u2014"  # en, em
_SPECIAL = re.compile(rf"[{_VANISHING}{_DOUBLE}{_SINGLE}{_DASHES}]|(?! )\s")
_DASH_RUN = re.compile(rf"-?[{_DASHES}][-{_DASHES}]?(?=[^\W\d_])")
_CLOSES = {
    _DOUBLE: re.compile(rf'(?:\\.|[^\\"{_DOUBLE}]|["{_DOUBLE}](?!\s|\Z))*+["{_DOUBLE}]'),
    '"': re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"'),
    _SINGLE: re.compile(rf"(?:[^'{_SINGLE}]|['{_SINGLE}](?!\s|\Z))*+['{_SINGLE}]"),
    "'": re.compile(r"[^']*+'"),
}
_SLACK = re.compile(r"<([^<>]*)>|&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


class Folded(NamedTuple):
    """`places[i]` is where character `i` of `text` stood in what was typed; None when nothing moved."""

    text: str
    places: Sequence[int] | None = None

    def typed(self, at: int) -> int:
        return at if self.places is None else self.places[at]


def fold(line: str) -> Folded:
    """Make quotes straight and dashes double where an option or a quote can begin, spaces plain, zero-width characters vanish."""
    if line.isascii() or not _SPECIAL.search(line):
        return Folded(line)
    plain = _without_invisible(line)
    quoted = _with_straight_quotes(plain.text)
    assert plain.places is not None  # noqa: S101 - both were made just above
    assert quoted.places is not None  # noqa: S101
    return Folded(quoted.text, [plain.places[at] for at in quoted.places])


def unslack(text: str) -> Folded:
    """Give what was typed in Slack: `<http://x|x>` → `x`, `<@U1|n>` → `@U1`, `<#C1|n>` → `#C1`, entities, each once."""
    if "<" not in text and "&" not in text:
        return Folded(text)
    out: list[str] = []
    places: list[int] = []
    end = 0
    for found in _SLACK.finditer(text):
        out.append(text[end : found.start()])
        places.extend(range(end, found.start()))
        shown = _ENTITIES[found[2]] if found[2] else _link(found[1])
        out.append(shown)
        places.extend([found.start()] * len(shown))
        end = found.end()
    out.append(text[end:])
    places.extend(range(end, len(text) + 1))
    return Folded("".join(out), places)


def _link(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target[:1] in {"@", "#"}:
        return target
    if target[:1] == "!":
        label = label or "@" + target[1:].partition("^")[0]
    return re.sub(r"&(amp|lt|gt);", lambda found: _ENTITIES[found[1]], label or target)


def _without_invisible(line: str) -> Folded:
    out: list[str] = []
    places: list[int] = []
    for at, character in enumerate(line):
        if character in _VANISHING:
            # Inside an emoji or a word of a script that needs them, joiners are letters.
            if character not in _JOINERS or line[at - 1 : at].isascii() or line[at + 1 : at + 2].isascii():
                continue
        elif character.isspace():
            character = " "  # noqa: PLW2901
        out.append(character)
        places.append(at)
    places.append(len(line))
    return Folded("".join(out), places)


def _with_straight_quotes(line: str) -> Folded:
    out: list[str] = []
    places: list[int] = []
    at = 0

    def put(text: str, *, to: int) -> int:
        out.append(text)
        places.extend(range(at, to) if len(text) == to - at else [at] * len(text))
        return to

    before = " "
    while at < len(line):
        character = line[at]
        is_head = before == " "
        if (is_head or before == "=") and character in _OPENERS:
            at = _put_quoted(line, at, out, places)
        elif is_head and (run := _DASH_RUN.match(line, at)):
            at = put("--", to=run.end())
        else:
            at = put(character, to=at + 1)
        before = line[at - 1]
    places.append(len(line))
    return Folded("".join(out), places)


_OPENERS = dict.fromkeys(_DOUBLE, _DOUBLE) | dict.fromkeys(_SINGLE, _SINGLE) | {'"': '"', "'": "'"}


def _put_quoted(line: str, at: int, out: list[str], places: list[int]) -> int:
    """Write the quoted word that opens at `at` with straight quotes; where it never closes, only its opening."""
    opener = _OPENERS[line[at]]
    straight = '"' if opener in {_DOUBLE, '"'} else "'"
    # A quote that opens straight may close curly: editors turn only the one that was typed last.
    closed = _CLOSES[opener].match(line, at + 1) or _CLOSES[_DOUBLE if straight == '"' else _SINGLE].match(line, at + 1)
    if closed is None:
        # It is a mistake whatever follows; looking for more ends from each beginning would take its time squared.
        out.append(straight + line[at + 1 :])
        places.extend(range(at, len(line)))
        return len(line)
    inside = line[at + 1 : closed.end() - 1]
    escapes = {'"': '\\"'} if straight == '"' and opener != '"' else {}
    if straight == "'" and "'" in inside:
        straight, escapes = '"', {'"': '\\"', "\\": "\\\\"}
    out.append(straight)
    places.append(at)
    is_escaped = False
    for place, character in enumerate(inside, at + 1):
        written = character if is_escaped else escapes.get(character, character)
        is_escaped = character == "\\" and not is_escaped and "\\" not in escapes
        out.append(written)
        places.extend([place] * len(written))
    out.append(straight)
    places.append(closed.end() - 1)
    return closed.end()
