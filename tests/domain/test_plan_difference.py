"""Two plans are compared field by field, by name."""

from __future__ import annotations

import json
from typing import Any

from bot.domain.plan_difference import ABSENT, Difference, differences


def plan(**bodies: Any) -> bytes:
    return json.dumps({"items": [{"driver": "host", "key": key, "body": body} for key, body in bodies.items()]}).encode()


def test_the_same_in_another_order_is_the_same() -> None:
    assert differences(plan(a={"x": 1, "y": [1, {"z": True}]}, b={}), plan(b={}, a={"y": [1, {"z": True}], "x": 1})) == []


def test_fields_and_things_that_only_one_has_are_told() -> None:
    one, other = plan(a={"x": 1, "y": [1, 2]}, b={"old": None}), plan(a={"x": "1", "y": [1]}, c={})
    assert differences(one, other) == [
        Difference("host a", "x", "1", '"1"'),
        Difference("host a", "y[1]", "2", ABSENT),
        Difference("host b", "", "there", ABSENT),
        Difference("host c", "", ABSENT, "there"),
    ]


def test_long_values_are_cut_after_they_were_compared() -> None:
    [cut] = differences(plan(a={"x": "l" * 500 + "a"}), plan(a={"x": "l" * 500 + "b"}))
    assert cut.one == cut.other
    [found] = differences(plan(a={"x": "l" * 500}), plan(a={"x": "short"}))
    assert (len(found.one), found.other) == (61, "short")
