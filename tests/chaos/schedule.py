"""What happens in a round of chaos, chosen by a seed: values, so that a bad night can be had again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.chaos.points import ALL, WORKER

BRANCHES = 5
PARTS = ("redis", "keeper", "web", "worker-1", "worker-2")

_LINES = {
    ("/ivy create",): 6,
    ("/ivy update",): 2,
    ("/ivy restart",): 2,
    ("/ivy extend 1h",): 2,
    ("/ivy extend 1h", "/ivy status", "/ivy restart"): 1,
    ("/ivy cancel",): 2,
    ("/ivy retry",): 2,
    ("/ivy terminate",): 3,
    ("/ivy terminate --force",): 1,
    ("/ivy terminate", "/ivy create"): 1,
}


class Word(StrEnum):
    """What somebody does."""

    SAY = "say"
    MUMBLE = "mumble"  # a comment whose delivery is not sent again when nobody took it
    PUSH = "push"
    BREAK = "push what does not build"
    REPEAT = "deliver once more"
    MERGE = "merge"  # and go on with another branch


class Trouble(StrEnum):
    KILL = "kill"
    KILL_TWO = "kill two"
    KILL_AT = "kill at a point"
    PAUSE = "pause"
    PAUSE_AT = "pause at a point until its lease is over"
    FLUSH = "flush"


@dataclass(frozen=True)
class Deed:
    word: Word
    branch: int
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Round:
    """`parts` or `point`: who or where is hit; then time goes on for `seconds`."""

    deeds: tuple[Deed, ...]
    trouble: Trouble
    parts: tuple[str, ...]
    point: str
    seconds: float


def _deed(by: random.Random) -> Deed:
    words = {Word.SAY: 12, Word.MUMBLE: 2, Word.PUSH: 4, Word.BREAK: 1, Word.REPEAT: 2, Word.MERGE: 1}
    word = by.choices(list(words), list(words.values()))[0]
    lines = by.choices(list(_LINES), list(_LINES.values()))[0] if word in {Word.SAY, Word.MUMBLE} else ()
    return Deed(word, by.randrange(BRANCHES), lines)


def _round(by: random.Random) -> Round:
    troubles = {Trouble.KILL: 4, Trouble.KILL_TWO: 1, Trouble.KILL_AT: 6, Trouble.PAUSE: 2, Trouble.PAUSE_AT: 2, Trouble.FLUSH: 1}
    trouble = by.choices(list(troubles), list(troubles.values()))[0]
    parts = tuple(by.sample(PARTS, 2 if trouble is Trouble.KILL_TWO else 1))
    point = by.choice(WORKER if trouble is Trouble.PAUSE_AT else ALL)
    return Round(tuple(_deed(by) for _ in range(by.randrange(4))), trouble, parts, point, by.uniform(0.0, 0.6))


def rounds(seed: int, count: int) -> list[Round]:
    by = random.Random(seed)
    return [_round(by) for _ in range(count)]
