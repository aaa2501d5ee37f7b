"""What a run said: its events and its last word, read from the lines that it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libdeploy.result import Outcome

LOG_BYTES = 64 * 1024
MOST_EVENTS = 10_000


def events_of(lines: Sequence[bytes] | Sequence[str]) -> list[Mapping[str, Any]]:
    """Of whole lines. What is no event is somebody's print."""
    found: list[Mapping[str, Any]] = []
    kept: Iterable[bytes | str] = [*lines[:MOST_EVENTS], *lines[MOST_EVENTS:][-1:]]
    for line in kept:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            found.append(event)
    return found


def without_result(events: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in events if each.get("event") != "result")


def result_of(events: Sequence[Mapping[str, Any]], how: str) -> Mapping[str, Any]:
    """Its last word; where it has none, `how` it ended, like "exited with code 1 after 0.2 s"."""
    if not events or events[-1]["event"] != "result":
        return no_result(f"deploy.py {how} without a result.")
    if events[-1].get("outcome") not in list(Outcome):
        return no_result(f"deploy.py {how}, and what it said last is no result: it has to end with d.main(deploy).")
    return events[-1]


def no_result(message: str) -> Mapping[str, Any]:
    return {"event": "result", "outcome": "failed", "code": "no_result", "message": message, "changes": []}
