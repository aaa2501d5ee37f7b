"""What is wrong with a line: a stable code, a sentence, the place, and a line that would be right."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 120
_LEAD = 80


class Code(StrEnum):
    """Reasons, the same on every platform and in the API."""

    MISSING_VERB = "missing_verb"
    UNKNOWN_VERB = "unknown_verb"
    AMBIGUOUS_VERB = "ambiguous_verb"
    UNKNOWN_OPTION = "unknown_option"
    MISSING_VALUE = "missing_value"
    BAD_VALUE = "bad_value"
    EXTRA_WORD = "extra_word"
    REPEATED_OPTION = "repeated_option"
    CONFLICTING_OPTIONS = "conflicting_options"
    BOTH_TILT_ARGS = "both_tilt_args"
    UNCLOSED_QUOTE = "unclosed_quote"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    SWALLOWED = "swallowed"


@dataclass(frozen=True)
class Excerpt:
    """The line as its author saw it, clipped around the place, and carets that stand below the place."""

    line: str
    carets: str


@dataclass(frozen=True)
class Mistake:
    """`column` is 1-based in characters of the line as typed, before anything was folded. `suggestion` is a line that parses."""

    code: Code
    message: str
    column: int
    suggestion: str | None
    excerpt: Excerpt


def draw(mistake: Mistake) -> tuple[str, ...]:
    """Draw the mistake for a fixed-width font: the line, carets and what is wrong, and what to try."""
    told = (f"`{mistake.excerpt.line}`", f" {mistake.excerpt.carets} {mistake.message}")
    return (*told, f"Try: `{mistake.suggestion}`") if mistake.suggestion else told


def excerpt(line: str, start: int, end: int) -> Excerpt:
    """Point at `line[start:end]`; at least one caret."""
    end = max(end, start + 1)
    first = max(0, start - _LEAD) if len(line) > _SHOWN else 0
    last = max(first + _SHOWN, start + 1)
    head, tail = "…" * (first > 0), "…" * (last < len(line))
    carets = _width(line[start : min(end, last)]) or 1
    return Excerpt(head + _plain(line[first:last]) + tail, " " * (len(head) + _width(line[first:start])) + "^" * carets)


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " * bool(_width(character)) for character in text)


def _width(text: str) -> int:
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
