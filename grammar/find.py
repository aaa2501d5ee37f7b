"""Where commands are in a text: lines that the platform shows as plain text at top level, and those that Markdown swallowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType

    from markdown_it.token import Token

_NEWLINE = re.compile(r"\r\n|\n|\r")
_INERT = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;?]*\Z")
_MARKUP = re.compile(r"[`<\[]")
_SILENT_HTML = re.compile(r"\s*<(?:!|\?|(?:script|pre|style|textarea)\b)", re.IGNORECASE)
_GITLAB_QUOTE = ">>>"
_PARAGRAPH_LIMIT = 2048  # the inline parser needs milliseconds for each hostile KiB
_INLINE_BUDGET = 4 * _PARAGRAPH_LIMIT


class Swallower(StrEnum):
    """What Markdown made of a line that looks like a command."""

    QUOTE = "quote"
    LIST = "list"
    HEADING = "heading"
    HTML = "html"
    PARAGRAPH = "paragraph"  # too long to look into
    TANGLE = "tangle"  # no text that somebody wrote


class Spot(NamedTuple):
    """A line whose first word is a command's. `swallowed_by` None: it is shown as a line of its own."""

    number: int
    line: str
    swallowed_by: Swallower | None = None


IsHead = Callable[[str], bool]


def lines_of(text: str) -> list[str]:
    return _NEWLINE.split(text)


def in_slack(text: str, is_head: IsHead) -> list[Spot]:
    """Find them outside code fences and quotes. A fence that never closes counts as one: what looks like code is not run."""
    spots: list[Spot] = []
    is_code = False
    for number, line in enumerate(lines_of(text)):
        if not is_code and line.lstrip().startswith((">>>", "&gt;&gt;&gt;")):
            break
        if not is_code and is_head(line):
            spots.append(Spot(number, line))
        is_code ^= line.count("```") % 2 == 1
    return spots


def in_markdown(text: str, is_head: IsHead) -> list[Spot]:
    """Find them as CommonMark reads the text: top-level paragraphs, outside code spans, links, images and HTML."""
    if "\n" not in text and "\r" not in text:
        return [Spot(0, text)] if is_head(text) else []
    lines = lines_of(text)
    heads = [number for number, line in enumerate(lines) if line and is_head(line)]
    if not heads or _is_plain(lines, heads):
        return [Spot(number, lines[number]) for number in heads]
    quoted = _in_gitlab_quotes(lines)
    return [spot for spot in _Markdown(lines, heads).spots() if spot.number not in quoted]


def _is_plain(lines: Sequence[str], heads: Sequence[int]) -> bool:
    """Whether there are only command lines and empty ones, without anything that could span two of them."""
    if len(heads) > 1 and any(_MARKUP.search(lines[number]) for number in heads):
        return False
    return len(heads) == sum(1 for line in lines if line and not line.isspace())


def _in_gitlab_quotes(lines: Sequence[str]) -> set[int]:
    """Which lines are in GitLab's quotes, that begin and end with a line of three `>`."""
    fences = [number for number, line in enumerate(lines) if line.startswith(_GITLAB_QUOTE) and line.rstrip() == _GITLAB_QUOTE]
    return {number for first, last in zip(fences[::2], fences[1::2], strict=False) for number in range(first, last)}


@cache
def _blocks() -> ModuleType:
    from grammar import blocks  # noqa: PLC0415 - most messages hold no command: they do without it

    return blocks


class _Markdown:
    """One text with at least one line that looks like a command."""

    def __init__(self, lines: Sequence[str], heads: Sequence[int]) -> None:
        # Within a run of lines that are only words, one stands for all: no rule of Markdown can tell the difference.
        special = set(heads)
        inert = [number not in special and _INERT.match(line) is not None for number, line in enumerate(lines)]
        self._numbers = [number for number in range(len(lines)) if not (number and inert[number] and inert[number - 1])]
        self._lines = [lines[number] for number in self._numbers]
        self._heads = {place for place, number in enumerate(self._numbers) if number in special}
        self._budget = _INLINE_BUDGET
        self._references: dict[str, Any] = {}

    def spots(self) -> list[Spot]:
        try:
            tokens = _blocks().blocks(self._lines, self._references)
        except _blocks().Tangled:
            return [self._spot(place, Swallower.TANGLE) for place in sorted(self._heads)]
        found: list[Spot] = []
        containers: list[Swallower] = []
        for token in tokens:
            if token.type in {"blockquote_open", "list_item_open"}:
                containers.append(Swallower.QUOTE if token.type == "blockquote_open" else Swallower.LIST)
            elif token.type in {"blockquote_close", "list_item_close"}:
                containers.pop()
            elif token.map and token.type in {"paragraph_open", "heading_open", "html_block"}:
                inside = [place for place in range(*token.map) if place in self._heads]
                if inside:
                    found += self._in_leaf(token, inside, containers[-1] if containers else None)
        return found

    def _in_leaf(self, token: Token, inside: list[int], container: Swallower | None) -> list[Spot]:
        swallowed_by = container
        if token.type == "html_block":
            if _SILENT_HTML.match(token.content):
                return []
            swallowed_by = Swallower.HTML
        elif token.type == "heading_open":
            swallowed_by = container or Swallower.HEADING
        if swallowed_by is not None:
            return [self._spot(place, swallowed_by) for place in inside]
        assert token.map is not None  # noqa: S101 - leaves have their lines
        first, last = token.map
        return self._in_paragraph(first, last, inside)

    def _in_paragraph(self, first: int, last: int, inside: list[int]) -> list[Spot]:
        if inside[-1] == first or not any(_MARKUP.search(line) for line in self._lines[first : inside[-1]]):
            return [self._spot(place, None) for place in inside]
        paragraph = self._lines[first:last]
        size = sum(len(line) + 1 for line in paragraph)
        found: list[Spot] = []
        for place in inside:
            if place == first:
                found.append(self._spot(place, None))
            elif size > min(self._budget, _PARAGRAPH_LIMIT):
                found.append(self._spot(place, Swallower.PARAGRAPH))
            else:
                self._budget -= size
                if _blocks().is_plain(paragraph, place - first, self._references):
                    found.append(self._spot(place, None))
        return found

    def _spot(self, place: int, swallowed_by: Swallower | None) -> Spot:
        return Spot(self._numbers[place], self._lines[place], swallowed_by)
