"""How an instrument was heard over time: the stretches in which all of it came, those in which something was lost, and what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from feeds.events import Gap

MOST_STRETCHES, MOST_GAPS = 400, 100


class How(StrEnum):
    SEEN = "seen"
    LOST = "lost"


class Stretch(msgspec.Struct):
    """From `since` to `until`, nanoseconds. Between two stretches nobody listened."""

    how: How
    since: int
    until: int


class NamedGap(msgspec.Struct, frozen=True):
    """A gap, and the stream of the instrument that it is in."""

    kind: str
    gap: Gap


class Timeline(msgspec.Struct):
    """The newest stretches and gaps; the counts are of all, since `begun`."""

    begun: int = 0
    events: int = 0
    gaps: int = 0
    stretches: list[Stretch] = []
    named: list[NamedGap] = []

    def was(self, how: How, since: int, until: int) -> None:
        self.begun = self.begun or since
        newest = self.stretches[-1] if self.stretches else None
        if newest and newest.how == how and newest.until >= since:
            newest.until = max(newest.until, until)
        else:
            self.stretches.append(Stretch(how, since, until))
            del self.stretches[:-MOST_STRETCHES]

    def lost(self, named: NamedGap) -> None:
        self.gaps += 1
        self.named.append(named)
        del self.named[:-MOST_GAPS]

    def after(self, before: Timeline) -> Timeline:
        """The same, with what another multiplexer noted before it."""
        return Timeline(
            before.begun or self.begun,
            before.events + self.events,
            before.gaps + self.gaps,
            [*before.stretches, *self.stretches][-MOST_STRETCHES:],
            [*before.named, *self.named][-MOST_GAPS:],
        )

    def newest(self, stretches: int, gaps: int) -> tuple[Sequence[Stretch], Sequence[NamedGap]]:
        return self.stretches[-stretches:], self.named[-gaps:]
