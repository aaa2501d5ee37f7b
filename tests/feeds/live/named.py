"""Whether every trade came, or is named where it is missing: by the exchange's ids in a gap, or by the numbers that a listener lost there."""

from __future__ import annotations

from feeds.continuity import Lost
from feeds.events import Gap, Kind, Trade
from tests.feeds.live.house import Ear


def unnamed(ear: Ear, last: int, instrument: str = "") -> list[int]:
    """The ids up to `last` that are missing where nothing says so. Trades are numbered from 1; one that comes twice fails."""
    found: list[int] = []
    reached, told, room = 0, set[int](), 0
    for event in ear.of(Kind.TRADE, instrument):
        match event:
            case Lost(first, end):
                room += end - first + 1
            case Gap():
                told |= set(range(int(event.first or reached + 1), int(event.last) + 1))
            case Trade():
                number = int(event.id)
                assert number > reached, f"{number} came after {reached}"
                found += _beyond([each for each in range(reached + 1, number) if each not in told], room)
                reached, told, room = number, set(), 0
    return found + _beyond([each for each in range(reached + 1, last + 1) if each not in told], room)


def _beyond(missing: list[int], room: int) -> list[int]:
    """Of what is missing in a place, what is more than the numbers that were lost there."""
    return missing[room:]
