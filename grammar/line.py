"""A command line without its prefix: parsed, or diagnosed with a suggestion that was tried."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark, UnexpectedInput

from grammar.build import build
from grammar.commands import VERBS, Command, Product
from grammar.diagnose import ambiguous, diagnose
from grammar.wrong import Fix, Wrong

_TRIES = 16
_ROUNDS = 3


@cache
def parser() -> Lark:
    """The parser of commands.lark, made once, when it is first needed."""
    text = Path(__file__).with_name("commands.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", start=[product.value for product in Product], maybe_placeholders=False)


def command_of(product: Product | None, rest: str) -> Command:
    """Read what stands after the prefix, folded and without space at its ends. Raises Wrong.

    `product` None: a bare verb that means different things to both.
    """
    if product is None:
        raise ambiguous(rest)
    try:
        tree = parser().parse(rest, start=product.value)
    except UnexpectedInput as error:
        raise diagnose(product, rest, error.pos_in_stream or 0) from None
    return build(VERBS[product][tree.data], rest, tree.children)  # type: ignore[arg-type] # the rules hold tokens only


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
