"""What the doctor says of one thing: what was found and, where it is not good, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Said:
    """One thing looked at: what was found and, where it is not good, what to do."""

    about: str
    finding: Finding
    words: str


def good(about: str, words: str) -> Said:
    return Said(about, Finding.GOOD, words)


def bad(about: str, words: str) -> Said:
    return Said(about, Finding.BAD, words)
