"""What a deploy.py is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from libdeploy.item import Item
from libdeploy.target import Target


@runtime_checkable
class Component(Protocol):
    """Anything that can say its items. It sees only the target: no network, no files, no clock, no environment variables."""

    def items(self, target: Target) -> Iterable[Item]:
        """In the order in which they are to be there."""


@runtime_checkable
class Driver(Protocol):
    """Who makes items of one kind real. Each act may be tried again: doing what is done already is success.

    Acts raise DeployError with what a person can do about it; anything else is told as a fault.
    """

    name: str

    def observe(self, service: str, environment: str) -> Mapping[str, Mapping[str, Any]]:
        """By key: everything here that belongs to the service in the environment, without what changes by itself."""

    def check(self, item: Item) -> None:
        """Ask whoever will keep it whether it could be kept, changing nothing."""

    def put(self, item: Item) -> None:
        """Make it as the item says."""

    def remove(self, key: str) -> None:
        """Take it away."""

    def wait(self, items: Iterable[Item], within_s: float) -> None:
        """Return when all of them are healthy. Raises DeployError `unhealthy` with what the sick one says."""
