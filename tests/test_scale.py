"""The simulation of many creates at once: buckets as AWS describes them, and what more workers are worth."""

from __future__ import annotations

import pytest

from bench.scale import Bucket, Fleet, creates


def test_a_bucket_gives_what_it_holds_at_once_and_then_so_many_a_second() -> None:
    bucket = Bucket(room=3, a_second=2)
    assert [bucket.taken_at(0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert [bucket.taken_at(100) for _ in range(4)] == [100, 100, 100, 100.5], "it holds no more than its room"


def test_one_create_takes_as_long_as_its_parts() -> None:
    (one,) = creates(1, Fleet(1, make_s=180))
    assert one == pytest.approx(180 + 15 * 0.2)


def test_more_workers_help_until_the_limits_are_what_is_waited_for() -> None:
    last = [creates(200, Fleet(workers))[-1] for workers in (2, 5, 10, 20, 40)]
    assert last == sorted(last, reverse=True)
    assert last[0] > 3 * last[3]
    assert last[3] == pytest.approx(last[4], rel=0.01)
