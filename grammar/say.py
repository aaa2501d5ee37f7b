"""What `trellis parse` prints: each thing found in a text as JSON-able data, or in words."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from grammar.commands import Command
from grammar.mistakes import Mistake, draw
from grammar.parse import Found, Understood, read
from grammar.targets import TargetName
from grammar.until import Until
from grammar.values import EnvironmentName


def say(text: str, dialect: str, *, is_direct: bool = False) -> list[dict[str, Any]]:
    """Give what was found, in order: `{"command": "ivy create", "args": {…}}` or `{"error": {code, message, column, suggestion}}`."""
    return [as_data(found) for found in read(text, dialect, is_direct=is_direct)]


def as_data(found: Found) -> dict[str, Any]:
    if isinstance(found, Understood):
        return {"command": found.command.words, "args": args(found.command)}
    return {"error": error(found.mistake)}


def args(command: Command) -> dict[str, Any]:
    """Every field; absent is None, durations in seconds, environments and times as they were typed."""
    return {field.name.rstrip("_"): _plain(getattr(command, field.name)) for field in fields(command)}


def error(mistake: Mistake) -> dict[str, Any]:
    return {"code": mistake.code.value, "message": mistake.message, "column": mistake.column, "suggestion": mistake.suggestion}


def in_words(found: Found) -> tuple[str, ...]:
    """Show what was understood to a person, as lines for a fixed-width font."""
    if not isinstance(found, Understood):
        return draw(found.mistake)
    said = {name: value for name, value in args(found.command).items() if value not in (None, False)}
    return (found.command.words, *(f"  {name} = {' '.join(value) if isinstance(value, list) else value}" for name, value in said.items()))


def is_all_right(found: tuple[Found, ...]) -> bool:
    """Whether there was no mistake: then `trellis parse` ends with 0, else with 2."""
    return all(isinstance(each, Understood) for each in found)


def _plain(value: Any) -> Any:
    if isinstance(value, EnvironmentName | TargetName | Until):
        return value.text
    return [_plain(each) for each in value] if isinstance(value, tuple) else str(value) if isinstance(value, str) else value
