"""How what there is differs from what was asked for, and what to type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.environment import Environment
from bot.domain.prose import Code, Line, Span, Text, line
from bot.replies.common import typed


@dataclass(frozen=True)
class Difference:
    """`way` is the line that changes it, if there is one; `is_made_so`: only making it anew does."""

    what: str
    way: str = ""
    is_made_so: bool = False


def listed(differences: Sequence[Difference]) -> str:
    return "; ".join(each.what for each in differences)


def differing(environment: Environment, differences: Sequence[Difference]) -> list[Line]:
    """Nothing where nothing differs."""
    if not differences:
        return []
    found: list[Span] = [Text(f"It differs from what you asked for: {listed(differences)}.")]
    for number, way in enumerate(dict.fromkeys(each.way for each in differences if each.way)):
        found += [Text(" · " if number else " Change it: "), Code(way)]
    if not any(each.is_made_so for each in differences):
        return [line(*found)]
    anew = line("A profile and services are chosen when it is made: ", Code(typed("terminate", environment)), ", then create it again.")
    return [line(*found), anew]
