"""`python -m bench.scale`: many creates at once, simulated: workers' places, and AWS's and GitHub's limits as buckets. Nothing is measured.

Limits: EC2, for each account, region and call (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html): RunInstances 5 at once and
2 a second, its instances 1,000 and 2; what else changes something 50 and 5; what describes 100 and 20. GitHub, for what makes content
(docs.github.com, "Rate limits for the REST API"): 80 a minute and 500 an hour. A create asks for what modules/branch-env makes.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_CALL_S = 0.2
_GITHUB = ("github minute", "github hour")
_CHANGES = ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
_DESCRIBED = ("DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeInstances")
# The plan reads the image; each thing that was made is read again; the instance is asked for every ten seconds until it runs.
CALLS = ("DescribeImages", *_CHANGES, *_DESCRIBED[:2], "RunInstances", "instances", *("DescribeInstances",) * 6, "DescribeVolumes")


@dataclass
class Bucket:
    """Tokens as EC2 has them: `room` at once, `a_second` more; who asks is served in turn."""

    room: float
    a_second: float
    _tokens: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.room

    def taken_at(self, now: float) -> float:
        """When who asks now gets a token."""
        now = max(now, self._at)
        self._tokens = min(self.room, self._tokens + (now - self._at) * self.a_second) - 1
        self._at = now
        if self._tokens < 0:
            self._at = now - self._tokens / self.a_second
            self._tokens = 0
        return self._at


def buckets() -> dict[str, Bucket]:
    describing = {name: Bucket(100, 20) for name in (*_DESCRIBED, "DescribeImages", "DescribeVolumes")}
    changing = {name: Bucket(50, 5) for name in _CHANGES}
    github = {"github minute": Bucket(80, 80 / 60), "github hour": Bucket(500, 500 / 3600)}
    return {**describing, **changing, **github, "RunInstances": Bucket(5, 2), "instances": Bucket(1000, 2)}


@dataclass(frozen=True)
class Fleet:
    """`make_s` is what a create takes beside its calls: the machine's start, its set-up from a prepared image, its services' health."""

    workers: int
    jobs: int = 10
    make_s: float = 180.0


def creates(count: int, fleet: Fleet) -> Sequence[float]:
    """After how many seconds each of `count` environments that are asked for at once is ready, and said to be; in order."""
    limits = buckets()
    for _ in range(count):  # the card of each, before anything is made
        _said(limits, 0)
    free, waiting, made = fleet.workers * fleet.jobs, count, list[float]()
    events = [(0.0, number, 0) for number in range(min(free, count))]
    waiting -= len(events)
    while events:
        now, number, step = heapq.heappop(events)
        if step < len(CALLS):
            heapq.heappush(events, (limits[CALLS[step]].taken_at(now) + _CALL_S, number, step + 1))
        elif step == len(CALLS):
            heapq.heappush(events, (now + fleet.make_s, number, step + 1))
        else:
            made.append(_said(limits, now))
            if waiting:
                heapq.heappush(events, (now, count - waiting, 0))
                waiting -= 1
    return sorted(made)


def _said(limits: Mapping[str, Bucket], now: float) -> float:
    """When something that was to be said now is there."""
    return max(limits[name].taken_at(now) for name in _GITHUB)


def main() -> None:
    for count in (50, 200):
        for workers in (2, 5, 10, 20):
            ready = creates(count, Fleet(workers))
            half, most, last = (ready[int(len(ready) * share) - 1] for share in (0.5, 0.95, 1))
            sys.stdout.write(
                f"{count} creates, {workers:2} workers: half after {half:5.0f} s, 19 of 20 {most:5.0f} s, the last {last:5.0f} s\n"
            )


if __name__ == "__main__":
    main()
