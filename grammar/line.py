"""A command line without its prefix: parsed, or diagnosed with a suggestion that was tried."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark, Tree, UnexpectedInput

from grammar.build import build
from grammar.commands import VERBS, Command, Product
from grammar.diagnose import diagnose
from grammar.wrong import Fix, Wrong

_TRIES = 16
_ROUNDS = 3


@cache
def parser() -> Lark:
    """The parser of commands.lark, made once, when it is first needed."""
    text = Path(__file__).with_name("commands.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", start=[product.value for product in Product], maybe_placeholders=False)


def command_of(product: Product, rest: str) -> Command:
    """Read what stands after the prefix, folded and without space at its ends. Raises Wrong."""
    try:
        tree = parser().parse(rest, start=product.value)
    except UnexpectedInput as error:
        # At the end of the line Lark names the last token, which was right.
        is_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        at = len(rest) if is_end or error.pos_in_stream is None else error.pos_in_stream
        raise diagnose(product, rest, at) from None
    assert isinstance(tree, Tree)  # noqa: S101 - every start rule gives one
    return build(VERBS[product][tree.data], rest, tree.children[1:])  # type: ignore[arg-type] # the rules hold tokens only


def suggestion(fixes: tuple[Fix, ...], longest: int) -> str | None:
    """Give the first of the lines that is right, or can be made right; None when there is none."""
    tries = _TRIES

    def settle(fix: Fix, rounds: int) -> str | None:
        nonlocal tries
        if tries == 0 or len(fix.rest.encode(errors="replace")) > longest:
            return None
        tries -= 1
        rest = fix.rest.strip()
        try:
            command_of(fix.product, rest)
        except Wrong as wrong:
            return next(filter(None, (settle(each, rounds - 1) for each in wrong.fixes)), None) if rounds else None
        return f"/{fix.product} {rest}"

    return next(filter(None, (settle(fix, _ROUNDS) for fix in fixes)), None)
