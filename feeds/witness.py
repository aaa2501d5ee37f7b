"""What the leader notes of each instrument while it leads: how it was heard, how much came of it, how late. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from feeds.events import Anything, Gap, Kind, Stream
from feeds.timeline import How, NamedGap, Timeline

_MINUTE_NS = 60_000_000_000


class Instrument(NamedTuple):
    source: str
    market: str
    instrument: str

    @property
    def name(self) -> str:
        return ".".join(self)


@dataclass
class _Pace:
    """What came in the last minute, by looks: (when, events, the longest on its way in ns)."""

    looks: deque[tuple[int, int, int]] = field(default_factory=deque)
    events: int = 0
    slowest: int = 0
    has_lost: bool = False

    def look(self, at: int) -> None:
        self.looks.append((at, self.events, self.slowest))
        self.events = self.slowest = 0
        self.has_lost = False
        while self.looks[0][0] < at - _MINUTE_NS:
            self.looks.popleft()


class Witness:
    """`timelines` is what there is to keep; `looked_at` is when it last looked."""

    def __init__(self) -> None:
        self.timelines: dict[Instrument, Timeline] = {}
        self.looked_at: dict[Instrument, int] = {}
        self._paces: dict[Instrument, _Pace] = {}

    def told(self, stream: Stream, events: Sequence[Anything], at: int) -> None:
        """These were published."""
        if stream.kind == Kind.MARK:
            return
        of = Instrument(*stream[:3])
        pace = self._paces.setdefault(of, _Pace())
        pace.events += len(events)
        pace.slowest = max(pace.slowest, at - events[-1].at)
        timeline = self.timelines.setdefault(of, Timeline())
        timeline.events += len(events)
        for each in events:
            if type(each) is Gap:
                pace.has_lost = True
                timeline.lost(NamedGap(stream.kind, each))

    def dropped(self, stream: Stream) -> None:
        """Something of this could not be published: its numbers are missing."""
        if stream.kind != Kind.MARK:
            self._paces.setdefault(Instrument(*stream[:3]), _Pace()).has_lost = True

    def look(self, following: Mapping[Instrument, bool], at: int) -> dict[Instrument, How]:
        """Note how it was since the last look; `following`: whether all that is said of an instrument is heard now.

        Before the first time that it was there is nothing to lose.
        """
        noted = {}
        for of, is_heard in following.items():
            timeline, pace = self.timelines.setdefault(of, Timeline()), self._paces.setdefault(of, _Pace())
            since = self.looked_at.get(of, at)
            if (is_heard or timeline.stretches) and since < at:
                noted[of] = How.SEEN if is_heard and not pace.has_lost else How.LOST
                timeline.was(noted[of], since, at)
            pace.look(at)
        self.looked_at = dict.fromkeys(following, at)
        return noted

    def remember(self, of: Instrument, before: Timeline) -> None:
        """What another multiplexer noted."""
        self.timelines[of] = self.timelines.get(of, Timeline()).after(before)

    def pace(self, of: Instrument) -> tuple[float, float]:
        """Events a second, and the longest in ms that one was on its way from the exchange's socket to NATS, of the last minute."""
        looks = self._paces[of].looks if of in self._paces else deque[tuple[int, int, int]]()
        if len(looks) < 2:
            return 0.0, 0.0
        seconds = (looks[-1][0] - looks[0][0]) / 1e9
        return sum(events for _, events, _ in list(looks)[1:]) / seconds, max(slowest for _, _, slowest in looks) / 1e6

    def forget(self, before: int) -> None:
        """Instruments that were not heard since then."""
        for of, timeline in list(self.timelines.items()):
            if of not in self.looked_at and (not timeline.stretches or timeline.stretches[-1].until < before):
                del self.timelines[of]
                self._paces.pop(of, None)
