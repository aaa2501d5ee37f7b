"""Whether every life was as long as it had to be and was warned of its end: told from what was recorded, not by our own rules of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.simulation.script import HOUR_S, Outage

LATE_S = 300.0
"""How late anything may be, after its moment or after we are back."""
LEADS_S = (4 * HOUR_S, HOUR_S)


@dataclass
class Record:
    """What became of one life. Times in seconds since the epoch; `deadlines`: (when it was set, what it was), the oldest first."""

    slug: str
    deadlines: list[tuple[float, float]] = field(default_factory=list)
    warned: list[float] = field(default_factory=list)  # when its owner heard of its end, directly
    ended_by: str = ""  # "its time was over", or who did it
    unwanted_at: float = 0.0
    gone_at: float | None = None
    told_gone: int = 0  # how often its owner heard directly that it is gone


def problems(records: Iterable[Record], outages: Sequence[Outage]) -> Iterator[str]:
    for record in records:
        yield from (f"{record.slug}: {each}" for each in (*_its_end(record, outages), *_its_warnings(record, outages)))


def _back(at: float, outages: Sequence[Outage]) -> float:
    """The first moment from `at` on at which we run."""
    return next((outage.end for outage in outages if outage.covers(at)), at)


def _latest(at: float, outages: Sequence[Outage]) -> float:
    """The last moment at which what is owed at `at` may come: who had a few minutes left when we went away may hear it when we return."""
    return _back(at + LATE_S, outages) + LATE_S if any(outage.covers(at + LATE_S) for outage in outages) else _back(at, outages) + LATE_S


def _its_end(record: Record, outages: Sequence[Outage]) -> Iterator[str]:
    if record.gone_at is None:
        yield "it never went"
        return
    _, deadline = record.deadlines[-1]
    if record.gone_at > _latest(record.unwanted_at, outages):
        yield f"it took {record.gone_at - record.unwanted_at:.0f} s to go"
    if record.ended_by != "its time was over":
        return
    if record.unwanted_at < deadline:
        yield f"it ended {deadline - record.unwanted_at:.0f} s before its time"
    if record.gone_at > _latest(deadline, outages):
        yield f"it went {record.gone_at - deadline:.0f} s after its time"
    if record.told_gone != 1:
        yield f"its owner was told {record.told_gone} times that it is gone"


def _its_warnings(record: Record, outages: Sequence[Outage]) -> Iterator[str]:
    """Each deadline by itself: from when it was set until another was, or until the end."""
    changes = [*(at for at, _ in record.deadlines), record.unwanted_at]
    for (begin, end), (_, deadline) in zip(pairwise(changes), record.deadlines, strict=True):
        heard = [at for at in record.warned if begin < at <= end]  # in the moment of a change what was owed before it may go out
        for at in heard:
            if not any(deadline - lead <= at for lead in LEADS_S):
                yield f"warned {deadline - at:.0f} s before its end, which is too early"
        moments = [deadline - lead for lead in LEADS_S if deadline - lead > begin]
        must, may = _owed(moments, deadline, end, outages)
        if not must <= len(heard) <= may:
            yield f"warned {len(heard)} times of its end at {deadline:.0f}, set at {begin:.0f}, not {must} to {may} times"
        for at in heard:
            if not any(moment <= at <= _latest(moment, outages) for moment in moments):
                yield f"warned at {at:.0f}, long after it was owed"


def _owed(moments: Sequence[float], deadline: float, end: float, outages: Sequence[Outage]) -> tuple[int, int]:
    """How many warnings at least and at most.

    Two that may come at the same moment may be one; what came with the change itself, or a few minutes before we went away, may go
    either way.
    """
    spans = sorted((_latest(moment, outages), _back(moment, outages)) for moment in moments)
    must, last = 0, float("-inf")
    for latest, soonest in spans:
        if latest < min(end, deadline) and soonest > last:
            must, last = must + 1, latest
    return must, len({soonest for _, soonest in spans if soonest <= end and soonest < deadline})
