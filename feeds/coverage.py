"""Which part of a time the recording holds of each instrument: what is missing at its beginning, at its end, or altogether. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from feeds.events import Batch, Gap, Kind, Mark, Reason, Stream
from feeds.interest import Replay, Wanted

KINDS = (Kind.TRADE, Kind.DEPTH, Kind.QUOTE)
Of = tuple[str, str, str]
Missed = list[tuple[Stream, Gap]]


@dataclass
class _Held:
    """Moments at which it was certainly heard; `is_deaf`: no connection stood when the time ended."""

    first: int | None = None
    last: int | None = None
    is_deaf: bool = False
    goes_on: bool = False


class Coverage:
    """Marks come every second as long as somebody listens, also where nothing is said: time without any was not recorded."""

    def __init__(self, wanted: Iterable[Wanted], replay: Replay) -> None:
        self._replay = replay
        self._held: dict[Of, _Held] = {(each.source, str(each.market), each.instrument): _Held() for each in wanted}

    def saw(self, stream: Stream, batch: Batch) -> Missed:
        """What is missing at the beginning, as soon as it is known."""
        of = stream.source, stream.market, stream.instrument
        held = self._held.setdefault(of, _Held())
        was_unheard = held.first is None
        for event in batch.events:
            is_live = not isinstance(event, Mark) or event.is_live
            if event.at >= self._replay.end:
                held.goes_on = held.goes_on or is_live
            else:
                held.is_deaf = not is_live
                if is_live:
                    held.first = event.at if held.first is None else held.first
                    held.last = max(event.at, held.last or 0)
        if was_unheard and held.first is not None and held.first > self._replay.start:
            return _missed(of, self._replay.start, held.first)
        return []

    def rest(self) -> Missed:
        """What is missing at the end, or altogether, once all that was recorded was seen."""
        found: Missed = []
        for of, held in self._held.items():
            if held.last is None:
                found += _missed(of, self._replay.start, self._replay.end - 1)
            elif held.is_deaf or not held.goes_on:
                found += _missed(of, max(held.last, self._replay.start), self._replay.end - 1)
        return found


def _missed(of: Of, since: int, until: int) -> Missed:
    return [(Stream(*of, kind), Gap(at=until, reason=Reason.NOT_RECORDED, since=since)) for kind in KINDS]
