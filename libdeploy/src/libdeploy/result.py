"""How a run of deploy.py ended, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from libdeploy.changes import ABSENT, Action, Change

VERSION = 1
_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REMOVE: "-", Action.KEEP: "="}
_MOST = 200


class Outcome(StrEnum):
    VALID = "valid"
    PLANNED = "planned"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


EXIT = {Outcome.REFUSED: 2, Outcome.FAILED: 1, Outcome.TAKEN_BACK: 1}
"""The exit code where it is not 0."""


@dataclass(frozen=True)
class Result:
    """`code` and `message` say why it was refused or failed; `base` is what was there before, `took_s` how long it took in seconds."""

    outcome: Outcome
    plan_hash: str = ""
    base: str = ""
    changes: Sequence[Change] = ()
    code: str = ""
    message: str = ""
    took_s: float = 0.0

    @property
    def exit_code(self) -> int:
        return EXIT.get(self.outcome, 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "event": "result",
            "version": VERSION,
            "outcome": str(self.outcome),
            "plan_hash": self.plan_hash,
            "base": self.base,
            "changes": [
                {"action": str(each.action), "driver": each.driver, "key": each.key, "fields": [field.path for field in each.fields]}
                for each in self.changes
            ],
            "code": self.code,
            "message": self.message,
            "took_ms": round(self.took_s * 1000),
        }

    def __str__(self) -> str:
        """For people: a line for each change with its fields, then how many there are."""
        lines = [line for each in self.changes if each.action is not Action.KEEP for line in _lines(each)]
        counts = Counter(each.action for each in self.changes)
        summary = ", ".join(f"{counts[action]} {action}" for action in Action if counts[action]) or "nothing is wanted and nothing is there"
        said = f"{self.outcome}: {self.message}" if self.message else f"{self.outcome}: {summary}"
        return "\n".join([*lines, said])


def _lines(change: Change) -> list[str]:
    fields = [f"    {each.path}: {_shown(each.before)} → {_shown(each.after)}" for each in change.fields]
    return [f"{_SIGNS[change.action]} {change.driver} {change.key}", *fields]


def _shown(value: Any) -> str:
    text = ABSENT if value == ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
