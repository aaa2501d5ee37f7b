"""What will be there: items in order, and the hash that an approval binds."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libdeploy.canonical import canonical, digest, plain
from libdeploy.errors import DeployError
from libdeploy.item import Item

VERSION = 1


@dataclass(frozen=True)
class Plan:
    """All that is wanted of one service in one environment.

    `artifact` is the artifact's SHA-256, `program` that of the deploy.py that rendered it. `base` is the fingerprint of what was there
    when it was planned, or None when nobody looked; it is no part of the hash.
    """

    service: str
    environment: str
    artifact: str
    program: str
    items: tuple[Item, ...]
    base: str | None = None

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(item.name for item in self.items).items() if count > 1]
        if twice:
            raise DeployError(f"{twice[0][0]} {twice[0][1]} is rendered twice.", "rendered_twice")

    @property
    def plan_hash(self) -> str:
        """The same for the same artifact, environment and configuration: 64 hexadecimal digits."""
        return digest(self._wanted())

    def _wanted(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "service": self.service,
            "environment": self.environment,
            "artifact": self.artifact,
            "program": self.program,
            "items": [{"driver": item.driver, "key": item.key, "body": item.body} for item in self.items],
        }

    def to_bytes(self) -> bytes:
        return canonical({**self._wanted(), "base": self.base, "plan_hash": self.plan_hash}) + b"\n"

    def write(self, path: Path) -> None:
        path.write_bytes(self.to_bytes())


def plan_of(data: bytes) -> Plan:
    """A plan from its bytes. Raises DeployError `broken_plan` when it is none, or not the one whose hash it bears."""
    try:
        read = json.loads(data)
        if read["version"] != VERSION:
            raise DeployError(f"The plan's version is {read['version']!r}; this libdeploy reads {VERSION}.", "broken_plan")
        items = tuple(Item(row["driver"], row["key"], dict(plain(row["body"]).items())) for row in read["items"])
        plan = Plan(read["service"], read["environment"], read["artifact"], read["program"], items, read["base"])
        said = read["plan_hash"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(f"This is no plan: {error}.", "broken_plan") from error
    if plan.plan_hash != said:
        raise DeployError(f"The plan bears the hash {said}, but what it holds has {plan.plan_hash}: it was changed.", "broken_plan")
    return plan


def read_plan(path: Path) -> Plan:
    """Raises DeployError `broken_plan`."""
    try:
        return plan_of(path.read_bytes())
    except OSError as error:
        raise DeployError(f"The plan {path} cannot be read: {error.strerror}.", "broken_plan") from error
