"""What people will say in thousands of lives, and when: made from a seed, before anything runs."""

from __future__ import annotations

import random
from dataclasses import dataclass

HOUR_S = 3600.0
PEOPLE = 100


@dataclass(frozen=True)
class Act:
    """At `at`, `person` says `line`."""

    at: float
    life: int
    person: str
    line: str


@dataclass(frozen=True)
class Outage:
    """Nothing of ours runs."""

    begin: float
    end: float

    def covers(self, at: float) -> bool:
        return self.begin <= at < self.end


def name_of(life: int) -> str:
    return f"life-{life}"


def person_of(life: int) -> str:
    return f"U0{life % PEOPLE:04}"


def acts(seed: str, lives: int, begin: float, days: float) -> list[Act]:
    """In the order of time: each life is asked for once, most are given more time, some are ended by hand."""
    chance = random.Random(seed)
    found: list[Act] = []
    for life in range(lives):
        name, person = name_of(life), person_of(life)
        at = begin + chance.uniform(0, days * 24 * HOUR_S)
        ttl = chance.choice((0.5, 1, 2, 4, 5, 8, 24, 48))
        found.append(Act(at, life, person, f"/ivy create lab:main --name {name} --ttl {int(ttl * 60)}m"))
        end = at + ttl * HOUR_S
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
            # Near its end, where it hurts, as often as anywhere else.
            at = end - chance.choice((chance.uniform(0, 1.2), chance.uniform(0, 5), 0.001)) * HOUR_S
            more = chance.choice((0.25, 1, 4, 24))
            found.append(Act(at, life, person, f"/ivy extend {int(more * 60)}m"))
            end += more * HOUR_S
        if chance.random() < 0.1:
            found.append(Act(chance.uniform(begin, end), life, person, "/ivy terminate"))
    return sorted(found, key=lambda act: act.at)
