"""The last word of a run: somebody's program says it, so it may be anything."""

from __future__ import annotations

import json

import pytest

from deploy.said import events_of, result_of

HOW = "exited with code 3 after 0.1 s"


@pytest.mark.parametrize("last", [{}, {"outcome": "fine"}, {"outcome": ["planned"]}, {"outcome": None}, {"outcome": {"a": 1}}])
def test_a_last_word_that_is_no_result_is_told_as_that(last: dict[str, object]) -> None:
    lines = [b"{not json", b"[1]", json.dumps({"event": "result", **last}).encode()]
    told = result_of(events_of(lines), HOW)
    assert (told["outcome"], told["code"]) == ("failed", "no_result")
    assert told["message"] == f"deploy.py {HOW}, and what it said last is no result: it has to end with d.main(deploy)."


def test_a_result_that_libdeploy_knows_is_taken() -> None:
    said = {"event": "result", "outcome": "planned"}
    assert result_of(events_of([b"hello", json.dumps(said).encode()]), HOW) == said


def test_without_any_it_is_told_how_it_ended() -> None:
    assert result_of(events_of([b"hello"]), HOW)["message"] == f"deploy.py {HOW} without a result."
