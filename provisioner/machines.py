"""The port to what a cloud's account holds under our mark: machines, and the states that Terraform keeps of environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Machine:
    """`environment`, `slug` and `project` are labels, which anybody there can change: "" where one is missing or is no such word."""

    id: str
    environment: str
    slug: str
    project: str
    launched_at: float


class Machines(Protocol):
    async def all(self) -> tuple[Machine, ...]:
        """Every one that bears our mark and is not gone, also those that are stopped. Raises EngineUnavailable: then nothing is known."""

    async def remove(self, id: str) -> None:
        """Already gone is success. Raises EngineUnavailable."""


class States(Protocol):
    async def all(self) -> frozenset[str]:
        """The environments that there are states of. Raises EngineUnavailable."""

    async def machines(self, environment: str) -> frozenset[str]:
        """The ids of the machines in its state; none where there is no state. Raises EngineUnavailable."""
