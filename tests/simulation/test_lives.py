"""No life ends early, none long after its time or our return, and each warning is given once: clocks are wrong, workers die, all are away for 6 h."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fakes.clock import NOON
from tests.simulation.judge import problems
from tests.simulation.script import HOUR_S, Outage, acts, name_of
from tests.simulation.sim import a_simulation

if TYPE_CHECKING:
    from pathlib import Path

LIVES = int(os.environ.get("TRELLIS_LIVES", "10000"))
PARTS = 4
_DAYS = 6.0


def _asked(line: str) -> float:
    return float(line.rpartition(" ")[2].removesuffix("m")) * 60


@pytest.mark.simulation
@pytest.mark.parametrize("part", range(PARTS))
async def test_every_life_is_as_long_as_it_has_to_be(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = f"lives-{part}"
    outage = Outage(NOON + 60 * HOUR_S, NOON + 66 * HOUR_S)
    said = acts(seed, LIVES // PARTS, NOON, _DAYS)
    asked = {name_of(act.life): _asked(act.line) for act in said if "create" in act.line}
    async with a_simulation(tmp_path, seed, [outage], monkeypatch) as simulation:
        await simulation.run(said)
        records = await simulation.records(asked)
    assert len(records) == LIVES // PARTS
    assert sum(len(record.warned) for record in records) > len(records) / 2
    assert any(outage.covers(record.deadlines[-1][1]) for record in records)
    assert simulation.deaths
    assert list(problems(records, [outage])) == []
