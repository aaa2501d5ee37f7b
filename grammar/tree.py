"""commands.lark at work. Importing this module imports Lark, so it is done with the first line that is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark, Token, UnexpectedInput

from grammar.commands import Product
from grammar.lexer import LineLexer


class NoTree(Exception):  # noqa: N818 - it is an answer, not an accident
    """The line does not follow the grammar beyond the character `at`."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


@cache
def parser() -> Lark:
    text = Path(__file__).with_name("commands.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=LineLexer, start=[product.value for product in Product], maybe_placeholders=False)


def tree_of(product: Product, rest: str) -> tuple[str, list[Token]]:
    """Give the verb, by its rule, and its tokens, the verb's own first. Raises NoTree."""
    try:
        tree = parser().parse(rest, start=product.value)
    except UnexpectedInput as error:
        raise NoTree(error.pos_in_stream or 0) from None
    return tree.data.removeprefix(f"{product}_"), tree.children  # type: ignore[return-value] # the rules hold tokens only
