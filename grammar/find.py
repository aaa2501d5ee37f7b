"""Where commands are in a text: lines that the platform shows as plain text at top level, and those that Markdown swallowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_NEWLINE = re.compile(r"\r\n|\n|\r")
_INERT = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;?]*\Z")
_MARKUP = re.compile(r"[`<\[]")
_SILENT_HTML = re.compile(r"\s*<(?:!|\?|(?:script|pre|style|textarea)\b)", re.IGNORECASE)
_GITLAB_QUOTE = ">>>"
_MARK = "\ue000"
_NESTING = 10
_PARAGRAPH_LIMIT = 2048  # the inline parser needs milliseconds for each hostile KiB
_INLINE_BUDGET = 4 * _PARAGRAPH_LIMIT


class Swallower(StrEnum):
    """What Markdown made of a line that looks like a command."""

    QUOTE = "quote"
    LIST = "list"
    HEADING = "heading"
    HTML = "html"
    PARAGRAPH = "paragraph"  # too long to look into


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
    return [spot for spot in _Markdown(lines, heads).spots() if not _is_in_gitlab_quote(lines, spot.number)]


def _is_plain(lines: Sequence[str], heads: Sequence[int]) -> bool:
    """Whether there are only command lines and empty ones, without anything that could span two of them."""
    if len(heads) > 1 and any(_MARKUP.search(lines[number]) for number in heads):
        return False
    return len(heads) == sum(1 for line in lines if line and not line.isspace())


def _is_in_gitlab_quote(lines: Sequence[str], number: int) -> bool:
    """GitLab's quotes that begin and end with a line of three `>`."""
    fences = [at for at, line in enumerate(lines) if line.rstrip() == _GITLAB_QUOTE]
    return sum(at < number for at in fences) % 2 == 1 and any(at > number for at in fences)


@cache
def _commonmark() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - most messages hold no command: they do without it

    return MarkdownIt("commonmark", {"maxNesting": _NESTING})


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

    def spots(self) -> Iterator[Spot]:
        found: list[Spot] = []
        containers: list[Swallower] = []
        for token in self._blocks():
            if token.type in {"blockquote_open", "list_item_open"}:
                containers.append(Swallower.QUOTE if token.type == "blockquote_open" else Swallower.LIST)
            elif token.type in {"blockquote_close", "list_item_close"}:
                containers.pop()
            elif token.map and token.type in {"paragraph_open", "heading_open", "html_block"}:
                inside = [place for place in range(*token.map) if place in self._heads]
                if inside:
                    found += self._in_leaf(token, inside, containers[-1] if containers else None)
        return iter(found)

    def _blocks(self) -> list[Token]:
        from markdown_it.rules_block import StateBlock  # noqa: PLC0415

        markdown = _commonmark()
        tokens: list[Token] = []
        self._references: dict[str, object] = {}
        source = "\n".join(self._lines).replace("\0", "\ufffd")
        state = StateBlock(source, markdown, self._references, tokens)
        markdown.block.tokenize(state, state.line, state.lineMax)
        return tokens

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
        size = sum(len(line) + 1 for line in self._lines[first:last])
        if size > min(self._budget, _PARAGRAPH_LIMIT):
            return [self._spot(place, None if place == first else Swallower.PARAGRAPH) for place in inside]
        self._budget -= size
        return [self._spot(place, None) for place in inside if self._is_shown(first, last, place)]

    def _is_shown(self, first: int, last: int, place: int) -> bool:
        """Whether the line begins in the open, not within code, a link, an image or HTML."""
        if place == first:
            return True
        # A private character, put where the line begins, is looked for in what Markdown makes of the paragraph.
        lines = [line.strip().replace(_MARK, "") for line in self._lines[first:last]]
        lines[place - first] = f"/{_MARK}{lines[place - first]}"
        depth = 0
        inline = _commonmark().parseInline("\n".join(lines), self._references)[0]
        for token in inline.children or ():
            depth += token.nesting if token.type in {"link_open", "link_close"} else 0
            if token.type == "text" and token.content.startswith(f"/{_MARK}"):
                return depth == 0
        return False

    def _spot(self, place: int, swallowed_by: Swallower | None) -> Spot:
        return Spot(self._numbers[place], self._lines[place], swallowed_by)
