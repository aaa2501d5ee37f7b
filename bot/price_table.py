"""Prices per region and size, with the day on which they were asked for: a file, replaced whole."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec


class Priced(msgspec.Struct, frozen=True):
    """What an hour of a size costs, its disk included, and which instance it is."""

    instance_type: str
    per_hour: float


class Host(msgspec.Struct, frozen=True):
    """What an hour of an instance of what lasts costs, without its disk; `reserved_per_hour` for a year, nothing upfront."""

    per_hour: float
    reserved_per_hour: float | None = None


class Region(msgspec.Struct, frozen=True):
    """`as_of` is a day, YYYY-MM-DD; `volume_gb` the disk that is in the prices."""

    as_of: str
    currency: str
    volume_gb: int
    sizes: dict[str, Priced]
    hosts: dict[str, Host] = {}
    disk_per_hour: float = 0.0  # of that disk alone: what is paid while an environment is paused


class PriceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    regions: dict[str, Region] = {}


class BadTable(ValueError):  # noqa: N818 - a sentence, as its neighbours
    """The text says what is wrong with it."""


def read(path: Path) -> PriceTable:
    """An empty one where there is none yet. Raises BadTable."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=PriceTable)
    except FileNotFoundError:
        return PriceTable()
    except (OSError, msgspec.MsgspecError) as error:
        raise BadTable(f"{path} cannot be read as a table of prices: {error}") from None
    for name, region in found.regions.items():
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", region.as_of):
            raise BadTable(f"{path}: {name} has no day, as 2026-11-30")
        if bad := next((size for size, each in region.sizes.items() if not 0 <= each.per_hour < 1e6), None):
            raise BadTable(f"{path}: {bad} in {name} has no price that an hour can have")
    return found


def write(path: Path, table: PriceTable) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n")
    new.replace(path)
