"""Hundreds of kills, pauses and floods at random, under a stream of commands: `make chaos`, CHAOS_ROUNDS of them, from CHAOS_SEED."""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.judged import judged
from tests.chaos.schedule import rounds
from tests.chaos.storm import Storm

if TYPE_CHECKING:
    from pathlib import Path

_CALM_AFTER = 25


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert rounds(7, 50) == rounds(7, 50) != rounds(8, 50)


@pytest.mark.chaos
@pytest.mark.usefixtures("leaves_no_child")
def test_nothing_is_lost_or_done_twice_whatever_dies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    count = int(os.environ.get("CHAOS_ROUNDS", "200"))
    with capsys.disabled():
        sys.stdout.write(f"\nCHAOS_SEED={seed} CHAOS_ROUNDS={count}\n")
    with judged(tmp_path, workers=2) as site:
        storm = Storm(site)
        storm.begin()
        for number, each in enumerate(rounds(seed, count), start=1):
            storm.round(each)
            if number % _CALM_AFTER == 0:
                storm.calm()
                site.look()
        storm.end()
        with capsys.disabled():
            sys.stdout.write(f"{len(site.sayings)} comments, lives: {dict(site.crew.lives)}\n")
