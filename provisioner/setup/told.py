"""What a machine's set-up said, task by task."""

from __future__ import annotations

import json
from dataclasses import dataclass

_MARK = "TRELLIS "


@dataclass(frozen=True)
class Task:
    """`outcome`: ok, changed, skipped, ignored or failed."""

    name: str
    outcome: str
    why: str = ""


def tasks(out: str) -> list[Task]:
    """Lines that are no task of ours are left out: programs print what they like."""
    found = []
    for line in out.splitlines():
        if line.startswith(_MARK):
            try:
                said = json.loads(line.removeprefix(_MARK))
                found.append(Task(str(said["task"]), str(said["outcome"]), str(said.get("why", ""))))
            except (ValueError, KeyError, TypeError):
                continue
    return found


def done_in(out: str) -> int:
    """How many of the tasks are behind it."""
    return sum(each.outcome != "failed" for each in tasks(out))


def shown(task: Task) -> str:
    """As a line of a log."""
    return f"{task.outcome:8} {task.name}{f': {task.why}' if task.why else ''}"
