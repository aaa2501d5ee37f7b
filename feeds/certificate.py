"""Continuity as a value: which numbers of each subject were seen, which were lost, what the exchange's gaps were."""

from __future__ import annotations

import msgspec

from feeds.events import Gap

MOST_NAMED = 200


class Range(msgspec.Struct):
    """Numbers `first` to `last` of one epoch, without a hole; `since` and `until` are nanoseconds."""

    epoch: int
    first: int
    last: int
    since: int
    until: int


class Account(msgspec.Struct):
    """One subject's. Only the newest ranges are named; the counts are of all."""

    seen: int = 0
    lost: int = 0
    repeated: int = 0
    ranges: list[Range] = []
    losses: list[tuple[int, int]] = []
    gaps: list[Gap] = []

    def saw(self, epoch: int, first: int, last: int, at: int) -> None:
        self.seen += last - first + 1
        newest = self.ranges[-1] if self.ranges else None
        if newest and newest.epoch == epoch and newest.last + 1 == first:
            newest.last, newest.until = last, at
        else:
            self.ranges.append(Range(epoch, first, last, at, at))
            del self.ranges[:-MOST_NAMED]

    def missed(self, first: int, last: int) -> None:
        self.lost += last - first + 1
        self.losses.append((first, last))
        del self.losses[:-MOST_NAMED]

    def told_of(self, gap: Gap) -> None:
        self.gaps.append(gap)
        del self.gaps[:-MOST_NAMED]


class Certificate(msgspec.Struct):
    """What one environment heard, by subject. Subjects below `market.replay` were replayed."""

    environment: str
    accounts: dict[str, Account] = {}
    stale: int = 0  # messages of a multiplexer that led no more

    @property
    def lost(self) -> int:
        return sum(each.lost for each in self.accounts.values())

    def account(self, subject: str) -> Account:
        return self.accounts.setdefault(subject, Account())
