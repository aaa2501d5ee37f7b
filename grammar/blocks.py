"""CommonMark, as far as it is needed: the blocks of a text, and what is plain text in a paragraph. Imports markdown-it-py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_COMMONMARK = MarkdownIt("commonmark", {"maxNesting": 10})
_MARK = "\ue000"
_MOST_STEPS = 500_000  # about a second; 64 KiB of a real comment take a tenth of them


class Tangled(Exception):  # noqa: N818 - it is an answer, not an accident
    """The text is made so that its blocks take too long to find."""


class _State(StateBlock):
    """Counts how often a rule looks at a line: quotes without empty lines between can make that the square of their number."""

    steps = 0

    def is_code_block(self, line: int) -> bool:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise Tangled
        return super().is_code_block(line)


def blocks(lines: Sequence[str], references: dict[str, Any]) -> list[Token]:
    """Give the block tokens, and fill `references`. Raises Tangled."""
    tokens: list[Token] = []
    state = _State("\n".join(lines).replace("\0", "\ufffd"), _COMMONMARK, references, tokens)
    _COMMONMARK.block.tokenize(state, state.line, state.lineMax)
    return tokens


def is_plain(paragraph: Sequence[str], number: int, references: dict[str, Any]) -> bool:
    """Whether line `number` of a paragraph begins as plain text: not within code, a link, an image or HTML."""
    # A private character, put where the line begins, is looked for in what Markdown makes of the paragraph.
    lines = [line.strip().replace(_MARK, "") for line in paragraph]
    lines[number] = f"/{_MARK}{lines[number]}"
    depth = 0
    for token in _COMMONMARK.parseInline("\n".join(lines), references)[0].children or ():
        depth += token.nesting if token.type in {"link_open", "link_close"} else 0
        if token.type == "text" and token.content.startswith(f"/{_MARK}"):
            return depth == 0
    return False
