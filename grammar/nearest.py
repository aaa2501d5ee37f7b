"""Did you mean: the known word that is nearest to the one that was typed."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 32


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Return the known word within a few slips of `typed` (a slip: a letter more, less, other, or two swapped), or begun by it."""
    word = typed.lower()
    if not word or len(word) > _LONGEST:
        return None
    candidates = sorted(known)
    allowed = 1 if len(word.lstrip("-")) <= 4 else 2
    slips = {each: distance(word, each) for each in candidates}
    best = min(candidates, key=lambda each: (slips[each], each), default=None)
    if best is not None and slips[best] <= allowed:
        return best
    begun = [each for each in candidates if len(word.lstrip("-")) > 2 and each.startswith(word)]
    return begun[0] if len(begun) == 1 else None


def distance(one: str, other: str) -> int:
    """Count the slips between two words (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
