"""What Terraform says while it runs, line by line: JSON of its machine-readable UI, and now and then plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import tail

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"^[\u2500-\u257f\s]+")  # the box that is drawn around an error
LINE_CAP = 400


@dataclass
class Said:
    """All of one run. `done` of `planned` things are made, changed or taken down; an `error` is its summary and its detail."""

    planned: int = 0
    done: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """One line, without its end."""
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "@message" not in event:
            if plain := _FRAME.sub("", _COLOURS.sub("", text)).rstrip():
                self.lines.append(plain[:LINE_CAP])
            return
        kind = event.get("type")
        if kind == "change_summary" and event["changes"].get("operation") == "plan":
            self.planned = sum(int(event["changes"].get(each) or 0) for each in ("add", "change", "remove"))
        elif kind == "apply_complete":
            self.done += 1
        elif kind == "diagnostic":
            self._diagnose(event["diagnostic"])
        if kind != "version":
            self.lines.append(str(event["@message"])[:LINE_CAP])

    def _diagnose(self, diagnostic: dict[str, Any]) -> None:
        if diagnostic.get("severity") == "error":
            self.errors.append((str(diagnostic.get("summary", "")), str(diagnostic.get("detail", ""))))

    @property
    def text(self) -> str:
        """Everything in which a reason may be looked for."""
        return "\n".join([*self.lines, *(part for error in self.errors for part in error)])

    @property
    def reason(self) -> str:
        """The first error in one line."""
        if self.errors:
            summary, detail = self.errors[0]
            first = next((line.strip() for line in detail.splitlines() if line.strip()), "")
            return f"{summary}: {first}"[:LINE_CAP] if first else summary[:LINE_CAP]
        return next((line.removeprefix("Error: ") for line in self.lines if line.startswith("Error: ")), "it gave no reason")


def said(lines: Iterable[str]) -> Said:
    one = Said()
    for line in lines:
        one.hear(line)
    return one


def said_in(folder: Path, lines: int) -> list[str]:
    """The last lines of all logs in it, the oldest first."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return [text for file in files for text in said(tail(file, lines)).lines][-lines:]
