"""Structs out of rows: each field from the column of its name."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import RowMapping

S = TypeVar("S", bound=msgspec.Struct)


def struct_of(row: RowMapping, kind: type[S]) -> S:
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)
