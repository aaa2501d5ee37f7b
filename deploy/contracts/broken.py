"""What a comparison of contracts comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Break:
    """One thing that worked and will not. `file` is a path in the new contract.

    Lines and columns count from 1, and are 0 where none is known. `sentence` says what breaks and for whom; `rule` is stable.
    """

    file: str
    line: int
    column: int
    sentence: str
    rule: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.sentence} ({self.rule})"


class Unreadable(Exception):  # noqa: N818 - it is an answer to whoever wrote the contract
    """A contract that cannot be compared: the place as in Break, and a sentence."""

    def __init__(self, file: str, line: int, column: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {sentence}" if line else f"{file}: {sentence}" if file else sentence)
        self.file, self.line, self.column, self.sentence = file, line, column, sentence


class CannotCompare(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It cannot be compared here and now: a program is missing, or took too long. Nothing is known of the contracts."""
