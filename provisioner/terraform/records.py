"""What this machine remembers of the environments that Terraform makes: one file each, replaced whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from provisioner.engine import Spec

DATA = frozenset({"data_snapshot_id", "data_gb", "data_asked"})
"""Variables of modules that can give a machine a disk of data."""


@dataclass(frozen=True)
class Data:
    """A disk of a machine, made of a snapshot for the `asked`th that was asked for."""

    snapshot: str
    gigabytes: int
    asked: int

    @property
    def variables(self) -> dict[str, Any]:
        return {"data_snapshot_id": self.snapshot, "data_gb": self.gigabytes, "data_asked": self.asked}


@dataclass(frozen=True)
class Made:
    """A generation and the variables that it has of Terraform; the generation 0 is of no branch. `spec` is without its secrets."""

    generation: int
    sha: str
    ref: str
    variables: dict[str, Any]
    spec: Spec | None = None

    def with_data(self, data: Data | None) -> Made:
        others = {name: value for name, value in self.variables.items() if name not in DATA}
        return replace(self, variables={**others, **(data.variables if data else {})})


@dataclass(frozen=True)
class Record:
    """`wanted` is what was asked for last, `ready` what ran last; they differ while something is being made."""

    environment: str
    slug: str
    project: str
    created_at: float
    wanted: Made
    ready: Made | None = None
    is_going: bool = False
    machine: tuple[str, str] | None = None  # its id and address, where it has one of its own
    module: str = ""  # which module; "" in those from when there was one for all
    is_stopped: bool = False  # that machine, while it is paused
    data: Data | None = None
    seeded: int = 0  # the last `data` that was mounted, by its number

    def with_data(self, data: Data | None) -> Record:
        """The same, wanting this disk and no other, whatever is made of it next."""
        return replace(self, data=data, wanted=self.wanted.with_data(data), ready=self.ready and self.ready.with_data(data))

    @property
    def is_spare(self) -> bool:
        """Prepared, and of no branch yet."""
        return self.wanted.generation == 0

    @property
    def made_by(self) -> str:
        return self.module or ("branch-env" if "subnet_id" in self.wanted.variables else "local-env")

    @property
    def is_resized(self) -> bool:
        """Whether another size is wanted than ran last: its machine is stopped and started for that."""
        return self.ready is not None and self.ready.variables.get("size") != self.wanted.variables.get("size")

    @property
    def has_run(self) -> bool:
        return self.ready is not None and self.ready.generation > 0


class Records:
    """`<root>/<environment>/record.json`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, environment: str) -> Record | None:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self._root / environment / "record.json").read_bytes(), type=Record)
        return None

    def save(self, record: Record) -> None:
        folder = self._root / record.environment
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / "record.json.new"
        with new.open("wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / "record.json")

    def all(self) -> Iterator[Record]:
        for path in sorted(self._root.glob("*/record.json")):
            if record := self.find(path.parent.name):
                yield record
