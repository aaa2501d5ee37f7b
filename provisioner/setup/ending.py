"""The end of what a command prints: of a long output SSM answers the beginning, and whoever reads a log wants what is newest."""

from __future__ import annotations

ROOM = 23_000
"""Bytes. GetCommandInvocation answers the first 24,000 characters of what was printed (AWS Systems Manager's API reference)."""


def end_of(command: str) -> str:
    """The command, of whose output only the end is printed that there is room for."""
    return f"{{ {command}; }} | tail -c {ROOM}"


def whole_lines(out: str) -> list[str]:
    """Without the line in the middle of which the end began, unless it is all there is."""
    lines = out.splitlines()
    is_cut = len(out.encode()) > ROOM - 4  # of a character in two, its half may be missing or replaced
    return lines[1:] if is_cut and len(lines) > 1 else lines
