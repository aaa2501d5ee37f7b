"""What is there now, as drivers saw it: a file between whoever may look and whoever only renders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libdeploy.canonical import canonical, digest, plain
from libdeploy.errors import DeployError

VERSION = 1


@dataclass(frozen=True)
class Live:
    """By driver and key: all that belongs to one service in one environment, without what changes by itself (counters, times).

    A field of a body whose name begins with `~` is a condition, like `~running`: it can be wanted, but it comes and goes by itself and is
    no part of the fingerprint.
    """

    things: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The fingerprint of all of it: 64 hexadecimal digits."""
        return digest([{**row, "body": settled(row["body"])} for row in self._rows()])

    def _rows(self) -> list[dict[str, Any]]:
        return [{"driver": driver, "key": key, "body": body} for (driver, key), body in sorted(self.things.items())]

    def write(self, path: Path) -> None:
        path.write_bytes(canonical({"version": VERSION, "things": self._rows()}) + b"\n")


def settled(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without conditions."""
    return {key: value for key, value in body.items() if not key.startswith("~")}


def read_live(path: Path) -> Live:
    """Raises DeployError `bad_live`."""
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != VERSION:
            raise DeployError(f"The live state in {path} has the version {data['version']!r}; this libdeploy reads {VERSION}.", "bad_live")
        return Live({(row["driver"], row["key"]): dict(plain(row["body"]).items()) for row in data["things"]})
    except OSError as error:
        raise DeployError(f"The live state {path} cannot be read: {error.strerror}.", "bad_live") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(f"{path} holds no live state: {error}.", "bad_live") from error
