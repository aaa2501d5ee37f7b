"""A command line without its prefix: parsed, or diagnosed with a suggestion that was tried."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from grammar.build import build
from grammar.commands import VERBS, Command, Product
from grammar.diagnose import ambiguous, diagnose
from grammar.fold import fold
from grammar.wrong import Fix, Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_BUDGET = 12_000  # characters that may be parsed in search of a suggestion
_LEAST = 200  # what a try costs at least
_ROUNDS = 3


@cache
def _tree() -> ModuleType:
    from grammar import tree  # noqa: PLC0415 - it takes its time, and not every process reads commands

    return tree


def command_of(product: Product | None, rest: str) -> Command:
    """Read what stands after the prefix, folded and without space at its ends. Raises Wrong.

    `product` None: a bare verb that means different things to both.
    """
    if product is None:
        raise ambiguous(rest)
    tree = _tree()
    try:
        rule, tokens = tree.tree_of(product, rest)
    except tree.NoTree as no_tree:
        raise diagnose(product, rest, no_tree.at) from None
    return build(VERBS[product][rule], rest, tokens)


def suggestion(fixes: tuple[Fix, ...], longest: int) -> str | None:
    """Give the first of the lines that is right, or can be made right; None when there is none."""
    budget = _BUDGET

    def settle(fix: Fix, rounds: int) -> str | None:
        nonlocal budget
        rest = fix.rest.strip()
        budget -= len(rest) + _LEAST
        if budget < 0 or len(rest.encode(errors="replace")) + len("/sled ") > longest or fold(rest).text != rest:
            return None
        try:
            command_of(fix.product, rest)
        except Wrong as wrong:
            return _first(settle(each, rounds - 1) for each in wrong.fixes) if rounds else None
        return f"/{fix.product} {rest}"

    return _first(settle(fix, _ROUNDS) for fix in fixes)


def _first(lines: Iterator[str | None]) -> str | None:
    return next((line for line in lines if line is not None), None)


def page(product: Product, rest: str) -> str:
    """Where to read on, when nothing nearer can be suggested."""
    verb = rest.partition(" ")[0].lower()
    return f"/{product} help {verb}" if verb in VERBS[product] else f"/{product} help"
