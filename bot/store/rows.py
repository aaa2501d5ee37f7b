"""Structs out of rows: each field from the column of its name; and what keeps a database from the wrong index."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, RowMapping, literal_column

S = TypeVar("S", bound=msgspec.Struct)


def in_no_order(text: ColumnElement[str]) -> ColumnElement[str]:
    """The same text, of which no index is known: to group what an index of times finds, and not walk through everything in groups."""
    return text.concat(literal_column("''"))


def struct_of(row: RowMapping, kind: type[S]) -> S:
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)
