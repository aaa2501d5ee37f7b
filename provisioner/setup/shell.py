"""The port through which something runs on a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


class Shell(Protocol):
    """SSM in the cloud; in tests whatever stands for it."""

    async def run(self, machine: str, command: str, within_s: float) -> Ran:
        """Run to its end. Raises EngineUnavailable when the machine cannot be reached or does not come to an end."""
