"""Datasets that an environment can be filled with, and how that stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import msgspec

SEEDING = "seeding"
"""The stage in which a dataset is loaded, and of the failure of one that was not."""

LOG = "seed"
"""The name under which what a dataset's script wrote stands among the logs."""

WITHIN_S = 600.0


@dataclass(frozen=True)
class Dataset:
    """One of three: `run`, a command line of the repository; of the operator's `archive`, a file or folder, or `snapshot`, for machines."""

    name: str
    description: str = ""
    run: str = ""
    archive: str = ""
    within_s: float = WITHIN_S
    snapshot: str = ""
    gigabytes: int = 0  # of the disk that is made of it


class Seeds(msgspec.Struct, frozen=True):
    """`asked` counts what was asked for, `ended` what came to its end, well or not; those up to `cancelled` are not wanted any more.

    `loaded` is what is in it, `offered` what there was to choose from at the commit that was made last: name → what it is.
    """

    dataset: str = ""
    asked: int = 0
    ended: int = 0
    cancelled: int = 0
    loaded: str = ""
    offered: dict[str, str] = {}
    gigabytes: int = 0  # of the disk of data that it has beside its own
    disk_since: float = 0
    earlier_gb_s: float = 0  # gigabytes times seconds, of those that it had before

    @property
    def is_due(self) -> bool:
        return self.ended < self.asked

    def of(self, menu: dict[str, str]) -> Self:
        """The same, with this to choose from."""
        return msgspec.structs.replace(self, offered=menu)

    def asking(self, name: str) -> Self:
        """The same, wanting `name`. What was asked for before and has not begun is not wanted any more."""
        return msgspec.structs.replace(self, dataset=name, asked=self.asked + 1, ended=self.asked)

    def cancelling(self) -> Self:
        """The same, wanting nothing more."""
        return msgspec.structs.replace(self, cancelled=self.asked)

    def disk_gb_s(self, until: float) -> float:
        """What there was of disks of data: gigabytes times seconds."""
        return self.earlier_gb_s + self.gigabytes * max(0.0, until - self.disk_since)

    def on_disk(self, gigabytes: int, now: float) -> Self:
        """The same, with a disk of that size from now on, instead of the one that there may have been."""
        return msgspec.structs.replace(self, gigabytes=gigabytes, disk_since=now, earlier_gb_s=self.disk_gb_s(now))

    def after(self, number: int, *, is_loaded: bool) -> Self:
        """The same when the `number`th came to its end."""
        return msgspec.structs.replace(self, ended=max(self.ended, number), loaded=self.dataset if is_loaded else self.loaded)


def offered(of_file: Iterable[Dataset], of_operator: Iterable[Dataset], *, is_fork: bool) -> dict[str, Dataset]:
    """By name; the operator's comes before one of the file's of the same name. A fork has its own file's only."""
    both = (*of_file, *(() if is_fork else of_operator))
    return {each.name: each for each in both}
