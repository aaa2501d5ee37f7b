"""A mistake on its way: the place in the folded line, and lines that might be right, best first."""

from __future__ import annotations

from dataclasses import dataclass

from grammar.commands import Product
from grammar.mistakes import Code


@dataclass(frozen=True)
class Fix:
    """A line without its prefix, to be tried."""

    product: Product
    rest: str


class Wrong(Exception):  # noqa: N818 - it is an answer, not an accident
    """`start` and `end` are places in the line without its prefix."""

    def __init__(self, code: Code, place: tuple[int, int], message: str, fixes: tuple[Fix, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.place = place
        self.message = message
        self.fixes = fixes


def replaced(text: str, place: tuple[int, int], by: str) -> str:
    """Put `by` where `place` is; when it is empty, the space before the place goes too."""
    head, tail = text[: place[0]], text[place[1] :]
    return (head + by + tail) if by else (head.rstrip() + tail)
